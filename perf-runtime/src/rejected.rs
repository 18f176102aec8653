//! The one error the framework adds, and how an answer of the user's carries it.
//!
//! A policy that answers in place of the function makes a [`Rejected`]. It travels inside the function's own error
//! ([`FromRejected`]), and [`rejection`] finds it there again, however deep: to answer 503 with `Retry-After`, to leave a
//! retry out, to tell a slow database from a broken one.

use std::error::Error;
use std::fmt;
use std::time::Duration;

mod chain;
mod detail;
mod into;
mod load_failed;
mod lost;
mod says;
mod when;

pub use self::chain::{Chain, rejection};
pub use self::load_failed::LoadFailed;
pub(crate) use self::when::When;

/// A policy answered in place of the function.
///
/// Small (32 bytes), without allocation, cheap to copy. It becomes the function's own error through `From<Rejected>`,
/// which holds without any code for `anyhow::Error`, `eyre::Report`, `Box<dyn Error + Send + Sync>`, `io::Error` and
/// `String`; for an error of your own write it, or with `thiserror`:
/// `#[error(transparent)] Rejected(#[from] perfkit::Rejected)`. A function that returns `Option` gives `None`.
///
/// ```
/// use perfkit::{Reason, Rejected};
///
/// #[derive(Debug)]
/// enum LoadError {
///     NotFound,
///     Busy(Rejected),
/// }
///
/// impl From<Rejected> for LoadError {
///     fn from(rejected: Rejected) -> Self {
///         Self::Busy(rejected)
///     }
/// }
///
/// fn status(error: &LoadError) -> u16 {
///     match error {
///         LoadError::NotFound => 404,
///         LoadError::Busy(rejected) if rejected.is_timeout() => 504,
///         LoadError::Busy(_) => 503,
///     }
/// }
/// # assert_eq!(status(&LoadError::NotFound), 404);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejected {
    cause: Cause,
}

const _: () = assert!(size_of::<Rejected>() <= 32);

/// All there is to a rejection, as the source of it.
///
/// A transparent error (`#[error(transparent)]`) does not give what it holds as its source, but the source of that. A
/// rejection without one could not be found in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cause {
    op: &'static str,
    /// What the reason has to say besides: the nanoseconds that a call had, or [when](When) it may come again. Instead of a
    /// `Duration`, which takes twice the room; 584 years are enough. Of a pool, the number of the text with the details; of a
    /// lost batch, its items and answers, 32 bits each.
    more: u64,
    reason: Reason,
}

/// Short, as it stands behind the sentence of the rejection when a chain is printed.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl Error for Cause {}

/// Why a policy answered.
///
/// ```
/// assert_eq!(perfkit::Reason::TimedOut.to_string(), "timed out");
/// ```
// As wide as what stands beside it in a rejection. Answers that hold one are told apart by it, and are copied without it:
// the seven bytes behind a narrow one would be copied in two halves that overlap, and each copy would wait for the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u64)]
pub enum Reason {
    /// `#[timeout]`: the call took longer than its limit, and was cancelled.
    TimedOut,
    /// A cache: the run this call waited for failed, and the error itself cannot be cloned. See [`LoadFailed`].
    LoadFailed,
    /// `#[breaker]`: the function failed too often, and is left alone for a while.
    CircuitOpen,
    /// `#[rate_limited]`: there were more calls than the rate allows.
    RateLimited,
    /// `#[bulkhead]`: as many calls run as may run at once, and its queue is full or took too long.
    BulkheadFull,
    /// `#[batched]`, `#[offloaded]`: as many calls wait as may wait.
    QueueFull,
    /// `#[batched]`: the batch with this call in it panicked, gave the wrong number of answers, or is gone with its
    /// runtime. `#[offloaded]`: there is no thread to run it.
    BatchLost,
    /// `#[batched]`, `#[offloaded]`: it was shut down.
    ShutDown,
    /// `#[debounced]`: the burst with this call in it was taken back before it ran.
    Cancelled,
    /// `#[pooled]`: no resource was to be had in time. What the pool was busy with stands in the text.
    PoolTimeout,
    /// `#[pooled]`: the pool is closed.
    PoolClosed,
    /// `#[pooled]`: a resource could not be made, and the pool is told to say so at once.
    PoolFailed,
    /// `#[pooled]`: the caller holds every resource there may be, and would wait for itself.
    PoolDeadlock,
    /// `#[pooled]`: as many pools are in use as there may be, one for each of the arguments.
    PoolFull,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "timed out",
            Self::LoadFailed => "load failed",
            Self::CircuitOpen => "circuit open",
            Self::RateLimited => "rate limited",
            Self::BulkheadFull => "bulkhead full",
            Self::QueueFull => "queue full",
            Self::BatchLost => "batch lost",
            Self::ShutDown => "shut down",
            Self::Cancelled => "cancelled",
            Self::PoolTimeout => "pool timed out",
            Self::PoolClosed => "pool closed",
            Self::PoolFailed => "resource not made",
            Self::PoolDeadlock => "pool would deadlock",
            Self::PoolFull => "too many pools",
        })
    }
}

