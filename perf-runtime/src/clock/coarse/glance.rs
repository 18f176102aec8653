//! The [steady](super::super::steady) time at a glance: milliseconds in memory, for those who would read the time over and
//! over only to see that it is not nearly what they wait for.
//!
//! It is never ahead of the time, and behind it by a tick or two, or by more where the machine is too busy for the thread
//! that writes it. So it says that a moment has come at the earliest, never that it has not: who goes by it leaves a
//! [`MARGIN`], and tells the time now and then ([`Glance::ask`]), which brings it up to date and wakes the thread.
//!
//! It is there while it is asked for. Where nobody has asked for a while, or there is no thread to be had, it is
//! [`UNKNOWN`]. In the child of a fork, which has no threads, it stands still until it is asked for.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::Clock;
use crate::clock::{steady, ticks_in};

/// Further from every time than times are from each other.
pub(crate) const UNKNOWN: u64 = 1 << 63;

/// How many milliseconds before its moment somebody begins to ask for the time itself: some ticks, so that it is late only
/// where threads do not come to run for that long.
pub(crate) const MARGIN: u64 = 250;

/// How often it is written.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// How many milliseconds behind it is wrong.
const LATE: u64 = 150;

/// How long it is written for those who have asked.
const LEASE: Duration = Duration::from_secs(10);

/// How long its thread waits after that for somebody to ask again, asleep.
pub(super) const LINGER: Duration = Duration::from_secs(600);

/// That of the system's clock.
pub(crate) static SYSTEM: Glance = Glance::new(|| Clock::system().have_ticks());

/// Of a clock that has no such thing.
pub(crate) static OF_NOBODY: Glance = Glance::new(|| Keeper::None);

/// See the module. On lines of its own: it is written seldom, and read by everyone.
#[repr(align(128))]
pub(crate) struct Glance {
    millis: AtomicU64,
    /// In ticks, until when it is written; zero where nobody has asked.
    until: AtomicU64,
    /// There is no thread for it.
    has_none: AtomicBool,
    /// Who writes it from now on.
    keeper: fn() -> Keeper,
}

/// Who writes a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeper {
    Thread,
    /// That cannot be known now.
    Perhaps,
    None,
}

impl Glance {
    pub(crate) const fn new(keeper: fn() -> Keeper) -> Self {
        Self {
            millis: AtomicU64::new(UNKNOWN),
            until: AtomicU64::new(0),
            has_none: AtomicBool::new(false),
            keeper,
        }
    }

    /// The steady time in milliseconds, rounded down, some ticks ago; or [`UNKNOWN`].
    #[inline]
    pub(crate) fn millis(&self) -> u64 {
        self.millis.load(Relaxed)
    }

    /// Asks for it for a while from `ticks` on, which is now.
    #[cold]
    #[inline(never)]
    pub(crate) fn ask(&self, ticks: u64) {
        let until = ticks.saturating_add(ticks_in(LEASE));
        // Those who ask are many, and what they write is read by all.
        if until.abs_diff(self.until.load(Relaxed)) > ticks_in(LEASE / 2) {
            self.until.store(until, Relaxed);
        }
        let now = steady::millis_at(ticks);
        // Ahead of it, after a clock was set back, is as wrong.
        if now.wrapping_sub(self.millis()) > LATE && !self.has_none.load(Relaxed) {
            self.begin(now);
        }
    }

    fn begin(&self, now: u64) {
        let millis = match (self.keeper)() {
            Keeper::Thread => now,
            Keeper::Perhaps => UNKNOWN,
            Keeper::None => {
                self.has_none.store(true, Relaxed);
                UNKNOWN
            }
        };
        self.millis.store(millis, Relaxed);
    }

    /// The time is `ticks`: written, if anybody wants it.
    pub(super) fn write(&self, ticks: u64) {
        if self.is_wanted(ticks) {
            self.show(ticks);
        } else {
            self.forget();
        }
    }

    pub(crate) fn show(&self, ticks: u64) {
        self.millis.store(steady::millis_at(ticks), Relaxed);
    }

    /// Nobody writes it from now on.
    pub(super) fn forget(&self) {
        self.millis.store(UNKNOWN, Relaxed);
    }

    /// Whether somebody has asked for it not long ago.
    pub(super) fn is_wanted(&self, ticks: u64) -> bool {
        ticks < self.until.load(Relaxed)
    }

    /// Whether somebody may ask for it again.
    pub(super) fn lingers(&self, ticks: u64) -> bool {
        let until = self.until.load(Relaxed);
        until != 0 && ticks < until.saturating_add(ticks_in(LINGER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::test;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn it_is_there_from_when_it_is_asked_for() {
        test::set(5 * SECOND);
        let glance = Glance::new(|| Keeper::Thread);
        assert_eq!(glance.millis(), UNKNOWN);
        glance.write(5 * SECOND);
        assert_eq!(glance.millis(), UNKNOWN, "nobody wants it");
        glance.ask(5 * SECOND + 999_999);
        assert_eq!(glance.millis(), 5_000);
        glance.write(6 * SECOND);
        assert_eq!(glance.millis(), 6_000);
    }

    #[test]
    fn it_is_not_written_for_those_who_do_not_ask_any_more() {
        test::set(0);
        let glance = Glance::new(|| Keeper::Thread);
        glance.ask(SECOND);
        assert!(glance.is_wanted(11 * SECOND - 1) && glance.lingers(SECOND));
        glance.write(11 * SECOND);
        assert_eq!(glance.millis(), UNKNOWN);
        assert!(glance.lingers(610 * SECOND) && !glance.lingers(611 * SECOND));
        assert!(!Glance::new(|| Keeper::Thread).lingers(SECOND));
        glance.ask(700 * SECOND);
        assert!(glance.millis() == 700_000 && glance.is_wanted(709 * SECOND));
    }

    #[test]
    fn who_asks_brings_it_up_to_date_and_nobody_else_writes_for_it() {
        test::set(0);
        let glance = Glance::new(|| Keeper::Thread);
        glance.ask(SECOND);
        glance.ask(SECOND + LATE * 1_000_000);
        assert_eq!(glance.millis(), 1_000, "it is not late yet");
        glance.ask(SECOND + (LATE + 1) * 1_000_000);
        assert_eq!(glance.millis(), 1_151);
        glance.ask(SECOND);
        assert_eq!(glance.millis(), 1_000, "the clock was set back");
    }

    #[test]
    fn it_is_unknown_where_no_thread_writes_it() {
        test::set(0);
        let none = Glance::new(|| Keeper::None);
        none.ask(SECOND);
        assert!(none.millis() == UNKNOWN && none.has_none.load(Relaxed));
        let perhaps = Glance::new(|| Keeper::Perhaps);
        perhaps.ask(SECOND);
        assert!(perhaps.millis() == UNKNOWN && !perhaps.has_none.load(Relaxed));
    }

    #[test]
    fn a_thread_writes_that_of_the_system() {
        SYSTEM.ask(crate::clock::ticks());
        let first = loop {
            // Somebody else may have had the lock.
            match SYSTEM.millis() {
                UNKNOWN => SYSTEM.ask(crate::clock::ticks()),
                millis => break millis,
            }
        };
        while SYSTEM.millis() == first {
            std::thread::yield_now();
        }
        assert!(SYSTEM.millis() <= steady::now() / 1_000_000);
    }
}
