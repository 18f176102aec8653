//! The only file that reads time.
//!
//! A time stamp is a number of *ticks*: of the processor's time-stamp counter where the system itself keeps time by it,
//! else of the monotonic clock of the system (one tick is then one nanosecond). Everything records ticks; they become
//! nanoseconds or seconds through one factor, which starts as the calibration of `quanta` and is replaced by the ratio
//! of the two clocks since the start as soon as that covers a second, because a ratio over a longer time is the better
//! one. Ticks that run backwards count as no time.
//!
//! It does not follow the wall clock, and on Linux time stands still while the machine sleeps.

#![allow(
    clippy::disallowed_methods,
    reason = "this is where the rest of the workspace is sent to"
)]

pub(crate) mod coarse;
pub(crate) mod steady;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

/// Ticks become nanoseconds as `ticks * factor >> FRACTION`.
const FRACTION: u32 = 32;
/// One tick is one nanosecond.
const NANOSECONDS: u64 = 1 << FRACTION;
/// How long the two clocks must have run side by side before their ratio is better than the calibration at the start.
const LONG_ENOUGH: Duration = Duration::from_secs(1);

static CLOCK: OnceLock<Clock> = OnceLock::new();

struct Clock {
    source: Source,
    /// Where both clocks stood at the start.
    start: Pair,
    /// The calibration at the start; later ones must agree with it within one percent.
    calibrated: u64,
    factor: AtomicU64,
}

enum Source {
    Counter(quanta::Clock),
    System(Instant),
}

/// Both clocks at one moment.
#[derive(Clone, Copy)]
struct Pair {
    ticks: u64,
    instant: Instant,
}

impl Source {
    #[inline]
    fn ticks(&self) -> u64 {
        match self {
            Self::Counter(clock) => clock.raw(),
            Self::System(start) => since(*start),
        }
    }

    /// The best of a few attempts: the one in which the least time passed between the two reads of the counter.
    fn pair(&self) -> Pair {
        let attempt = || {
            let before = self.ticks();
            let instant = Instant::now();
            let gap = self.ticks().saturating_sub(before);
            let ticks = before.saturating_add(gap / 2);
            (gap, Pair { ticks, instant })
        };
        let (mut smallest, mut best) = attempt();
        for _ in 0..4 {
            let (gap, pair) = attempt();
            if gap < smallest {
                (smallest, best) = (gap, pair);
            }
        }
        best
    }
}

impl Clock {
    fn new() -> Self {
        let (source, factor) = if counter_is_trusted() {
            let clock = quanta::Clock::new();
            let factor = clock.delta_as_nanos(0, NANOSECONDS);
            (Source::Counter(clock), factor)
        } else {
            (Source::System(Instant::now()), NANOSECONDS)
        };
        Self {
            start: source.pair(),
            source,
            calibrated: factor,
            factor: AtomicU64::new(factor),
        }
    }

    fn recalibrate(&self) {
        if matches!(self.source, Source::System(_)) {
            return;
        }
        let now = self.source.pair();
        let elapsed = now.instant.saturating_duration_since(self.start.instant);
        let ticks = now.ticks.saturating_sub(self.start.ticks);
        if let Some(factor) = ratio(elapsed, ticks, self.calibrated) {
            self.factor.store(factor, Relaxed);
        }
    }
}

/// The factor by which `ticks` took `elapsed`; none when that covers too little, or cannot be true because one of the
/// clocks has stood still (a machine that slept).
fn ratio(elapsed: Duration, ticks: u64, calibrated: u64) -> Option<u64> {
    if elapsed < LONG_ENOUGH {
        return None;
    }
    let factor = (elapsed.as_nanos() << FRACTION).checked_div(u128::from(ticks))?;
    let factor = u64::try_from(factor).ok()?;
    (factor.abs_diff(calibrated) <= calibrated / 100).then_some(factor)
}

/// Whether the counter runs evenly and together on all processors. The processor's word for it is not enough on Linux,
/// where the kernel watches the counter and leaves it when it is wrong.
fn counter_is_trusted() -> bool {
    if cfg!(miri) {
        return false;
    }
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let chosen = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
        return std::fs::read_to_string(chosen).is_ok_and(|name| name.trim() == "tsc");
    }
    true
}

#[inline]
fn clock() -> &'static Clock {
    match CLOCK.get() {
        Some(clock) => clock,
        None => start(),
    }
}

#[cold]
#[inline(never)]
fn start() -> &'static Clock {
    CLOCK.get_or_init(Clock::new)
}

/// Now, in ticks.
#[inline]
pub(crate) fn ticks() -> u64 {
    #[cfg(test)]
    if let Some(ticks) = test::read() {
        return ticks;
    }
    clock().source.ticks()
}

/// The counter that ticks are read from, where it is trusted; unit tests set theirs by hand.
fn counter() -> Option<quanta::Clock> {
    match &clock().source {
        Source::Counter(counter) if !cfg!(test) => Some(counter.clone()),
        _ => None,
    }
}

/// When a call began, which all of its policies are told: they read no clock of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Start(u64);

impl Start {
    /// Now.
    #[inline]
    #[must_use]
    pub fn now() -> Self {
        Self(ticks())
    }

    /// In ticks.
    #[inline]
    pub(crate) const fn ticks(self) -> u64 {
        self.0
    }

    #[cfg(test)]
    pub(crate) fn ago(time: Duration) -> Self {
        Self(ticks().saturating_sub(ticks_in(time)))
    }

