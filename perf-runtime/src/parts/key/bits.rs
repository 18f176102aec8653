//! A float as a key.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::CacheKey;

/// A float that is compared and hashed by its bits, and so can be a key.
///
/// What differs in a bit is another key: `0.0` and `-0.0` are, and so are two kinds of NaN. A NaN is the same key as
/// itself. That is at worst a miss too many, and never the answer of another number.
///
/// ```
/// use perfkit::ByBits;
///
/// assert_eq!(ByBits(f64::NAN), ByBits(f64::NAN));
/// assert_ne!(ByBits(0.0), ByBits(-0.0));
/// assert_eq!(ByBits(1.5).to_string(), "1.5");
/// ```
#[derive(Clone, Copy, Default)]
pub struct ByBits<F>(pub F);

impl<F: fmt::Debug> fmt::Debug for ByBits<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<F: fmt::Display> fmt::Display for ByBits<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<F> From<F> for ByBits<F> {
    fn from(float: F) -> Self {
        Self(float)
    }
}

macro_rules! float {
    ($($float:ident as $bits:ident),+) => {$(
        impl PartialEq for ByBits<$float> {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                self.0.to_bits() == other.0.to_bits()
            }
        }

        impl Eq for ByBits<$float> {}

        impl Hash for ByBits<$float> {
            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                Hash::hash(&self.0.to_bits(), state);
            }
        }

        impl serde::Serialize for ByBits<$float> {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                // As bits: JSON has no NaN, and would lose which one it was.
                self.0.to_bits().serialize(to)
            }
        }

        impl<'de> serde::Deserialize<'de> for ByBits<$float> {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $bits::deserialize(from).map(|bits| Self($float::from_bits(bits)))
            }
        }

        impl CacheKey for $float {
            type Owned = ByBits<$float>;

            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                Hash::hash(&ByBits(*self), state);
            }

            #[inline]
            fn is(&self, key: &ByBits<$float>) -> bool {
                ByBits(*self) == *key
            }

            #[inline]
            fn to_key(&self) -> ByBits<$float> {
                ByBits(*self)
            }
        }

        impl CacheKey for ByBits<$float> {
            type Owned = Self;

            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                Hash::hash(self, state);
            }

            #[inline]
            fn is(&self, key: &Self) -> bool {
                self == key
            }

            #[inline]
            fn to_key(&self) -> Self {
                *self
            }
        }
    )+};
}

float!(f32 as u32, f64 as u64);
