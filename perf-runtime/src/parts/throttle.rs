//! Many calls as few: the decision, without arguments and without waiting.
//!
//! A run opens a window of `every`. Calls in the window do not run; the last of them runs when it is over, and opens the
//! next. Two runs never begin within `every` of each other, unless a flush asks for it. A call that comes before a run
//! that is due has begun still joins it.

use std::time::{Duration, Instant};

use super::edge::{Edge, Pace, Runner, Verdict};

#[derive(Debug, Clone)]
pub(crate) struct Throttle {
    pub(crate) every: Duration,
    pub(crate) edge: Edge,
    /// When the last window was opened.
    opened: Option<Instant>,
    waits: bool,
}

impl Throttle {
    pub(crate) const fn new(every: Duration) -> Self {
        Self {
            every,
            edge: Edge::Both,
            opened: None,
            waits: false,
        }
    }

    /// A window that the clock cannot see the end of has none.
    fn is_closed(&self, now: Instant) -> bool {
        self.opened
            .is_none_or(|opened| opened.checked_add(self.every).is_some_and(|end| end <= now))
    }
}

impl Pace for Throttle {
    fn call(&mut self, now: Instant, runner: Runner) -> Verdict {
        let closed = !self.waits && self.is_closed(now);
        if closed && self.edge.is_leading() && runner == Runner::Idle {
            self.opened = Some(now);
            return Verdict::Now;
        }
        if !self.edge.is_trailing() {
            return Verdict::Never;
        }
        if closed && !self.edge.is_leading() {
            self.opened = Some(now);
        }
        self.waits = true;
        Verdict::Later
    }

    fn due(&self) -> Option<Instant> {
        self.opened.filter(|_| self.waits)?.checked_add(self.every)
    }

    fn run(&mut self, now: Instant) {
        self.waits = false;
        self.opened = Some(now);
    }

    /// The window stays: the next call does not run sooner for it.
    fn cancel(&mut self) {
        self.waits = false;
    }
}

#[cfg(test)]
mod tests;
