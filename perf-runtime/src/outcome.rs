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
    fn is_error(&self) -> bool {
        self.is_err()
    }
}

impl<T> Outcome for Option<T> {
    fn is_error(&self) -> bool {
        self.is_none()
    }
}

/// Not ready is no failure; ready is what the answer is.
impl<T: Outcome> Outcome for Poll<T> {
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
