//! What a retry asks the user's code.

use std::time::Duration;

use crate::classify::{Class, Fallible};
use crate::instruments::retry::RetryEvent;

/// What a retry asks of an answer: the `when`, `retry_after` and `on_retry` of an attribute.
pub trait Asked<A> {
    /// What kind of failure it is; nothing for a success.
    fn class(&mut self, answer: &A) -> Option<Class>;
    /// How long its error wants to be left alone.
    fn after(&mut self, answer: &A) -> Option<Duration>;
    /// There is another attempt.
    fn tell(&mut self, event: RetryEvent<'_, A>);
}

impl<A, C, D, T> Asked<A> for (C, D, T)
where
    C: FnMut(&A) -> Option<Class>,
    D: FnMut(&A) -> Option<Duration>,
    T: FnMut(RetryEvent<'_, A>),
{
    fn class(&mut self, answer: &A) -> Option<Class> {
        self.0(answer)
    }

    fn after(&mut self, answer: &A) -> Option<Duration> {
        self.1(answer)
    }

    fn tell(&mut self, event: RetryEvent<'_, A>) {
        self.2(event);
    }
}

/// The three closures, where their arguments have types.
pub fn asked<A, C, D, T>(class: C, after: D, tell: T) -> (C, D, T)
where
    C: FnMut(&A) -> Option<Class>,
    D: FnMut(&A) -> Option<Duration>,
    T: FnMut(RetryEvent<'_, A>),
{
    (class, after, tell)
}

/// Asks `retry_after = …` of an answer.
#[inline]
pub fn after<A: Fallible>(
    answer: &A,
    retry_after: impl FnOnce(&A::Error) -> Option<Duration>,
) -> Option<Duration> {
    answer.error().and_then(retry_after)
}
