//! How a call ended that others run, and how an answer says that there is none.
//!
//! A `Result` carries a rejection in its error. Every other answer has no place for one: such a call panics, as what ran it
//! did, or with the sentence of the rejection.

use std::marker::PhantomData;
use std::panic::{panic_any, resume_unwind};
use std::sync::Arc;

use crate::ended::Ended;
use crate::rejected::Rejected;

/// How a call ended, where it did not panic itself.
#[derive(Debug)]
#[must_use]
pub enum Answer<A> {
    /// With an answer.
    Given(A),
    /// Without one.
    Rejected(Rejected),
    /// Another caller of the same run has the panic, whose text this was.
    Panicked(Rejected, Option<Arc<str>>),
}

impl<A> Answer<A> {
    /// For a policy around it.
    pub fn ended(self) -> Ended<A> {
        match self {
            Self::Given(answer) => Ended::Answered(answer),
            Self::Rejected(rejected) | Self::Panicked(rejected, _) => Ended::Rejected(rejected),
        }
    }

    /// An answer whose type may have a place for a rejection. One that has none panics.
    #[allow(
        clippy::panic,
        reason = "a function of a batch that answers with no error gets the panic of its batch, and is told of a lost one so"
    )]
    pub fn carried(self, way: Option<fn(Rejected) -> A>) -> Ended<A> {
        match (self, way) {
            (Self::Given(answer), _) => Ended::Answered(answer),
            (Self::Rejected(rejected) | Self::Panicked(rejected, _), Some(way)) => {
                Ended::Refused(way(rejected), rejected)
            }
            (Self::Rejected(rejected), None) => panic_any(rejected.to_string()),
            // The panic hook has told of it already.
            (Self::Panicked(rejected, text), None) => resume_unwind(Box::new(
                text.map_or_else(|| rejected.to_string(), |text| text.to_string()),
            )),
        }
    }
}

/// Finds out whether an answer can say that there is none, by autoref: `(&Carry::<A>::NEW).way()`, with [`Carries`] and
/// [`CarriesNone`] in scope.
pub struct Carry<A>(PhantomData<fn() -> A>);

impl<A> Carry<A> {
    /// It holds nothing.
    pub const NEW: Self = Self(PhantomData);
}

/// Found first: a `Result` with a place for a rejection.
pub trait Carries<A> {
    /// How.
    fn way(&self) -> Option<fn(Rejected) -> A>;
}

impl<T, E: From<Rejected>> Carries<Result<T, E>> for Carry<Result<T, E>> {
    fn way(&self) -> Option<fn(Rejected) -> Result<T, E>> {
        Some(|rejected| Err(E::from(rejected)))
    }
}

/// Found last. A `None` of the user's is an answer: that something is not there.
pub trait CarriesNone<A> {
    /// Not at all.
    fn way(&self) -> Option<fn(Rejected) -> A>;
}

impl<A> CarriesNone<A> for &Carry<A> {
    fn way(&self) -> Option<fn(Rejected) -> A> {
        None
    }
}
