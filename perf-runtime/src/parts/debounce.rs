//! Many calls in a row as one: the decision, without arguments and without waiting.
//!
//! Calls that follow each other within `wait` are a *burst*. The trailing call runs once nothing was called for `wait`;
//! with `max_wait` at the latest so long after the first call that has not run yet, so that a burst without end is
//! served too. A call that comes before a run that is due has begun still joins it.

use std::time::{Duration, Instant};

use super::edge::{Edge, Pace, Runner, Verdict};

#[derive(Debug, Clone)]
pub(crate) struct Debounce {
    pub(crate) wait: Duration,
    pub(crate) max_wait: Option<Duration>,
    pub(crate) edge: Edge,
    burst: Option<Burst>,
}

#[derive(Debug, Clone, Copy)]
struct Burst {
    last: Instant,
    /// The first call that has not run yet.
    waiting_since: Option<Instant>,
}

impl Debounce {
    pub(crate) const fn new(wait: Duration) -> Self {
        Self {
            wait,
            max_wait: None,
            edge: Edge::Trailing,
            burst: None,
        }
    }

    /// Whether a call waits.
    pub(crate) fn waits(&self) -> bool {
        self.burst
            .is_some_and(|burst| burst.waiting_since.is_some())
    }

    /// Whether no call waits and the next is the first of a burst: then it is as good as new.
    pub(crate) fn is_at_rest(&self, now: Instant) -> bool {
        let at_rest = |burst: Burst| burst.waiting_since.is_none() && self.is_over(burst, now);
        self.burst.is_none_or(at_rest)
    }

    /// Until when a call belongs to the burst; never over when that is later than the clock can say.
    fn is_over(&self, burst: Burst, now: Instant) -> bool {
        burst
            .last
            .checked_add(self.wait)
            .is_some_and(|end| end <= now)
    }
}

impl Pace for Debounce {
    fn call(&mut self, now: Instant, runner: Runner) -> Verdict {
        let open = self
            .burst
            .filter(|burst| burst.waiting_since.is_some() || !self.is_over(*burst, now));
        let waiting_since = open.and_then(|burst| burst.waiting_since);
        let mut burst = Burst {
            last: now,
            waiting_since,
        };
        let verdict = if open.is_none() && self.edge.is_leading() && runner == Runner::Idle {
            Verdict::Now
        } else if self.edge.is_trailing() {
            burst.waiting_since = waiting_since.or(Some(now));
            Verdict::Later
        } else {
            Verdict::Never
        };
        self.burst = Some(burst);
        verdict
    }

    fn due(&self) -> Option<Instant> {
        let burst = self.burst?;
        let first = burst.waiting_since?;
        let quiet = burst.last.checked_add(self.wait);
        let latest = self.max_wait.and_then(|most| first.checked_add(most));
        match (quiet, latest) {
            (Some(quiet), Some(latest)) => Some(quiet.min(latest)),
            (quiet, latest) => quiet.or(latest),
        }
    }

    fn run(&mut self, now: Instant) {
        self.burst = self.burst.filter(|burst| !self.is_over(*burst, now));
        if let Some(burst) = &mut self.burst {
            burst.waiting_since = None;
        }
    }

    /// The next call is the first of a new burst.
    fn cancel(&mut self) {
        self.burst = None;
    }
}

#[cfg(test)]
mod tests;
