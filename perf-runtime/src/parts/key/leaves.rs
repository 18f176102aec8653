//! [`CacheKey`] of what has no parts: numbers, text, and what is a key as it is.

use std::any::TypeId;
use std::cmp::Ordering;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread::ThreadId;
use std::time::{Duration, Instant, SystemTime};

use super::CacheKey;

/// Scattered integers that are hashed without the heap.
const FEW: usize = 32;

/// Their slices are hashed as one run of bytes, so scattered ones are gathered first.
macro_rules! primitive {
    ($($primitive:ty),+) => {$(
        impl CacheKey for $primitive {
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

            #[inline]
            fn hash_slice<H: Hasher>(slice: &[Self], state: &mut H) {
                Hash::hash_slice(slice, state);
            }

            fn hash_scattered<'a, H: Hasher>(
                elements: impl Iterator<Item = &'a Self>,
                state: &mut H,
            ) {
                let mut elements = elements.copied();
                let mut few = [Self::default(); FEW];
                let mut filled = 0;
                for (place, element) in few.iter_mut().zip(&mut elements) {
                    *place = element;
                    filled += 1;
                }
                let few = few.get(..filled).unwrap_or_default();
                match elements.next() {
                    None => Hash::hash_slice(few, state),
                    Some(next) => {
                        let mut many = few.to_vec();
                        many.push(next);
                        many.extend(elements);
                        Hash::hash_slice(&many, state);
                    }
                }
            }
        }
    )+};
}

primitive!(
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, bool, char
);

/// Values that are their own keys.
macro_rules! plain {
    ($($plain:ty),+ $(,)?) => {$(
        impl CacheKey for $plain {
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
                self.clone()
            }

            #[inline]
            fn hash_slice<H: Hasher>(slice: &[Self], state: &mut H) {
                Hash::hash_slice(slice, state);
            }
        }
    )+};
}

plain!(
    String,
    PathBuf,
    OsString,
    CString,
    Duration,
    Instant,
    SystemTime,
    Ordering,
    TypeId,
    ThreadId,
    IpAddr,
    Ipv4Addr,
    Ipv6Addr,
    SocketAddr,
    SocketAddrV4,
    SocketAddrV6,
    NonZero<u8>,
    NonZero<u16>,
    NonZero<u32>,
    NonZero<u64>,
    NonZero<u128>,
    NonZero<usize>,
    NonZero<i8>,
    NonZero<i16>,
    NonZero<i32>,
    NonZero<i64>,
    NonZero<i128>,
    NonZero<isize>,
);

/// Text and its like, which have an owned form.
macro_rules! text {
    ($($text:ty),+) => {$(
        impl CacheKey for $text {
            type Owned = <$text as ToOwned>::Owned;

            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                Hash::hash(self, state);
            }

            #[inline]
            fn is(&self, key: &Self::Owned) -> bool {
                let key: &$text = key.as_ref();
                self == key
            }

            #[inline]
            fn to_key(&self) -> Self::Owned {
                self.to_owned()
            }
        }
    )+};
}

text!(str, Path, OsStr, CStr);
