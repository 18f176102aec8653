//! [`CacheKey`] of what is built of others.
//!
//! The owned form of a pointer is that of what it points to, a slice becomes a `Vec`, and everything else keeps its
//! shape. Where the standard library decides what is written into a hasher (the length of a slice, whether an option is
//! some), it is asked to write it, with `()` in place of what is inside.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use super::CacheKey;

/// Pointers are what they point to.
macro_rules! pointer {
    ($([$($generics:tt)*] $pointer:ty => $target:ty),+ $(,)?) => {$(
        impl<$($generics)*> CacheKey for $pointer {
            type Owned = <$target as CacheKey>::Owned;

            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                <$target>::hash(self, state);
            }

            #[inline]
            fn is(&self, key: &<$target as CacheKey>::Owned) -> bool {
                <$target>::is(self, key)
            }

            #[inline]
            fn to_key(&self) -> <$target as CacheKey>::Owned {
                <$target>::to_key(self)
            }

            #[inline]
            fn hash_slice<H: Hasher>(slice: &[Self], state: &mut H) {
                <$target>::hash_scattered(slice.iter().map(|pointer| &**pointer), state);
            }

            #[inline]
            fn hash_scattered<'s, H: Hasher>(
                elements: impl Iterator<Item = &'s Self>,
                state: &mut H,
            )
            where
                Self: 's,
            {
                <$target>::hash_scattered(elements.map(|pointer| &**pointer), state);
            }
        }
    )+};
}

pointer!(
    [T: CacheKey + ?Sized] &T => T,
    [T: CacheKey + ?Sized] Box<T> => T,
    [T: CacheKey + ?Sized] Rc<T> => T,
    [T: CacheKey + ?Sized] Arc<T> => T,
    [T: CacheKey + ToOwned + ?Sized] Cow<'_, T> => T,
);

/// Writes the length of a sequence as the standard library does. Units take no memory, however many.
fn hash_len<H: Hasher>(len: usize, state: &mut H) {
    Hash::hash(vec![(); len].as_slice(), state);
}

impl<T: CacheKey> CacheKey for [T] {
    type Owned = Vec<T::Owned>;

    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_len(self.len(), state);
        T::hash_slice(self, state);
    }

    #[inline]
    fn is(&self, key: &Self::Owned) -> bool {
        self.len() == key.len() && self.iter().zip(key).all(|(element, key)| element.is(key))
    }

    #[inline]
    fn to_key(&self) -> Self::Owned {
        self.iter().map(T::to_key).collect()
    }
}

impl<T: CacheKey> CacheKey for Vec<T> {
    type Owned = Vec<T::Owned>;

    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        <[T]>::hash(self, state);
    }

    #[inline]
    fn is(&self, key: &Self::Owned) -> bool {
        <[T]>::is(self, key)
    }

    #[inline]
    fn to_key(&self) -> Self::Owned {
        <[T]>::to_key(self)
    }
}

impl<T: CacheKey, const N: usize> CacheKey for [T; N] {
    type Owned = [T::Owned; N];

    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        <[T]>::hash(self, state);
    }

    #[inline]
    fn is(&self, key: &Self::Owned) -> bool {
        self.iter().zip(key).all(|(element, key)| element.is(key))
    }

    #[inline]
    fn to_key(&self) -> Self::Owned {
        self.each_ref().map(T::to_key)
    }
}

/// Collections whose elements are hashed one by one, after their number.
macro_rules! collection {
    ($([$($generics:tt)*] $collection:ty => $owned:ty;)+) => {$(
        impl<$($generics)*> CacheKey for $collection {
            type Owned = $owned;

            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                hash_len(self.len(), state);
                for element in self {
                    element.hash(state);
                }
            }

            #[inline]
            fn is(&self, key: &Self::Owned) -> bool {
                self.len() == key.len() && self.iter().zip(key).all(|(element, key)| element.is(key))
            }

            #[inline]
            fn to_key(&self) -> Self::Owned {
                self.iter().map(|element| element.to_key()).collect()
            }
        }
    )+};
}

collection!(
    [T: CacheKey] VecDeque<T> => VecDeque<T::Owned>;
    [T: CacheKey<Owned: Ord>] BTreeSet<T> => BTreeSet<T::Owned>;
);

impl<K: CacheKey<Owned: Ord>, V: CacheKey> CacheKey for BTreeMap<K, V> {
    type Owned = BTreeMap<K::Owned, V::Owned>;

    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_len(self.len(), state);
        for (key, value) in self {
            key.hash(state);
            value.hash(state);
        }
    }

    #[inline]
    fn is(&self, key: &Self::Owned) -> bool {
        let mut pairs = self.iter().zip(key);
        self.len() == key.len() && pairs.all(|((k, v), (key, value))| k.is(key) && v.is(value))
    }

    #[inline]
    fn to_key(&self) -> Self::Owned {
        self.iter().map(|(k, v)| (k.to_key(), v.to_key())).collect()
    }
}

impl<T: CacheKey> CacheKey for Option<T> {
    type Owned = Option<T::Owned>;

    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        Hash::hash(&self.as_ref().map(|_| ()), state);
        if let Some(inside) = self {
            inside.hash(state);
        }
    }

    #[inline]
    fn is(&self, key: &Self::Owned) -> bool {
        match (self, key) {
            (Some(inside), Some(key)) => inside.is(key),
            (None, None) => true,
            _ => false,
        }
    }

    #[inline]
    fn to_key(&self) -> Self::Owned {
        self.as_ref().map(T::to_key)
    }
}

impl<T: CacheKey, E: CacheKey> CacheKey for Result<T, E> {
    type Owned = Result<T::Owned, E::Owned>;

    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        Hash::hash(&self.as_ref().map(|_| ()).map_err(|_| ()), state);
        match self {
            Ok(inside) => inside.hash(state),
            Err(inside) => inside.hash(state),
        }
    }

    #[inline]
    fn is(&self, key: &Self::Owned) -> bool {
        match (self, key) {
            (Ok(inside), Ok(key)) => inside.is(key),
            (Err(inside), Err(key)) => inside.is(key),
            _ => false,
        }
    }

    #[inline]
    fn to_key(&self) -> Self::Owned {
        self.as_ref().map(T::to_key).map_err(E::to_key)
    }
}

impl CacheKey for () {
    type Owned = ();

    #[inline]
    fn hash<H: Hasher>(&self, _: &mut H) {}

    #[inline]
    fn is(&self, (): &()) -> bool {
        true
    }

    #[inline]
    fn to_key(&self) {}
}

/// Writes one implementation for each arity, given the places of the longest tuple.
macro_rules! tuples {
    ([$($done:tt)*] $part:ident $at:tt $(, $($rest:tt)+)?) => {
        tuples!(@ $($done)* $part $at);
        tuples!([$($done)* $part $at,] $($($rest)+)?);
    };
    ([$($done:tt)*]) => {};
    (@ $($part:ident $at:tt),+) => {
        impl<$($part: CacheKey),+> CacheKey for ($($part,)+) {
            type Owned = ($($part::Owned,)+);

            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                $(self.$at.hash(state);)+
            }

            #[inline]
            fn is(&self, key: &Self::Owned) -> bool {
                $(self.$at.is(&key.$at))&&+
            }

            #[inline]
            fn to_key(&self) -> Self::Owned {
                ($(self.$at.to_key(),)+)
            }
        }
    };
}

tuples!([] P0 0, P1 1, P2 2, P3 3, P4 4, P5 5, P6 6, P7 7, P8 8, P9 9, P10 10, P11 11);
