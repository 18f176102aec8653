//! At most one event a second, and how many were left out since the last.
//!
//! A site that fails a thousand times a second must not write a thousand lines a second. The decision is arithmetic on
//! two numbers; the time is handed in. Nor must what goes wrong while an event is told reach the call that it tells of.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_secs(1);

pub(crate) struct EventLimit {
    start: OnceLock<Instant>,
    /// When the next event may be shown, in nanoseconds since the first.
    next: AtomicU64,
    suppressed: AtomicU64,
}

impl EventLimit {
    pub(crate) const fn new() -> Self {
        Self {
            start: OnceLock::new(),
            next: AtomicU64::new(0),
            suppressed: AtomicU64::new(0),
        }
    }

    /// Tells an event, which is given the number of those left out since the last, if it is time for one.
    ///
    /// The subscriber is neither ours nor the function's: its panic must not become one of the call, which may itself be
    /// unwinding just now. It ends here; the panic hook has told of it.
    pub(crate) fn tell(&self, now: Instant, event: impl FnOnce(u64)) {
        if let Some(suppressed) = self.admit(now) {
            let _ = catch_unwind(AssertUnwindSafe(|| event(suppressed)));
        }
    }

    /// Whether the event of this moment is shown, and how many were not since the last that was.
    ///
    /// Of callers that come at once one is let through. A clock that goes backwards shows nothing until it has caught
    /// up.
    fn admit(&self, now: Instant) -> Option<u64> {
        let since_start = now.saturating_duration_since(*self.start.get_or_init(|| now));
        let next = self.next.load(Acquire);
        if nanos(since_start) >= next
            && self
                .next
                .compare_exchange(
                    next,
                    nanos(since_start.saturating_add(INTERVAL)),
                    AcqRel,
                    Relaxed,
                )
                .is_ok()
        {
            return Some(self.suppressed.swap(0, Relaxed));
        }
        self.suppressed.fetch_add(1, Relaxed);
        None
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::EventLimit;
    use crate::clock;

    #[test]
    fn one_event_a_second_is_shown_and_the_others_are_counted() {
        let limit = EventLimit::new();
        let start = clock::instant();
        let at = |millis| limit.admit(start + Duration::from_millis(millis));
        assert_eq!(at(0), Some(0));
        assert_eq!(at(0), None);
        assert_eq!(at(999), None);
        assert_eq!(at(1000), Some(2));
        assert_eq!(at(1999), None);
        assert_eq!(at(60_000), Some(1));
        assert_eq!(at(61_000), Some(0));
    }

    #[test]
    fn a_panic_while_an_event_is_told_ends_there() {
        let limit = EventLimit::new();
        let now = clock::instant();
        let mut told = Vec::new();
        for millis in [0, 500, 1000] {
            limit.tell(now + Duration::from_millis(millis), |suppressed| {
                told.push(suppressed);
                std::panic::resume_unwind(Box::new("the subscriber's own fault"));
            });
        }
        assert_eq!(told, [0, 1]);
    }

    #[test]
    fn a_clock_that_goes_backwards_shows_nothing() {
        let limit = EventLimit::new();
        let earlier = clock::instant();
        assert_eq!(limit.admit(earlier + Duration::from_secs(30)), Some(0));
        assert_eq!(limit.admit(earlier), None);
    }

    #[test]
    fn callers_at_once_are_one_event() {
        let limit = EventLimit::new();
        let now = clock::instant();
        let shown: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..100).filter(|_| limit.admit(now).is_some()).count()))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert_eq!(shown, 1);
        assert_eq!(limit.admit(now + Duration::from_secs(1)), Some(399));
    }
}
