//! The deadline of whatever this thread is polling.
//!
//! A future that has a deadline says so while it polls its body, and takes it back after each poll, so the deadline
//! follows the task from thread to thread, on any executor. What the body spawns is polled by somebody else and does
//! not see it; hand [`deadline`] over by value there.
//!
//! Most calls are over before anybody asks for their deadline. So a limit is not added to the time until somebody does:
//! in the first poll the thread knows when the call began, in ticks, and how long it may take.

use std::cell::Cell;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use crate::clock::Start;
use crate::rt;

/// What a thread knows of the deadline of what it polls.
#[derive(Clone, Copy)]
struct Current {
    /// Without the innermost limit, where that is not added yet.
    at: Option<Instant>,
    innermost: Innermost,
}

#[derive(Clone, Copy)]
enum Innermost {
    /// It is in `at`, as it has been since it began.
    Added,
    /// Nobody has asked yet.
    Began(Start, Duration),
    /// Somebody has asked: it is in `at`, and ends here.
    Found(Option<Instant>),
}

impl Current {
    const fn at(at: Option<Instant>) -> Self {
        Self {
            at,
            innermost: Innermost::Added,
        }
    }
}

thread_local! {
    static CURRENT: Cell<Current> = const { Cell::new(Current::at(None)) };
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
    CURRENT.try_with(look).ok().flatten()
}

#[inline]
fn look(cell: &Cell<Current>) -> Option<Instant> {
    let current = cell.get();
    match current.innermost {
        Innermost::Began(start, limit) => add(cell, start, limit),
        _ => current.at,
    }
}

#[cold]
fn add(cell: &Cell<Current>, start: Start, limit: Duration) -> Option<Instant> {
    let end = end(start, limit);
    let at = earlier(cell.get().at, end);
    cell.set(Current {
        at,
        innermost: Innermost::Found(end),
    });
    at
}

/// When a limit is over that began at `start`; nothing when that is later than the clock can say.
fn end(start: Start, limit: Duration) -> Option<Instant> {
    /// Less than timers know apart.
    const NEGLIGIBLE: Duration = Duration::from_millis(1);
    let now = rt::now();
    let since = start.age();
    // While a test has stopped the clock, no time has passed, whatever the processor says.
    let began = if since < NEGLIGIBLE || rt::is_stopped() {
        now
    } else {
        now.checked_sub(since).unwrap_or(now)
    };
    began.checked_add(limit)
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
    /// The limit that it began with.
    own: Option<(Start, Duration)>,
    // It must end on the thread where it began.
    not_send: PhantomData<*const ()>,
}

impl Scope {
    /// `outer` is what [`deadline`] says now: who enters a scope has asked already.
    #[inline]
    pub(crate) fn enter(outer: Option<Instant>, own: Option<Instant>) -> Self {
        Self::of(outer, None, Current::at(earlier(outer, own)))
    }

    /// The same with a limit that began at `start`; when it ends is found out if somebody asks.
    #[inline]
    pub(crate) fn begin(outer: Option<Instant>, start: Start, limit: Duration) -> Self {
        let current = Current {
            at: outer,
            innermost: Innermost::Began(start, limit),
        };
        Self::of(outer, Some((start, limit)), current)
    }

    #[inline]
    fn of(outer: Option<Instant>, own: Option<(Start, Duration)>, current: Current) -> Self {
        set(current);
        Self {
            outer,
            own,
            not_send: PhantomData,
        }
    }

    /// When the limit ends that the scope began with: what those inside have been told, if they were.
    pub(crate) fn end(self) -> Option<Instant> {
        match CURRENT.try_with(Cell::get).map(|current| current.innermost) {
            Ok(Innermost::Found(found)) => found,
            _ => self.own.and_then(|(start, limit)| end(start, limit)),
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
        set(Current::at(self.outer));
    }
}

#[inline]
fn set(current: Current) {
    // A thread that is coming to its end may have lost the cell; it has no deadline then.
    let _ = CURRENT.try_with(|cell| cell.set(current));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Scope, deadline, end, remaining};
    use crate::clock::{self, Start};

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

    #[test]
    fn a_limit_is_added_once_for_all_who_ask() {
        let (start, limit) = (Start::now(), Duration::from_secs(60));
        let scope = Scope::begin(deadline(), start, limit);
        let told = deadline();
        assert!(told.is_some());
        assert_eq!(deadline(), told);
        assert_eq!(scope.end(), told);
        assert_eq!(deadline(), None);
    }

    #[test]
    fn a_limit_that_nobody_asks_for_is_known_in_the_end() {
        let before = clock::instant();
        let (start, limit) = (Start::now(), Duration::from_secs(60));
        let near = Some(before + Duration::from_secs(30));
        let outer = Scope::enter(None, near);
        let scope = Scope::begin(deadline(), start, limit);
        assert_eq!(deadline(), near);
        assert!(scope.end() >= Some(before + limit));
        assert_eq!(deadline(), near);
        drop(outer);
        let endless = Scope::begin(deadline(), start, Duration::MAX);
        assert_eq!(deadline(), None);
        assert_eq!(endless.end(), None);
    }

    #[test]
    fn the_time_counts_that_has_passed_when_somebody_asks() {
        let (second, little) = (Duration::from_secs(1), Duration::from_millis(100));
        let before = clock::instant();
        // What is measured in between only moves the bounds apart; by the little, two clocks may differ in two seconds.
        let end = end(Start::ago(2 * second), 3 * second).expect("it has an end");
        assert!(end + little > before + second);
        assert!(end < clock::instant() + second + little);
    }
}
