//! A clock that costs a load to read, for what ends after seconds and is read every few nanoseconds.
//!
//! Its time is a number in memory. A thread of ours writes it every so often (the *tick*: a hundredth of the shortest
//! time anybody waits for, between 1 and 100 milliseconds), and another one sweeps: it calls those who have asked for it,
//! so that what has expired leaves without being read. Sweeping may run code of users and has a thread of its own for
//! that reason. Both exist while somebody is registered, are never joined, and are started anew when they are gone, as
//! after a `fork`. The first one also writes what is seen of the time at a [glance](glance).
//!
//! Should the thread not come to write, because the machine is too busy or the process was stopped, whoever has just
//! read the exact time says so ([`Clock::keep_up`]) and the time is written by them.
//!
//! Time goes on while the machine sleeps, which the monotonic clock of Linux does not see: when the wall clock has gained
//! more than a second on it, that is added. A wall clock that is set back changes nothing.
//!
//! A [manual](Clock::manual) clock stands still until it is moved, and sweeps as it is.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

pub(crate) mod glance;
mod leap;
#[cfg(test)]
mod tests;
mod threads;

use self::glance::Keeper;
use self::threads::Threads;

/// The end of time, which never comes: what expires then does not expire.
const LAST: u64 = u64::MAX - 1;

/// Something that expires, and is rid of it from time to time.
pub(crate) trait Swept: Send + Sync {
    /// Takes out what has expired at `now`, looking at about so many `places`.
    fn sweep(&self, now: u64, places: usize);
}

/// The time that caches keep.
///
/// All caches keep that of the [system](Clock::system), unless they are given another for a test:
///
/// ```
/// use perfkit::Clock;
/// use std::time::Duration;
///
/// static CLOCK: Clock = Clock::manual();
///
/// CLOCK.advance(Duration::from_secs(300));
/// ```
pub struct Clock {
    now: Line<AtomicU64>,
    /// In ticks of the processor, when that was written.
    written: AtomicU64,
    /// In ticks of the processor, when the next time should have been written long since.
    late: AtomicU64,
    source: Source,
}

// Every reader reads it: on a line that nothing else makes change hands.
#[repr(align(128))]
struct Line<T>(T);

enum Source {
    System(Threads),
    Manual(Mutex<Vec<Weak<dyn Swept>>>),
    /// Asked each time.
    Read(fn() -> u64),
}

static SYSTEM: Clock = Clock {
    now: Line(AtomicU64::new(0)),
    written: AtomicU64::new(0),
    late: AtomicU64::new(u64::MAX),
    source: Source::System(Threads::new()),
};

