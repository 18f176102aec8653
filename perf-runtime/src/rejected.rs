//! The one error the framework adds, and how an answer of the user's carries it.

use std::fmt;
use std::time::Duration;

/// A policy answered in place of the function.
///
/// Small and cheap to copy. It travels inside the function's own error: implement `From<Rejected>` for it (with
/// `thiserror`: `#[error(transparent)] Rejected(#[from] perfkit::Rejected)`), or use a type that needs no code:
/// `anyhow::Error`, `eyre::Report`, `Box<dyn Error + Send + Sync>`, `io::Error`, `String`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejected {
    reason: Reason,
    op: &'static str,
    limit: Duration,
}

/// Why a policy answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// `#[timeout]`: the call took longer than its limit, and was cancelled.
    TimedOut,
}

impl Rejected {
    pub(crate) const fn timed_out(op: &'static str, limit: Duration) -> Self {
        Self {
            reason: Reason::TimedOut,
            op,
            limit,
        }
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The site that rejected, as the report names it.
    #[must_use]
    pub const fn op(&self) -> &'static str {
        self.op
    }

    /// When asking again can help: unknown for a timeout.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self.reason {
            Reason::TimedOut => None,
        }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Reason::TimedOut => write!(
                f,
                "`{}` took longer than {:?} and was cancelled",
                self.op, self.limit
            ),
        }
    }
}

impl std::error::Error for Rejected {}

impl From<Rejected> for std::io::Error {
    fn from(rejected: Rejected) -> Self {
        let kind = match rejected.reason {
            Reason::TimedOut => std::io::ErrorKind::TimedOut,
        };
        Self::new(kind, rejected)
    }
}

impl From<Rejected> for String {
    fn from(rejected: Rejected) -> Self {
        rejected.to_string()
    }
}

/// Finds the rejection in an error or in whatever caused it.
#[must_use]
pub fn rejection<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e Rejected> {
    // `io::Error` gives what it carries through `get_ref`, its `source` is the one behind it.
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rejected) = error.downcast_ref::<Rejected>() {
            return Some(rejected);
        }
        if let Some(rejected) = error
            .downcast_ref::<std::io::Error>()
            .and_then(|e| e.get_ref()?.downcast_ref::<Rejected>())
        {
            return Some(rejected);
        }
        next = error.source();
    }
    None
}

/// An answer that can say that a policy rejected the call.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot carry a rejection",
    label = "this answer has no place for an error",
    note = "return a `Result`, whose error is what `reject` gives, or an `Option` (a rejection is `None`)"
)]
pub trait Rejectable: Sized {
    /// What `reject = …` gives.
    type Error;
    /// The answer for an error of the user's own making.
    fn from_error(error: Self::Error) -> Self;
}

impl<T, E> Rejectable for Result<T, E> {
    type Error = E;
    fn from_error(error: E) -> Self {
        Err(error)
    }
}

impl<T> Rejectable for Option<T> {
    type Error = ();
    fn from_error((): ()) -> Self {
        None
    }
}

/// An answer that carries a rejection without being told how.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot carry a rejection",
    label = "a rejected call has no answer of this type",
    note = "implement `From<perfkit::Rejected>` for the error; with `thiserror`: `#[error(transparent)] Rejected(#[from] perfkit::Rejected)`",
    note = "or say what a rejection becomes: `reject = |rejected| MyError::Busy`",
    note = "or return an error that needs no code: `anyhow::Error`, `Box<dyn Error + Send + Sync>`, `io::Error`, `String`"
)]
pub trait FromRejected: Sized {
    /// The answer of a rejected call.
    fn from_rejected(rejected: Rejected) -> Self;
}

// Else the compiler would only say that the error has no `From<Rejected>`, and none of the ways out above.
#[diagnostic::do_not_recommend]
impl<T, E: From<Rejected>> FromRejected for Result<T, E> {
    fn from_rejected(rejected: Rejected) -> Self {
        Err(E::from(rejected))
    }
}

impl<T> FromRejected for Option<T> {
    fn from_rejected(_: Rejected) -> Self {
        None
    }
}

/// The answer of a rejected call. Expansions name it with the function's own type, so that a missing bound is reported
/// there.
pub fn rejected<A: FromRejected>(rejected: Rejected) -> A {
    A::from_rejected(rejected)
}

/// The same through `reject = …`.
pub fn rejected_with<A: Rejectable>(
    rejected: Rejected,
    reject: impl FnOnce(Rejected) -> A::Error,
) -> A {
    A::from_error(reject(rejected))
}
