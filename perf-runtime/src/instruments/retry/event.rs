//! What `on_retry` is told.

use std::time::Duration;

use crate::ended::Ended;
use crate::rejected::Rejected;

/// What `on_retry` is told: a call of a function under `#[retry]` failed and is about to be made again.
///
/// ```
/// use perfkit::{RetryEvent, retry};
///
/// fn note<A>(event: RetryEvent<'_, A>) {
///     println!("{}: attempt {} in {:?}", event.op(), event.attempt(), event.delay());
/// }
///
/// #[retry(on_retry = note)]
/// fn read(path: &str) -> std::io::Result<String> {
///     std::fs::read_to_string(path)
/// }
/// # assert!(read("Cargo.toml").is_ok());
/// ```
#[derive(Debug)]
pub struct RetryEvent<'e, A> {
    pub(super) op: &'static str,
    pub(super) attempt: u32,
    pub(super) delay: Duration,
    pub(super) ended: &'e Ended<A>,
}

// Derived, it would ask it of the answer.
impl<A> Clone for RetryEvent<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for RetryEvent<'_, A> {}

impl<A> RetryEvent<'_, A> {
    /// The function, by its name in the report.
    #[must_use]
    pub fn op(&self) -> &'static str {
        self.op
    }

    /// The number of the attempt that is about to be made: 2 is the first repetition.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// How long the call waits before it.
    #[must_use]
    pub fn delay(&self) -> Duration {
        self.delay
    }

    /// What the last attempt answered with; nothing when a policy further in has rejected it and nobody has made an answer
    /// of that.
    #[must_use]
    pub fn answer(&self) -> Option<&A> {
        self.ended.answer()
    }

    /// The rejection, when a policy further in has answered.
    #[must_use]
    pub fn rejected(&self) -> Option<Rejected> {
        self.ended.rejection().copied()
    }
}

impl<T, E> RetryEvent<'_, Result<T, E>> {
    /// The error of the last attempt; nothing when it was rejected.
    #[must_use]
    pub fn error(&self) -> Option<&E> {
        self.answer().and_then(|answer| answer.as_ref().err())
    }
}
