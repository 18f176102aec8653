//! Keys, and looking for one without making it.
//!
//! A store keeps owned keys; a call has borrowed arguments. A [`Lookup`] is the borrowed form of a key: it hashes as the
//! key does, knows whether it is a given key, and becomes one only on a miss. Nothing is allocated before that.
//!
//! There are two ways from an argument to its key. A reference (`&Q`) looks for what `Q` is as an owned value: `&u64` for
//! `u64`, `&str` for `String`, `&[T]` for `Vec<T>`. What holds references or floats further in has no such owned form in
//! the standard library; [`Deep`] takes it apart by [`CacheKey`]. Several arguments are a tuple of lookups for the tuple
//! of their keys, so `("a", "bc")` and `("ab", "c")` are two keys.
//!
//! Equality decides, never the hash alone. What a key of text would mix up is kept apart by the types.

use std::hash::{Hash, Hasher};

mod bits;
mod call;
mod leaves;
mod nested;
mod part;
mod structure;

pub use self::bits::ByBits;
pub use self::call::key_of_call;
pub use self::part::{deep_part, part};
pub use self::structure::CacheKey;

/// What a store can find an answer by.
///
/// Every type has it that is `Hash + Eq + Send + Sync + 'static`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a cache",
    label = "a key is `Hash + Eq + Send + Sync + 'static`",
    note = "a type of your own derives `Hash`, `PartialEq` and `Eq`; what holds an `Rc` takes an `Arc` instead",
    note = "or say what the key is instead: `key = …`",
    note = "or leave the argument out, where the answer does not depend on it: `ignore(…)`"
)]
pub trait Key: Hash + Eq + Send + Sync + 'static {}

// Else the compiler would speak of the one bound that is missing, and not of the ways out.
#[diagnostic::do_not_recommend]
impl<T: Hash + Eq + Send + Sync + 'static> Key for T {}

/// The key that is looked for, for who needs it after the arguments have moved.
#[inline]
pub fn owned<K: Key, L: Lookup<K>>(lookup: &L) -> K {
    lookup.to_key()
}

/// A borrowed form of the key `K`.
///
/// Hashes as the key it becomes: whoever implements it keeps `hash` equal to that of `K`, call by call, and `is` to the
/// equality of `K`. Neither allocates.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made a key of a cache",
    label = "a key is `Hash + Eq + Clone + Send + Sync + 'static`",
    note = "a type of your own derives `Hash`, `PartialEq`, `Eq` and `Clone`; one that borrows implements `perfkit::CacheKey`",
    note = "or say what the key is instead: `key = …`",
    note = "or leave the argument out, where the answer does not depend on it: `ignore(…)`"
)]
pub trait Lookup<K> {
    /// Hashes as the key does.
    fn hash<H: Hasher>(&self, state: &mut H);
    /// Whether this is the key.
    fn is(&self, key: &K) -> bool;
    /// The key, for keeping.
    fn to_key(&self) -> K;
}

// A reference that the standard library knows the owned form of. `Borrow` promises that both hash and compare alike.
#[diagnostic::do_not_recommend]
impl<Q> Lookup<Q::Owned> for &Q
where
    Q: Hash + Eq + ToOwned + ?Sized,
{
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        Q::hash(self, state);
    }

    #[inline]
    fn is(&self, key: &Q::Owned) -> bool {
        let key: &Q = std::borrow::Borrow::borrow(key);
        **self == *key
    }

    #[inline]
    fn to_key(&self) -> Q::Owned {
        Q::to_owned(self)
    }
}

/// What is as cheap to hand over as a reference to it is looked for by itself, too.
macro_rules! by_value {
    ($($ty:ty),+) => {
        $(impl Lookup<$ty> for $ty {
            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                Hash::hash(self, state);
            }

            #[inline]
            fn is(&self, key: &$ty) -> bool {
                self == key
            }

            #[inline]
            fn to_key(&self) -> $ty {
                *self
            }
        })+
    };
}

by_value!(
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, bool, char
);

/// The key of a function without arguments.
impl Lookup<()> for () {
    #[inline]
    fn hash<H: Hasher>(&self, _: &mut H) {}

    #[inline]
    fn is(&self, (): &()) -> bool {
        true
    }

    #[inline]
    fn to_key(&self) {}
}

/// Looks for what is inside, by [`CacheKey`].
pub struct Deep<'a, T: ?Sized>(pub &'a T);

impl<T: ?Sized> Clone for Deep<'_, T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Deep<'_, T> {}

#[diagnostic::do_not_recommend]
impl<T: CacheKey + ?Sized> Lookup<T::Owned> for Deep<'_, T> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }

    #[inline]
    fn is(&self, key: &T::Owned) -> bool {
        self.0.is(key)
    }

    #[inline]
    fn to_key(&self) -> T::Owned {
        self.0.to_key()
    }
}

/// Writes one implementation for each arity, given the places of the longest tuple.
macro_rules! tuples {
    ([$($done:tt)*] $lookup:ident $key:ident $at:tt $(, $($rest:tt)+)?) => {
        tuples!(@ $($done)* $lookup $key $at);
        tuples!([$($done)* $lookup $key $at,] $($($rest)+)?);
    };
    ([$($done:tt)*]) => {};
    // One argument is its own key.
    (@ $lookup:ident $key:ident $at:tt) => {};
    (@ $($lookup:ident $key:ident $at:tt),+) => {
        impl<$($lookup, $key),+> Lookup<($($key,)+)> for ($($lookup,)+)
        where
            $($lookup: Lookup<$key>),+
        {
            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                $(self.$at.hash(state);)+
            }

            #[inline]
            fn is(&self, key: &($($key,)+)) -> bool {
                $(self.$at.is(&key.$at))&&+
            }

            #[inline]
            fn to_key(&self) -> ($($key,)+) {
                ($(self.$at.to_key(),)+)
            }
        }
    };
}

tuples!(
    [] L0 K0 0, L1 K1 1, L2 K2 2, L3 K3 3, L4 K4 4, L5 K5 5,
    L6 K6 6, L7 K7 7, L8 K8 8, L9 K9 9, L10 K10 10, L11 K11 11
);

/// Asks the value of `key = …` how it is looked for, by autoref: what has [`CacheKey`] is found before what is merely
/// a key itself. `KeyOf(&value).lookup()`, with [`ByStructure`] and [`ByValue`] in scope.
pub struct KeyOf<'a, T: ?Sized>(pub &'a T);

/// Found first.
pub trait ByStructure<'a> {
    /// The type of the value.
    type Given: ?Sized;
    /// Taken apart.
    fn lookup(self) -> Deep<'a, Self::Given>;
}

impl<'a, T: CacheKey + ?Sized> ByStructure<'a> for KeyOf<'a, T> {
    type Given = T;

    #[inline]
    fn lookup(self) -> Deep<'a, T> {
        Deep(self.0)
    }
}

/// Found for every other type; whether it can be a key is asked of the reference.
pub trait ByValue<'a> {
    /// The type of the value.
    type Given: ?Sized;
    /// As it is.
    fn lookup(self) -> &'a Self::Given;
}

impl<'a, T: ?Sized> ByValue<'a> for &KeyOf<'a, T> {
    type Given = T;

    #[inline]
    fn lookup(self) -> &'a T {
        self.0
    }
}

#[cfg(test)]
mod tests;
