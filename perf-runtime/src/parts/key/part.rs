//! One argument as a part of a key.
//!
//! Each argument is asked for its part by a call of its own, that stands at the argument's type in the expansion: so what
//! cannot be a key is complained about there.

use std::hash::Hash;

use super::{CacheKey, Deep, Key};

/// A type whose values are a part of a key as they are, behind a reference or not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a part of a key of a cache",
    label = "a key is `Hash + Eq + Clone + Send + Sync + 'static`",
    note = "a type of your own derives `Hash`, `PartialEq`, `Eq` and `Clone`; one that borrows implements `perfkit::CacheKey`",
    note = "or say what the key is instead: `key = …`",
    note = "or leave the argument out, where the answer does not depend on it: `ignore(…)`"
)]
pub trait Part {}

// Else the compiler would speak of the one bound that is missing, and not of the ways out.
#[diagnostic::do_not_recommend]
impl<Q: ToOwned<Owned: Key> + Hash + Eq + ?Sized> Part for Q {}

/// An argument that is a part as it is.
#[inline]
pub fn part<Q: Part + ?Sized>(argument: &Q) -> &Q {
    argument
}

/// An argument that is a part when it is taken apart.
#[inline]
pub fn deep_part<T: CacheKey + ?Sized>(argument: &T) -> Deep<'_, T> {
    Deep(argument)
}