impl Rejected {
    /// `allowed` is what the call had: its limit, or less when a call around it had less left.
    pub(crate) fn timed_out(op: &'static str, allowed: Duration) -> Self {
        Self::new(op, Reason::TimedOut, nanoseconds(allowed))
    }

    /// `op` may be asked again then.
    #[inline]
    pub(crate) const fn circuit_open_until(op: &'static str, when: When) -> Self {
        Self::new(op, Reason::CircuitOpen, when.number())
    }

    /// `op` may be asked again then.
    #[inline]
    pub(crate) const fn rate_limited_until(op: &'static str, when: When) -> Self {
        Self::new(op, Reason::RateLimited, when.number())
    }

    /// `op` may be asked again after so many nanoseconds; [`u64::MAX`] when nobody knows.
    #[cfg(test)]
    pub(crate) const fn circuit_open(op: &'static str, after_ns: u64) -> Self {
        Self::circuit_open_until(op, When::after(after_ns))
    }

    /// The same of a rate.
    #[cfg(test)]
    pub(crate) const fn rate_limited(op: &'static str, after_ns: u64) -> Self {
        Self::rate_limited_until(op, When::after(after_ns))
    }

    /// Nobody knows when there is a place again.
    pub(crate) const fn bulkhead_full(op: &'static str) -> Self {
        Self::new(op, Reason::BulkheadFull, 0)
    }

    /// A pool had nothing to give; `detail` are the numbers and causes behind that. See [`detail`] for how long they are
    /// kept.
    pub(crate) fn pool(op: &'static str, reason: Reason, detail: String) -> Self {
        Self::new(op, reason, detail::keep(detail))
    }

    #[inline]
    const fn new(op: &'static str, reason: Reason, more: u64) -> Self {
        Self {
            cause: Cause { op, more, reason },
        }
    }

    /// `op` is the cache.
    pub(crate) const fn load_failed(op: &'static str) -> Self {
        Self::new(op, Reason::LoadFailed, 0)
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.cause.reason
    }

    /// The site that rejected the call and counts it, by its name in the report.
    #[must_use]
    pub const fn op(&self) -> &'static str {
        self.cause.op
    }

    /// How long it is from now until asking again can help: of an open breaker, and of a rate limit. Zero when that time has
    /// come. `None` when nobody knows, as for a timeout, a failed load, a full bulkhead, and for a breaker that is held open
    /// by hand.
    ///
    /// For a `Retry-After` header, or for the delay before the next attempt. It is worked out when it is asked: an error that
    /// was handed on for a while says what is left. Only of a breaker or a limit with a [manual](crate::Clock::manual) clock it
    /// is what was left when the call was rejected. Two rejections are equal when they are of the same site, reason and
    /// moment.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use perfkit::Breaker;
    ///
    /// let payments = Breaker::builder("rejected: payments").build()?;
    /// payments.trip(Duration::from_secs(30));
    /// let rejected = payments.admit().unwrap_err();
    /// let after = rejected.retry_after().unwrap();
    /// assert!(after <= Duration::from_millis(30_001) && rejected.retry_after() <= Some(after));
    /// # Ok::<(), perfkit::BreakerError>(())
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self.cause.reason {
            reason @ (Reason::CircuitOpen | Reason::RateLimited) => {
                When::of_number(self.cause.more).left(reason)
            }
            _ => None,
        }
    }

    /// True when the call ran and its time was up: what it did until then may have had an effect.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self.cause.reason, Reason::TimedOut)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The source says the reason once more, in short. It is there for errors that hand on the source of what they hold,
/// so that [`rejection`] finds the rejection in them as well.
impl Error for Rejected {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

/// An answer that can say that a policy rejected the call, when it is told how (`reject = …`).
///
/// Not for users to implement: a function under a policy returns `Result` or `Option`.
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
///
/// Not for users to implement: implement `From<Rejected>` for the error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot carry a rejection",
    label = "a call that is rejected has no answer of this type",
    note = "implement `From<perfkit::Rejected>` for the error; with `thiserror`: `#[error(transparent)] Rejected(#[from] perfkit::Rejected)`",
    note = "or say on the attribute what a rejection becomes: `reject = |rejected| MyError::Busy`",
    note = "or return what needs no code: a `Result` with `anyhow::Error`, `eyre::Report`, `Box<dyn Error + Send + Sync>`, `io::Error` or `String`, or an `Option`"
)]
pub trait FromRejected: Sized {
    /// The answer of a rejected call.
    fn from_rejected(rejected: Rejected) -> Self;
}

// Else the compiler would speak of the missing `From`, and not of the ways out.
#[diagnostic::do_not_recommend]
impl<T, E: From<Rejected>> FromRejected for Result<T, E> {
    fn from_rejected(rejected: Rejected) -> Self {
        Err(E::from(rejected))
    }
}

#[diagnostic::do_not_recommend]
impl<T> FromRejected for Option<T> {
    fn from_rejected(_: Rejected) -> Self {
        None
    }
}

/// The answer of a rejected call. Expansions name it with the function's own type, so that a missing bound is reported
/// there.
#[must_use]
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

#[cfg(test)]
mod tests;
