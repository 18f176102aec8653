//! What a failure means for who would call again.
//!
//! Every policy asks the same question of an answer, and gets it answered by the type: by [`Classify`] of the error where
//! that is implemented; else a rejection of a policy further in is looked for in the error; else an answer is a failure
//! when its [`Outcome`] says so. What `when = …` of an attribute says comes before all of them.

use std::time::Duration;

use crate::outcome::Outcome;
use crate::rejected::{Chain, Rejected, rejection};

/// What kind of failure an error is.
///
/// ```
/// use perfkit::Class;
///
/// assert!(Class::Overloaded(None).is_repeatable());
/// assert!(!Class::Permanent.is_repeatable());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// Asking again may help: a lost connection, a timeout. A breaker counts it as a failure, a retry repeats the call.
    /// What an error is that says nothing.
    Transient,
    /// Asking again gives the same: not found, not allowed, a wrong argument. A retry does not repeat it; a breaker counts
    /// it as a success, because who was asked has answered.
    Permanent,
    /// Who was asked has too much to do, and may have said after which time to come again. A breaker counts it as a
    /// failure, a retry waits at least that long.
    Overloaded(Option<Duration>),
    /// Says nothing about who was asked: the caller has given up, or a policy has answered in its place. A breaker does not
    /// count it, a retry does not repeat it.
    Neutral,
}

impl Class {
    /// Whether asking again can help.
    #[must_use]
    pub const fn is_repeatable(self) -> bool {
        matches!(self, Self::Transient | Self::Overloaded(_))
    }

    /// What a rejection is to those who stand further out than the policy that made it: the body of a call that took too
    /// long was asked, and that of any other was not.
    #[must_use]
    pub const fn of_rejection(rejected: &Rejected) -> Self {
        if rejected.is_timeout() {
            Self::Transient
        } else {
            Self::Neutral
        }
    }
}

/// An error that knows what kind of failure it is. Implemented once, every policy goes by it.
///
/// Without it, every error is [`Class::Transient`], but for rejections: a timeout is, too, and any other is
/// [`Class::Neutral`], wherever in the chain of sources it stands (see [`rejection`](crate::rejection())).
///
/// ```
/// use perfkit::{Class, Classify};
/// use std::time::Duration;
///
/// enum ApiError {
///     NotFound,
///     TooManyRequests(Duration),
///     Connection(std::io::Error),
/// }
///
/// impl Classify for ApiError {
///     fn class(&self) -> Class {
///         match self {
///             Self::NotFound => Class::Permanent,
///             Self::TooManyRequests(after) => Class::Overloaded(Some(*after)),
///             Self::Connection(_) => Class::Transient,
///         }
///     }
/// }
/// # assert_eq!(ApiError::NotFound.class(), Class::Permanent);
/// ```
pub trait Classify {
    /// What kind of failure this is.
    fn class(&self) -> Class;
}

/// An answer to be judged, by autoref: `(&&&&Judged(&answer)).class()` finds the first of the four traits below that holds.
///
/// It gives nothing for a success.
pub struct Judged<'a, A>(pub &'a A);

/// Found first: the error says it.
pub trait ByClass {
    /// What kind of failure; nothing for a success.
    fn class(&self) -> Option<Class>;
}

impl<T, E: Classify> ByClass for &&&Judged<'_, Result<T, E>> {
    #[inline]
    fn class(&self) -> Option<Class> {
        self.0.as_ref().err().map(Classify::class)
    }
}

/// Found second: an error that can be searched for a rejection. `K` is for the compiler, which finds it itself.
///
/// Not for errors that borrow: only those that are `'static` can be searched. An expansion does not import it for these.
pub trait ByChain<K> {
    /// What kind of failure; nothing for a success.
    fn class(&self) -> Option<Class>;
}

impl<T, E: Chain<K>, K> ByChain<K> for &&Judged<'_, Result<T, E>> {
    #[inline]
    fn class(&self) -> Option<Class> {
        self.0.as_ref().err().map(searched)
    }
}

#[cold]
fn searched<E: Chain<K>, K>(error: &E) -> Class {
    rejection(error).map_or(Class::Transient, |rejected| Class::of_rejection(&rejected))
}

