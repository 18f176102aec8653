//! Nanoseconds since it was made, for what compares times over and over: by ticks, which cost less than the system's time.
//!
//! What a tick is worth is decided once, when it is made. The factor that the rest goes by gets better now and then, and
//! a sum over all of a process would leap then. On Linux it stands still while the machine sleeps. With a
//! [manual](Clock::manual) clock it is the time of that.

use super::coarse::Clock;
use super::{factor, nanos, ticks};

pub(crate) struct Steady {
    origin: u64,
    factor: u64,
    source: Source,
}

/// Where the time is read: the counter itself, with one look at what it is, and everything else elsewhere.
enum Source {
    Counter(quanta::Clock),
    Ticks,
    Manual(&'static Clock),
}

impl Steady {
    pub(crate) fn new(clock: &'static Clock) -> Self {
        let source = if std::ptr::eq(clock, Clock::system()) {
            super::counter().map_or(Source::Ticks, Source::Counter)
        } else {
            Source::Manual(clock)
        };
        Self {
            origin: ticks(),
            factor: factor(),
            source,
        }
    }

    /// Now.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        match &self.source {
            Source::Counter(counter) => self.at(counter.raw()),
            _ => self.now_elsewhere(),
        }
    }

    #[cold]
    #[inline(never)]
    fn now_elsewhere(&self) -> u64 {
        match &self.source {
            Source::Manual(clock) => clock.now(),
            _ => self.at(ticks()),
        }
    }

    #[inline]
    fn at(&self, ticks: u64) -> u64 {
        nanos(ticks.saturating_sub(self.origin), self.factor)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_is_the_time_of_the_clock_it_was_made_with() {
        static MANUAL: Clock = Clock::manual();
        let steady = Steady::new(&MANUAL);
        MANUAL.advance(Duration::from_nanos(7));
        assert_eq!(steady.now(), 7);

        crate::clock::test::set(1000);
        let steady = Steady::new(Clock::system());
        crate::clock::test::pass(5);
        assert_eq!(steady.now(), 5);
        crate::clock::test::set(0);
        assert_eq!(steady.now(), 0);
    }
}
