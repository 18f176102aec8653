//! The deadline of whatever this thread is polling.
//!
//! A future that has a deadline says so while it polls its body, and takes it back after each poll, so the deadline
//! follows the task from thread to thread, on any executor. What the body spawns is polled by somebody else and does
//! not see it; hand [`deadline`] over by value there.

use std::cell::Cell;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use crate::rt;

thread_local! {
    static CURRENT: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// When the call around this one must have ended: the earliest deadline of the `#[timeout]`s around the caller.
///
/// `None` outside of them, and where a limit is too long to have an end. In a tokio runtime whose clock is paused, an
/// instant of that clock. Not inherited by what is spawned: take it before, and hand it over.
///
/// ```
/// assert_eq!(perfkit::deadline(), None);
/// ```
#[must_use]
pub fn deadline() -> Option<Instant> {
    CURRENT.try_with(Cell::get).ok().flatten()
}

/// How much time is left until [`deadline`]; zero once it has passed, `None` when there is none.
///
/// For the header that tells the next service how long its answer is of use (`grpc-timeout`), for a socket's
/// timeout, or to leave optional work out:
///
/// ```
/// use std::time::Duration;
///
/// fn grpc_timeout() -> Option<String> {
///     perfkit::remaining().map(|left| format!("{}m", left.as_millis()))
/// }
///
/// // No `#[timeout]` is around this example.
/// assert_eq!(grpc_timeout(), None);
/// ```
#[must_use]
pub fn remaining() -> Option<Duration> {
    deadline().map(|deadline| deadline.saturating_duration_since(rt::now()))
}

/// While it lives, this thread's deadline is not later than the one it was made with.
pub(crate) struct Scope {
    outer: Option<Instant>,
    // It must end on the thread where it began.
    not_send: PhantomData<*const ()>,
}

impl Scope {
    /// `outer` is what [`deadline`] says now: who enters a scope has asked already.
    #[inline]
    pub(crate) fn enter(outer: Option<Instant>, own: Option<Instant>) -> Self {
        set(earlier(outer, own));
        Self {
            outer,
            not_send: PhantomData,
        }
    }
}

#[inline]
fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl Drop for Scope {
    #[inline]
    fn drop(&mut self) {
        set(self.outer);
    }
}

#[inline]
fn set(deadline: Option<Instant>) {
    // A thread that is coming to its end may have lost the cell; it has no deadline then.
    let _ = CURRENT.try_with(|current| current.set(deadline));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Scope, deadline, remaining};
    use crate::clock;

    #[test]
    fn the_earliest_deadline_holds_and_each_scope_takes_its_own_back() {
        let now = clock::instant();
        let (near, far) = (now + Duration::from_secs(60), now + Duration::from_secs(90));
        let outer = Scope::enter(deadline(), Some(near));
        let inner = Scope::enter(deadline(), Some(far));
        assert_eq!(deadline(), Some(near));
        drop(inner);
        let unlimited = Scope::enter(deadline(), None);
        assert_eq!(deadline(), Some(near));
        drop(unlimited);
        drop(outer);
        assert_eq!(deadline(), None);
    }

    #[test]
    fn a_panic_leaves_no_deadline_behind() {
        let panicked = std::panic::catch_unwind(|| {
            let _scope = Scope::enter(deadline(), Some(clock::instant()));
            std::panic::resume_unwind(Box::new("body"));
        });
        assert!(panicked.is_err());
        assert_eq!(deadline(), None);
    }

    #[test]
    fn nothing_remains_of_a_deadline_that_has_passed() {
        let _scope = Scope::enter(deadline(), Some(clock::instant()));
        assert_eq!(remaining(), Some(Duration::ZERO));
    }
}