/// Found third: an answer that can be an error.
pub trait ByOutcome {
    /// What kind of failure; nothing for a success.
    fn class(&self) -> Option<Class>;
}

impl<A: Outcome> ByOutcome for &Judged<'_, A> {
    #[inline]
    fn class(&self) -> Option<Class> {
        self.0.is_error().then_some(Class::Transient)
    }
}

/// Found last: an answer that is never an error.
pub trait ByNothing {
    /// Nothing.
    fn class(&self) -> Option<Class>;
}

impl<A> ByNothing for Judged<'_, A> {
    #[inline]
    fn class(&self) -> Option<Class> {
        None
    }
}

/// What `when = …` may give of an error: whether it is a failure, or of which class.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether a call failed",
    label = "neither `bool` nor `perfkit::Class`",
    note = "`when` gives `true` for an error that counts as a failure and `false` for one that does not, or its `perfkit::Class`"
)]
pub trait Verdict {
    /// What kind of failure; nothing for what is none.
    fn class(self) -> Option<Class>;
}

impl Verdict for bool {
    fn class(self) -> Option<Class> {
        self.then_some(Class::Transient)
    }
}

impl Verdict for Class {
    fn class(self) -> Option<Class> {
        Some(self)
    }
}

impl Verdict for Option<Class> {
    fn class(self) -> Option<Class> {
        self
    }
}

/// An answer whose error `when = …` looks at.
#[diagnostic::on_unimplemented(
    message = "`when` looks at an error, and `{Self}` has none",
    label = "not a `Result`",
    note = "return a `Result`; of another answer, `perfkit::Outcome` says whether it is a failure"
)]
pub trait Fallible {
    /// The error.
    type Error;
    /// The error, if there is one.
    fn error(&self) -> Option<&Self::Error>;
}

impl<T, E> Fallible for Result<T, E> {
    type Error = E;

    #[inline]
    fn error(&self) -> Option<&E> {
        self.as_ref().err()
    }
}

/// Asks `when = …` of an answer.
#[inline]
pub fn classed<A: Fallible, V: Verdict>(
    answer: &A,
    when: impl FnOnce(&A::Error) -> V,
) -> Option<Class> {
    answer.error().and_then(|error| when(error).class())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use super::*;

    struct Own(Class);

    impl Classify for Own {
        fn class(&self) -> Class {
            self.0
        }
    }

    struct Silent;

    #[test]
    fn the_type_says_what_a_failure_is() {
        macro_rules! class {
            ($answer:expr) => {
                (&&&&Judged(&$answer)).class()
            };
        }
        let late = Rejected::timed_out("op", Duration::ZERO);
        let unasked = Rejected::load_failed("op");
        assert_eq!(class!(Ok::<u8, Own>(1)), None);
        assert_eq!(
            class!(Err::<u8, _>(Own(Class::Permanent))),
            Some(Class::Permanent)
        );
        assert_eq!(
            class!(Err::<u8, _>(io::Error::from(late))),
            Some(Class::Transient)
        );
        assert_eq!(
            class!(Err::<u8, _>(io::Error::from(unasked))),
            Some(Class::Neutral)
        );
        let boxed: Box<dyn std::error::Error + Send + Sync> = unasked.into();
        assert_eq!(class!(Err::<u8, _>(boxed)), Some(Class::Neutral));
        let any = anyhow::Error::from(unasked).context("while loading");
        assert_eq!(class!(Err::<u8, _>(any)), Some(Class::Neutral));
        assert_eq!(class!(Err::<u8, _>("text")), Some(Class::Transient));
        assert_eq!(class!(Err::<u8, _>(Silent)), Some(Class::Transient));
        assert_eq!(class!(None::<u8>), Some(Class::Transient));
        assert_eq!(class!(7), None);
    }

    #[test]
    fn what_when_says_goes_before_the_type() {
        let failed = Err::<u8, _>(Own(Class::Transient));
        assert_eq!(classed(&failed, |_| false), None);
        assert_eq!(classed(&failed, |_| true), Some(Class::Transient));
        assert_eq!(classed(&failed, |own| own.0), Some(Class::Transient));
        assert_eq!(classed(&Ok::<u8, Own>(1), |_| true), None);
    }
}