    /// How long ago that was.
    pub(crate) fn age(self) -> Duration {
        let ticks = ticks().saturating_sub(self.0);
        Duration::from_nanos(nanos(ticks, factor()))
    }
}

/// Now, as the standard library has it: for what happens seldom.
#[cfg(feature = "tracing")]
pub(crate) fn now() -> Instant {
    #[cfg(test)]
    if let Some(now) = test::now() {
        return now;
    }
    Instant::now()
}

/// What one tick is worth, for [`nanos`].
#[inline]
pub(crate) fn factor() -> u64 {
    #[cfg(test)]
    if test::ticks().is_some() {
        return NANOSECONDS;
    }
    clock().factor.load(Relaxed)
}

/// Ticks in whole nanoseconds, rounded down.
#[inline]
pub(crate) fn nanos(ticks: u64, factor: u64) -> u64 {
    let nanos = (u128::from(ticks) * u128::from(factor)) >> FRACTION;
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

/// A sum of ticks in nanoseconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "a sum over years is known to a millionth of a second"
)]
pub(crate) fn nanos_of_sum(ticks: u128, factor: u64) -> f64 {
    ticks as f64 * (factor as f64 / NANOSECONDS as f64)
}

/// A duration in ticks, rounded up, at most `u64::MAX`.
pub(crate) fn ticks_in(duration: Duration) -> u64 {
    let factor = u128::from(factor().max(1));
    // Durations of more than 2^96 nanoseconds do not exist: 2^64 seconds are less than 2^94.
    let ticks = (duration.as_nanos() << FRACTION).div_ceil(factor);
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// Makes conversions as good as the time since the start allows. Nothing to do where nobody has asked for ticks.
pub(crate) fn recalibrate() {
    if let Some(clock) = CLOCK.get() {
        clock.recalibrate();
    }
}

/// The monotonic clock of the system, for what is long and rarely asked: the window of a report.
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// The wall clock, which people set: for naming a moment, never for measuring.
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

#[cold]
#[inline(never)]
fn since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// A clock that unit tests set by hand, each thread its own; its ticks are nanoseconds.
#[cfg(test)]
pub(crate) mod test {
    use std::cell::Cell;
    #[cfg(feature = "tracing")]
    use std::{
        sync::LazyLock,
        time::{Duration, Instant},
    };

    use super::coarse::glance::Glance;

    thread_local! {
        static TICKS: Cell<Option<u64>> = const { Cell::new(None) };
        static READS: Cell<u64> = const { Cell::new(0) };
        static GLANCE: Cell<Option<&'static Glance>> = const { Cell::new(None) };
    }

    pub(crate) fn ticks() -> Option<u64> {
        TICKS.try_with(Cell::get).ok().flatten()
    }

    /// The same, and counts it.
    pub(crate) fn read() -> Option<u64> {
        let _ = READS.try_with(|reads| reads.set(reads.get() + 1));
        ticks()
    }

    /// How often this thread has read its clock while it did this.
    pub(crate) fn reads(during: impl FnOnce()) -> u64 {
        let before = READS.get();
        during();
        READS.get() - before
    }

    /// The steady time at a glance, as this thread sees it.
    pub(crate) fn glance() -> Option<&'static Glance> {
        GLANCE.get()
    }

    /// Takes over what this thread sees at a glance.
    pub(crate) fn set_glance(glance: &'static Glance) {
        GLANCE.set(Some(glance));
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn now() -> Option<Instant> {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        ticks().map(|ticks| *START + Duration::from_nanos(ticks))
    }

    /// Takes over the clock of this thread and moves it to `ticks`.
    pub(crate) fn set(ticks: u64) {
        TICKS.set(Some(ticks));
    }

    /// Moves the clock on.
    pub(crate) fn pass(by: u64) {
        set(ticks().unwrap_or(0) + by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_do_not_run_backwards() {
        let first = ticks();
        assert!(ticks() >= first);
    }

    #[test]
    fn a_short_time_leaves_the_first_calibration() {
        assert_eq!(
            ratio(Duration::from_millis(999), 2_596_000_000, NANOSECONDS),
            None
        );
    }

    #[test]
    fn a_long_time_replaces_it() {
        let calibrated = NANOSECONDS / 1000 * 385;
        let factor = ratio(Duration::from_secs(1000), 2_600_000_000 * 1000, calibrated).unwrap();
        assert_eq!(nanos(2_600_000_000, factor), 999_999_999);
    }

    #[test]
    fn clocks_that_disagree_are_not_believed() {
        let slept = ratio(Duration::from_secs(10), 20_000_000_000, NANOSECONDS);
        assert_eq!(slept, None);
        assert_eq!(ratio(Duration::from_secs(10), 0, NANOSECONDS), None);
    }

    #[test]
    fn no_duration_overflows() {
        test::set(0);
        assert_eq!(ticks_in(Duration::MAX), u64::MAX);
        assert_eq!(ticks_in(Duration::ZERO), 0);
        assert_eq!(ticks_in(Duration::from_millis(250)), 250_000_000);
        assert_eq!(nanos(u64::MAX, u64::MAX), u64::MAX);
        assert_eq!(nanos(41, NANOSECONDS), 41);
    }

    #[test]
    fn a_report_may_recalibrate_at_any_time() {
        recalibrate();
        let factor = factor();
        assert!(factor > 0);
    }
}
