//! A number for a whole value as serde sees it: names, kinds and contents.
//!
//! It is kept beside every record, and taken again of what was read from it. The two agree only when the value that was
//! read is the value that was written, whatever lies between: fields that changed places or meaning under the same type
//! name, an attribute of serde's that does not survive the way through the codec, a kind of value the codec cannot tell
//! from another (in JSON `Some(None)` is `None`). What serde is told to leave out (`#[serde(skip)]`) is not in it.
//!
//! Elements of sequences and entries of maps are added up without their order, because a hash map read back has another
//! one; fields and tuples count in order. The mixing function is the one of `SplitMix64` (Steele, Lea and Flood, "Fast
//! splittable pseudorandom number generators", 2014). The number is written to files: it may change only together with
//! the version of the codec.

use std::fmt;

use serde::Serialize;

mod walk;

/// The print of a key with its value; nothing when the codec could not carry it, or its own `Serialize` fails.
pub(super) fn of<K: Serialize, V: Serialize>(key: &K, value: &V) -> Option<u64> {
    let mut print = Print(0);
    key.serialize(&mut print).ok()?;
    value.serialize(&mut print).ok()?;
    Some(print.0)
}

/// The hash of a few texts that never changes with the compiler or the machine, as the one of the standard library does.
pub(super) fn of_texts(texts: &[&str]) -> u64 {
    let mut print = Print(0);
    for text in texts {
        print.bytes(text.as_bytes());
    }
    print.0
}

/// What tells two kinds of values with the same content apart.
#[derive(Clone, Copy)]
enum Kind {
    Bool,
    Signed(u8),
    Unsigned(u8),
    Float(u8),
    Char,
    Text,
    Bytes,
    Nothing,
    Something,
    Unit,
    Named,
    Variant,
    Sequence,
    Map,
    Tuple,
    Fields,
    Left,
    End,
}

impl Kind {
    /// Apart from each other with every width.
    fn number(self) -> u64 {
        match self {
            Self::Bool => 1,
            Self::Char => 2,
            Self::Text => 3,
            Self::Bytes => 4,
            Self::Nothing => 5,
            Self::Something => 6,
            Self::Unit => 7,
            Self::Named => 8,
            Self::Variant => 9,
            Self::Sequence => 10,
            Self::Map => 11,
            Self::Tuple => 12,
            Self::Fields => 13,
            Self::Left => 14,
            Self::End => 15,
            Self::Signed(bits) => 0x100 + u64::from(bits),
            Self::Unsigned(bits) => 0x200 + u64::from(bits),
            Self::Float(bits) => 0x300 + u64::from(bits),
        }
    }
}

#[derive(Clone, Copy)]
struct Print(u64);

impl Print {
    fn word(&mut self, word: u64) {
        let mut mixed = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ word;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.0 = mixed ^ (mixed >> 31);
    }

    fn kind(&mut self, kind: Kind) {
        self.word(kind.number());
    }

    fn number(&mut self, kind: Kind, number: u64) {
        self.kind(kind);
        self.word(number);
    }

    fn wide(&mut self, kind: Kind, number: u128) {
        let [low, high] = halves(number);
        self.number(kind, low);
        self.word(high);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            self.word(u64::from_le_bytes(word));
        }
    }

    fn text(&mut self, kind: Kind, text: &str) {
        self.kind(kind);
        self.bytes(text.as_bytes());
    }

    fn variant(&mut self, name: &str, variant: &str) {
        self.text(Kind::Variant, name);
        self.bytes(variant.as_bytes());
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), fmt::Error> {
        self.bytes(name.as_bytes());
        value.serialize(self)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of a number")]
fn halves(number: u128) -> [u64; 2] {
    [number as u64, (number >> 64) as u64]
}

/// Adds up what comes in any order.
struct Bag<'p> {
    print: &'p mut Print,
    /// The entry of a map whose value is still to come.
    entry: Print,
    sum: u64,
    count: u64,
}

impl<'p> Bag<'p> {
    fn new(print: &'p mut Print, kind: Kind) -> Self {
        print.kind(kind);
        Self {
            print,
            entry: Print(0),
            sum: 0,
            count: 0,
        }
    }

    fn close(&mut self) {
        self.sum = self.sum.wrapping_add(self.entry.0);
        self.count = self.count.wrapping_add(1);
        self.entry = Print(0);
    }

    fn finish(self) {
        self.print.word(self.count);
        self.print.word(self.sum);
    }
}
