//! What of an answer a cache keeps, and how an answer that it does not keep is shared.
//!
//! A cache keeps values and gives answers. [`Kept`] says what the value of an answer is and makes an answer of a value:
//! of a `Result` or an `Option` the [`Success`] is kept, which leaves the error without any bound; every other answer is
//! kept as a [`Whole`], unless its type says that it is an error ([`Outcome`](crate::Outcome)), which is asked apart.
//!
//! An error is not kept, but the calls that waited for the run that failed are answered with it. [`Sharing`] finds out
//! how: by `Clone`, else by its text inside the same error type, else by the mere rejection. Where there is no way, the
//! calls that waited run the function themselves, one after the other.

use std::any::Any;
use std::fmt;
use std::io;
use std::marker::PhantomData;

use crate::rejected::{LoadFailed, Rejected};

/// A value that a cache can keep and give to many callers.
///
/// Every type has it that is `Clone + Send + Sync + 'static`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a cache",
    label = "what is kept is `Clone + Send + Sync + 'static`: each caller gets a clone of it",
    note = "derive `Clone` for it, or return it in an `Arc`, which all callers share",
    note = "of a `Result` or an `Option` only the success is kept; an alias under another name is kept as a whole, so write `Result<…>` in the signature"
)]
pub trait Keepable: Clone + Send + Sync + 'static {}

// Else the compiler would speak of the one bound that is missing, and not of the ways out.
#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> Keepable for T {}

/// What of an answer is kept.
#[diagnostic::on_unimplemented(
    message = "this answer is called a `Result` and is none",
    label = "of a `Result` the success would be kept",
    note = "write it under another name in the signature, and it is kept as it is: `type Found = SearchResult<User>;`"
)]
pub trait Kept {
    /// What the function gives.
    type Answer;
    /// What is kept of it.
    type Value: Keepable;

    /// The value to keep; nothing when this answer has none.
    fn split(answer: &Self::Answer) -> Option<Self::Value>;

    /// The answer that `value` was kept of.
    fn join(value: Self::Value) -> Self::Answer;
}

/// Keeps the success of a `Result` or an `Option`. Aliases are what they stand for.
pub struct Success<R>(PhantomData<fn() -> R>);

impl<T: Keepable, E> Kept for Success<Result<T, E>> {
    type Answer = Result<T, E>;
    type Value = T;

    #[inline]
    fn split(answer: &Result<T, E>) -> Option<T> {
        answer.as_ref().ok().cloned()
    }

    #[inline]
    fn join(value: T) -> Result<T, E> {
        Ok(value)
    }
}

impl<T: Keepable> Kept for Success<Option<T>> {
    type Answer = Option<T>;
    type Value = T;

    #[inline]
    fn split(answer: &Option<T>) -> Option<T> {
        answer.clone()
    }

    #[inline]
    fn join(value: T) -> Option<T> {
        Some(value)
    }
}

/// Keeps an answer as it is.
pub struct Whole<R>(PhantomData<fn() -> R>);

impl<R: Keepable> Kept for Whole<R> {
    type Answer = R;
    type Value = R;

    #[inline]
    fn split(answer: &R) -> Option<R> {
        Some(answer.clone())
    }

    #[inline]
    fn join(value: R) -> R {
        value
    }
}

/// How the answer of one call becomes that of another, on another thread.
// One word, which a call that has found its answer does not have to write down.
pub struct Share<R>(fn() -> Ways<R>);

struct Ways<R> {
    /// Makes the answer of a call that waited, of the one that the run gave and the name of the site.
    give: fn(&R, &'static str) -> R,
    // Both know that an answer may go to another thread, so that who only shares need not ask.
    pack: fn(R) -> Parcel,
    unpack: fn(Parcel) -> Option<R>,
}

/// An answer on its way to another call.
pub(crate) struct Parcel(Box<dyn Any + Send>);

impl<R: Send + 'static> Ways<R> {
    fn by(give: fn(&R, &'static str) -> R) -> Self {
        Self {
            give,
            pack: |answer| Parcel(Box::new(answer)),
            unpack: |parcel| parcel.0.downcast().ok().map(|answer| *answer),
        }
    }
}

impl<R: Clone + Send + 'static> Share<R> {
    /// As it is.
    pub(crate) fn cloned() -> Self {
        Self(|| Ways::by(|answer, _| answer.clone()))
    }
}

