//! Whether a call failed, decided by the type of its answer.

use std::task::Poll;

/// An answer that can be an error.
///
/// `Result`, `Option` and `Poll` have it, aliases of them included; types without it always count as a success.
/// Implement it for an answer of your own:
///
/// ```
/// enum Reply { Done, Refused }
///
/// impl perfkit::Outcome for Reply {
///     fn is_error(&self) -> bool {
///         matches!(self, Self::Refused)
///     }
/// }
/// ```
pub trait Outcome {
    /// True when the call that gave this answer failed.
    fn is_error(&self) -> bool;
}

impl<T, E> Outcome for Result<T, E> {
    #[inline]
    fn is_error(&self) -> bool {
        self.is_err()
    }
}

impl<T> Outcome for Option<T> {
    #[inline]
    fn is_error(&self) -> bool {
        self.is_none()
    }
}

/// Not ready is no failure; ready is what the answer is.
impl<T: Outcome> Outcome for Poll<T> {
    #[inline]
    fn is_error(&self) -> bool {
        matches!(self, Self::Ready(answer) if answer.is_error())
    }
}

/// Asks any answer, by autoref: the method of the type that has [`Outcome`] is found before the one of every type.
pub struct Answer<'a, T>(pub &'a T);

/// Found first.
pub trait WithOutcome {
    /// What the type says.
    fn is_error(&self) -> bool;
}

impl<T: Outcome> WithOutcome for Answer<'_, T> {
    #[inline]
    fn is_error(&self) -> bool {
        self.0.is_error()
    }
}

/// Found when the type says nothing.
pub trait WithoutOutcome {
    /// Never.
    fn is_error(&self) -> bool;
}

impl<T> WithoutOutcome for &Answer<'_, T> {
    #[inline]
    fn is_error(&self) -> bool {
        false
    }
}

/// An answer that can say that its call failed, as what repeats or replaces failures asks for.
#[diagnostic::on_unimplemented(
    message = "`{Self}` never says that a call failed",
    label = "not an answer that can fail",
    note = "return a `Result` or an `Option`, or implement `perfkit::Outcome` for this answer"
)]
pub trait Failing {
    /// Whether it did.
    fn has_failed(&self) -> bool;
}

// Else the compiler would speak of the missing `Outcome`, and not of the ways out.
#[diagnostic::do_not_recommend]
impl<A: Outcome> Failing for A {
    #[inline]
    fn has_failed(&self) -> bool {
        self.is_error()
    }
}
