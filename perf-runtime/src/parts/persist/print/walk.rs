//! How a print is taken: serde hands over every part of the value, in its own words.

use std::fmt;

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::{Bag, Kind, Print};

macro_rules! numbers {
    ($($method:ident($number:ty) $kind:expr, $as:ty;)*) => {$(
        #[allow(
            clippy::cast_sign_loss,
            clippy::cast_lossless,
            reason = "every number has its own image; which one does not matter"
        )]
        fn $method(self, number: $number) -> Result<(), fmt::Error> {
            self.number($kind, number as $as as u64);
            Ok(())
        }
    )*};
}

impl<'p> Serializer for &'p mut Print {
    type Ok = ();
    // Its own texts are never shown; what matters is that there is no print.
    type Error = fmt::Error;
    type SerializeSeq = Bag<'p>;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Bag<'p>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    numbers! {
        serialize_bool(bool) Kind::Bool, u64;
        serialize_i8(i8) Kind::Signed(8), i64;
        serialize_i16(i16) Kind::Signed(16), i64;
        serialize_i32(i32) Kind::Signed(32), i64;
        serialize_i64(i64) Kind::Signed(64), i64;
        serialize_u8(u8) Kind::Unsigned(8), u64;
        serialize_u16(u16) Kind::Unsigned(16), u64;
        serialize_u32(u32) Kind::Unsigned(32), u64;
        serialize_u64(u64) Kind::Unsigned(64), u64;
        serialize_char(char) Kind::Char, u32;
    }

    fn serialize_i128(self, number: i128) -> Result<(), fmt::Error> {
        self.wide(Kind::Signed(128), number.cast_unsigned());
        Ok(())
    }

    fn serialize_u128(self, number: u128) -> Result<(), fmt::Error> {
        self.wide(Kind::Unsigned(128), number);
        Ok(())
    }

    /// JSON has no word for what is not finite, and would make it `null`.
    fn serialize_f32(self, number: f32) -> Result<(), fmt::Error> {
        if !number.is_finite() {
            return Err(fmt::Error);
        }
        self.number(Kind::Float(32), u64::from(number.to_bits()));
        Ok(())
    }

    /// See [`Self::serialize_f32`].
    fn serialize_f64(self, number: f64) -> Result<(), fmt::Error> {
        if !number.is_finite() {
            return Err(fmt::Error);
        }
        self.number(Kind::Float(64), number.to_bits());
        Ok(())
    }

    fn serialize_str(self, text: &str) -> Result<(), fmt::Error> {
        self.text(Kind::Text, text);
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), fmt::Error> {
        self.kind(Kind::Bytes);
        self.bytes(bytes);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), fmt::Error> {
        self.kind(Kind::Nothing);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), fmt::Error> {
        self.kind(Kind::Something);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), fmt::Error> {
        self.kind(Kind::Unit);
        Ok(())
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), fmt::Error> {
        self.text(Kind::Named, name);
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), fmt::Error> {
        self.variant(name, variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), fmt::Error> {
        self.text(Kind::Named, name);
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), fmt::Error> {
        self.variant(name, variant);
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Bag<'p>, fmt::Error> {
        Ok(Bag::new(self, Kind::Sequence))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, fmt::Error> {
        self.kind(Kind::Tuple);
        Ok(self)
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Self, fmt::Error> {
        self.text(Kind::Named, name);
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self, fmt::Error> {
        self.variant(name, variant);
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Bag<'p>, fmt::Error> {
        Ok(Bag::new(self, Kind::Map))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self, fmt::Error> {
        self.text(Kind::Fields, name);
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self, fmt::Error> {
        self.variant(name, variant);
        Ok(self)
    }

    /// The exact form of a value, where it has two: an address as bytes, not as text.
    fn is_human_readable(&self) -> bool {
        false
    }
}

impl SerializeSeq for Bag<'_> {
    type Ok = ();
    type Error = fmt::Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        value.serialize(&mut self.entry)?;
        self.close();
        Ok(())
    }

    fn end(self) -> Result<(), fmt::Error> {
        self.finish();
        Ok(())
    }
}

impl SerializeMap for Bag<'_> {
    type Ok = ();
    type Error = fmt::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), fmt::Error> {
        key.serialize(&mut self.entry)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        value.serialize(&mut self.entry)?;
        self.close();
        Ok(())
    }

    fn end(self) -> Result<(), fmt::Error> {
        self.finish();
        Ok(())
    }
}

/// What counts in order, without names.
macro_rules! in_order {
    ($($part:ident $method:ident;)*) => {$(
        impl $part for &mut Print {
            type Ok = ();
            type Error = fmt::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), fmt::Error> {
                self.kind(Kind::End);
                Ok(())
            }
        }
    )*};
}

in_order! {
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

/// What counts in order, with names.
macro_rules! by_name {
    ($($part:ident;)*) => {$(
        impl $part for &mut Print {
            type Ok = ();
            type Error = fmt::Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), fmt::Error> {
                self.field(name, value)
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), fmt::Error> {
                self.text(Kind::Left, name);
                Ok(())
            }

            fn end(self) -> Result<(), fmt::Error> {
                self.kind(Kind::End);
                Ok(())
            }
        }
    )*};
}

by_name! {
    SerializeStruct;
    SerializeStructVariant;
}