impl<R> Share<R> {
    /// The answer for another call, made of the one that the run of the site `op` gave.
    pub(crate) fn again(self, answer: &R, op: &'static str) -> R {
        ((self.0)().give)(answer, op)
    }

    /// The answer for another call, made of the one that the run of the site `op` gave.
    pub(crate) fn pack(self, answer: &R, op: &'static str) -> Parcel {
        let Ways { give, pack, .. } = (self.0)();
        pack(give(answer, op))
    }

    /// What was packed by the same way; nothing else can be in it.
    pub(crate) fn unpack(self, parcel: Parcel) -> Option<R> {
        ((self.0)().unpack)(parcel)
    }
}

impl<R> Clone for Share<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Share<R> {}

/// Finds out how answers are shared, by autoref, the best way first: `(&&&&Sharing::<R>::NEW).way()`, with [`ByClone`],
/// [`ByText`], [`ByRejection`] and [`NoWay`] in scope.
pub struct Sharing<R>(PhantomData<fn() -> R>);

impl<R> Sharing<R> {
    /// It holds nothing.
    pub const NEW: Self = Self(PhantomData);
}

/// Found first: the answer as it is.
pub trait ByClone<R> {
    /// `Clone`.
    fn way(&self) -> Option<Share<R>>;
}

impl<R: Clone + Send + 'static> ByClone<R> for &&&Sharing<R> {
    fn way(&self) -> Option<Share<R>> {
        Some(Share::cloned())
    }
}

/// Found next: an error that can carry the text of another.
pub trait ByText<R> {
    /// A [`LoadFailed`] inside the error.
    fn way(&self) -> Option<Share<R>>;
}

impl<T: Clone, E: Retold> ByText<Result<T, E>> for &&Sharing<Result<T, E>>
where
    Result<T, E>: Send + 'static,
{
    fn way(&self) -> Option<Share<Result<T, E>>> {
        Some(Share(|| {
            Ways::by(|answer, op| match answer {
                Ok(value) => Ok(value.clone()),
                Err(error) => Err(error.retell(op)),
            })
        }))
    }
}

/// Found next: an error that can carry a rejection.
pub trait ByRejection<R> {
    /// A [`Rejected`] inside the error.
    fn way(&self) -> Option<Share<R>>;
}

impl<T: Clone, E: From<Rejected>> ByRejection<Result<T, E>> for &Sharing<Result<T, E>>
where
    Result<T, E>: Send + 'static,
{
    fn way(&self) -> Option<Share<Result<T, E>>> {
        Some(Share(|| {
            Ways::by(|answer, op| match answer {
                Ok(value) => Ok(value.clone()),
                Err(_) => Err(E::from(Rejected::load_failed(op))),
            })
        }))
    }
}

/// Found last.
pub trait NoWay<R> {
    /// Nothing.
    fn way(&self) -> Option<Share<R>>;
}

impl<R> NoWay<R> for Sharing<R> {
    fn way(&self) -> Option<Share<R>> {
        None
    }
}

/// An error whose text can be told by another of its type.
pub trait Retold {
    /// The same failure for a call that waited.
    #[must_use]
    fn retell(&self, op: &'static str) -> Self;
}

impl<E: From<LoadFailed> + fmt::Display> Retold for E {
    fn retell(&self, op: &'static str) -> Self {
        Self::from(LoadFailed::of(self, op))
    }
}

/// Its kind is what most callers look at.
impl Retold for io::Error {
    fn retell(&self, op: &'static str) -> Self {
        Self::new(self.kind(), LoadFailed::of(self, op))
    }
}

#[cfg(test)]
mod tests;