impl Clock {
    /// The clock that runs by itself.
    ///
    /// It counts the time that the machine sleeps, and no correction of the wall clock below a second.
    #[must_use]
    pub fn system() -> &'static Self {
        &SYSTEM
    }

    /// A clock that stands still until it is [advanced](Clock::advance).
    #[must_use]
    pub const fn manual() -> Self {
        Self {
            now: Line(AtomicU64::new(0)),
            written: AtomicU64::new(0),
            late: AtomicU64::new(u64::MAX),
            source: Source::Manual(Mutex::new(Vec::new())),
        }
    }

    /// A clock that asks for its nanoseconds each time. Who keeps its time reads it [exactly](Self::exact) and sweeps by itself.
    pub(crate) const fn read_by(read: fn() -> u64) -> Self {
        Self {
            now: Line(AtomicU64::new(0)),
            written: AtomicU64::new(0),
            late: AtomicU64::new(u64::MAX),
            source: Source::Read(read),
        }
    }

    /// Moves a manual clock on, and takes what has expired by then out of the caches that keep its time, in this thread.
    ///
    /// The clock stops at the end of its range, after 584 years. Nothing happens to the clock of the system.
    pub fn advance(&self, by: Duration) {
        let Source::Manual(swept) = &self.source else {
            return;
        };
        let on = |now: u64| Some(now.saturating_add(nanoseconds(by)).min(LAST));
        let _ = self.now.0.fetch_update(Relaxed, Relaxed, on);
        let swept = {
            let mut swept = swept.lock().unwrap_or_else(PoisonError::into_inner);
            swept.retain(|swept| swept.strong_count() > 0);
            swept.clone()
        };
        threads::sweep(self.now(), usize::MAX, &swept);
    }

    /// Whether it stands still until it is [advanced](Clock::advance).
    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.source, Source::Manual(_))
    }

    /// Now, in nanoseconds since a start, at most some ticks ago.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.now.0.load(Relaxed)
    }

    /// Now, in ticks of the processor, at most some ticks of this clock ago: for who compares stamps of
    /// [`clock::ticks`](super::ticks) that are seconds apart. Kept up for those who [keep](Self::keep) it.
    #[inline]
    pub(crate) fn ticks(&self) -> u64 {
        #[cfg(test)]
        if let Some(ticks) = super::test::ticks() {
            return ticks;
        }
        self.written.load(Relaxed)
    }

    /// Now, as exact as the system knows it: for what ends after less than a few ticks.
    pub(crate) fn exact(&self) -> u64 {
        match &self.source {
            Source::System(threads) => threads.exact(),
            Source::Manual(_) => self.now(),
            Source::Read(read) => read().min(LAST),
        }
    }

    /// Called now and then by who has just read the processor's `ticks` anyway: writes the time where our thread has not,
    /// and starts it anew where it is gone.
    #[inline]
    pub(crate) fn keep_up(&'static self, ticks: u64) {
        if ticks > self.late.load(Relaxed) {
            self.catch_up(ticks);
        }
    }

    #[cold]
    #[inline(never)]
    fn catch_up(&'static self, ticks: u64) {
        if let Source::System(threads) = &self.source {
            self.set(threads.look());
            self.written.fetch_max(ticks, Relaxed);
            threads.revive();
        }
    }

    /// Keeps time for what waits no shorter than `shortest`, as long as the answer lives, for one who sweeps by himself.
    pub(crate) fn keep(&'static self, shortest: Duration) -> Kept {
        let kept: Arc<dyn Swept> = Arc::new(Unswept);
        self.register(Arc::downgrade(&kept), shortest);
        Kept { _kept: kept }
    }

    /// Has its [glance](glance) written by a thread from now on.
    fn have_ticks(&'static self) -> Keeper {
        match &self.source {
            Source::System(threads) => threads.have_ticks(),
            Source::Manual(_) | Source::Read(_) => Keeper::None,
        }
    }

    /// Sweeps it from time to time while it exists, and keeps time for what waits no shorter than `shortest`.
    pub(crate) fn register(&'static self, swept: Weak<dyn Swept>, shortest: Duration) {
        match &self.source {
            Source::System(threads) => {
                // What comes now counts from now.
                self.set(threads.look());
                let now = super::ticks();
                self.written.fetch_max(now, Relaxed);
                let tick = tick_for(shortest);
                // Where there is no thread to be had, nobody else says when it is late.
                let late = super::ticks_in(tick.saturating_mul(threads::LATE));
                self.late.fetch_min(now.saturating_add(late), Relaxed);
                threads.register(swept, tick);
            }
            Source::Manual(list) => list
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(swept),
            Source::Read(_) => {}
        }
    }

    /// Writes the time, which does not go back.
    fn set(&self, now: u64) {
        self.now.0.fetch_max(now.min(LAST), Relaxed);
    }
}

/// See [`Clock::keep`].
pub(crate) struct Kept {
    _kept: Arc<dyn Swept>,
}

struct Unswept;

impl Swept for Unswept {
    fn sweep(&self, _: u64, _: usize) {}
}

/// A hundredth of a time is exact enough for it.
fn tick_for(shortest: Duration) -> Duration {
    (shortest / 100).clamp(Duration::from_millis(1), Duration::from_millis(100))
}

/// At most the end of time, which is never.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, now) = match self.source {
            Source::System(_) => ("system", self.now()),
            Source::Manual(_) => ("manual", self.now()),
            Source::Read(_) => ("read", self.exact()),
        };
        let now = Duration::from_nanos(now);
        f.debug_struct("Clock")
            .field(name, &now)
            .finish_non_exhaustive()
    }
}
