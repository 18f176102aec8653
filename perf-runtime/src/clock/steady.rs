//! Nanoseconds since a start that everybody shares, for what compares times over and over: by ticks, which cost less than
//! the system's time.
//!
//! What a tick is worth is decided once, when somebody asks first. The factor that the rest goes by gets better now and
//! then, and a sum over all of a process would leap then. On Linux it stands still while the machine sleeps. With a
//! [manual](Clock::manual) clock it is the time of that.

use std::sync::OnceLock;

use super::coarse::Clock;
use super::coarse::glance::{self, Glance};
use super::{factor, nanos, ticks};

/// In nanoseconds.
pub(crate) const MILLISECOND: u64 = 1_000_000;

/// What the time counts from, and what a tick of it is worth.
#[derive(Clone, Copy)]
struct Base {
    origin: u64,
    factor: u64,
}

impl Base {
    fn of_all() -> Self {
        static BASE: OnceLock<Base> = OnceLock::new();
        #[cfg(test)]
        if super::test::ticks().is_some() {
            return Self {
                origin: 0,
                factor: factor(),
            };
        }
        *BASE.get_or_init(|| Self {
            origin: ticks(),
            factor: factor(),
        })
    }

    #[inline]
    fn at(self, ticks: u64) -> u64 {
        nanos(ticks.saturating_sub(self.origin), self.factor)
    }
}

/// Now, by the clock of the system.
pub(crate) fn now() -> u64 {
    Base::of_all().at(ticks())
}

/// What time it was at these ticks, in whole milliseconds.
pub(super) fn millis_at(ticks: u64) -> u64 {
    Base::of_all().at(ticks) / MILLISECOND
}

/// The time of a clock.
pub(crate) struct Steady {
    base: Base,
    source: Source,
    glance: &'static Glance,
}

/// Where the time is read: the counter itself, with one look at what it is, and everything else elsewhere.
enum Source {
    Counter(quanta::Clock),
    Ticks,
    Manual(&'static Clock),
}

impl Steady {
    pub(crate) fn new(clock: &'static Clock) -> Self {
        let (source, glance) = if std::ptr::eq(clock, Clock::system()) {
            let counter = super::counter();
            let source = counter.map_or(Source::Ticks, Source::Counter);
            (source, glance_of_all())
        } else {
            (Source::Manual(clock), &glance::OF_NOBODY)
        };
        Self {
            base: Base::of_all(),
            source,
            glance,
        }
    }

    /// Now.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        match &self.source {
            Source::Counter(counter) => self.base.at(counter.raw()),
            _ => self.now_elsewhere(),
        }
    }

    #[cold]
    #[inline(never)]
    fn now_elsewhere(&self) -> u64 {
        match &self.source {
            Source::Manual(clock) => clock.now(),
            _ => self.base.at(ticks()),
        }
    }

    /// Now at a glance, in milliseconds. See [`Glance::millis`].
    #[inline]
    pub(crate) fn glance(&self) -> u64 {
        self.glance.millis()
    }

    /// Wants it to be seen at a glance. To be called now and then by who goes by that.
    #[cold]
    pub(crate) fn ask_for_glances(&self) {
        if !self.is_manual() {
            self.glance.ask(ticks());
        }
    }

    /// Whether it is the time of one clock, and not that of all.
    #[inline]
    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.source, Source::Manual(_))
    }
}

fn glance_of_all() -> &'static Glance {
    #[cfg(test)]
    if super::test::ticks().is_some() {
        return super::test::glance().unwrap_or(&glance::OF_NOBODY);
    }
    &glance::SYSTEM
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
        assert_eq!((steady.now(), steady.is_manual()), (7, true));
        assert_eq!(steady.glance(), glance::UNKNOWN);

        crate::clock::test::set(1000);
        let steady = Steady::new(Clock::system());
        crate::clock::test::pass(5);
        assert_eq!((steady.now(), steady.is_manual()), (1005, false));
        crate::clock::test::set(0);
        assert_eq!(steady.now(), 0);
    }

    #[test]
    fn all_who_keep_the_time_of_the_system_keep_the_same() {
        let first = Steady::new(Clock::system());
        let before = first.now();
        let second = Steady::new(Clock::system());
        let (between, after) = (second.now(), now());
        assert!(before <= between && between <= after && after <= first.now());
    }
}
