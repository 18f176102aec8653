//! The two threads behind the clock of the system, and who needs them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use super::glance::{self, Keeper};
use super::leap::Leap;
use super::{Clock, Swept, nanoseconds};

/// How often everything is swept.
const SWEEP: Duration = Duration::from_millis(100);
/// How many places one sweep looks at: a quarter of a millisecond, and a million in six seconds.
const PLACES: usize = 16_384;
/// After so many ticks without a new time something is wrong.
pub(super) const LATE: u32 = 4;

pub(super) struct Threads {
    start: OnceLock<Instant>,
    leap: Mutex<Leap>,
    /// In nanoseconds, what the monotonic clock has not seen.
    slept: AtomicU64,
    work: Mutex<Work>,
}

struct Work {
    swept: Vec<Registered>,
    /// The process that the threads are in: a fork has none of them.
    process: u32,
    ticker: Option<JoinHandle<()>>,
    sweeper: Option<JoinHandle<()>>,
}

struct Registered {
    swept: Weak<dyn Swept>,
    tick: Duration,
}

impl Threads {
    pub(super) const fn new() -> Self {
        Self {
            start: OnceLock::new(),
            leap: Mutex::new(Leap::new()),
            slept: AtomicU64::new(0),
            work: Mutex::new(Work {
                swept: Vec::new(),
                process: 0,
                ticker: None,
                sweeper: None,
            }),
        }
    }

    /// Nanoseconds since this was asked first, and the sleep that was known at the last [look](Self::look).
    pub(super) fn exact(&self) -> u64 {
        let monotonic = nanoseconds(self.start.get_or_init(Instant::now).elapsed());
        monotonic.saturating_add(self.slept.load(Relaxed))
    }

    /// [`Self::exact`], after a look whether the machine has slept.
    pub(super) fn look(&self) -> u64 {
        // Whom somebody else is just doing it for has nothing to add.
        if let Ok(mut leap) = self.leap.try_lock() {
            let monotonic = nanoseconds(self.start.get_or_init(Instant::now).elapsed());
            let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let wall = wall.map_or(0, |wall| i128::try_from(wall.as_nanos()).unwrap_or(0));
            self.slept.store(leap.look(monotonic, wall), Relaxed);
        }
        self.exact()
    }

    pub(super) fn register(&'static self, swept: Weak<dyn Swept>, tick: Duration) {
        let mut work = self.work();
        work.swept.push(Registered { swept, tick });
        self.start_missing(&mut work, std::process::id());
        // Its tick may be shorter than that it is just waiting for.
        if let Some(ticker) = &work.ticker {
            ticker.thread().unpark();
        }
    }

    /// Has the [glance](glance) written, whose time has just been asked for.
    pub(super) fn have_ticks(&'static self) -> Keeper {
        // In the child of a fork nobody may ever unlock it.
        let Ok(mut work) = self.work.try_lock() else {
            return Keeper::Perhaps;
        };
        self.start_missing(&mut work, std::process::id());
        match &work.ticker {
            Some(ticker) => {
                ticker.thread().unpark();
                Keeper::Thread
            }
            None => Keeper::None,
        }
    }

    /// Starts what is gone, if anybody needs it. Called when the time is late.
    pub(super) fn revive(&'static self) {
        // In the child of a fork nobody may ever unlock it.
        if let Ok(mut work) = self.work.try_lock() {
            self.start_missing(&mut work, std::process::id());
        }
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_missing(&'static self, work: &mut Work, process: u32) {
        if work.process != process {
            work.process = process;
            // Threads of another process: not even to be let go of.
            std::mem::forget((work.ticker.take(), work.sweeper.take()));
        }
        let is_gone =
            |thread: &Option<JoinHandle<()>>| thread.as_ref().is_none_or(JoinHandle::is_finished);
        // Without threads the time is written by who asks for it, and nothing is swept.
        if work.tick().is_some() && is_gone(&work.ticker) {
            let tick = move || self.tick();
            work.ticker = Builder::new().name("perfkit-clock".into()).spawn(tick).ok();
        }
        if work.registered().is_some() && is_gone(&work.sweeper) {
            let sweep = move || self.sweep();
            work.sweeper = Builder::new()
                .name("perfkit-sweep".into())
                .spawn(sweep)
                .ok();
        }
    }

    fn tick(&self) {
        let clock = Clock::system();
        loop {
            let tick = {
                let mut work = self.work();
                let tick = work.tick();
                if tick.is_none() {
                    clock.late.store(u64::MAX, Relaxed);
                    glance::SYSTEM.forget();
                    if !glance::SYSTEM.lingers(crate::clock::ticks()) {
                        work.ticker = None;
                        return;
                    }
                }
                tick
            };
            let Some(tick) = tick else {
                std::thread::park_timeout(glance::LINGER);
                continue;
            };
            clock.set(self.look());
            let ticks = crate::clock::ticks();
            clock.written.fetch_max(ticks, Relaxed);
            glance::SYSTEM.write(ticks);
            let late = crate::clock::ticks_in(tick.saturating_mul(LATE));
            clock.late.store(ticks.saturating_add(late), Relaxed);
            std::thread::park_timeout(tick);
        }
    }

    fn sweep(&self) {
        loop {
            let swept: Vec<_> = {
                let mut work = self.work();
                if work.registered().is_none() {
                    work.sweeper = None;
                    return;
                }
                work.swept
                    .iter()
                    .map(|registered| registered.swept.clone())
                    .collect()
            };
            sweep(Clock::system().now(), PLACES, &swept);
            std::thread::park_timeout(SWEEP);
        }
    }
}

impl Work {
    /// How often the time is to be written; never when nobody needs it.
    fn tick(&mut self) -> Option<Duration> {
        let is_wanted = glance::SYSTEM.is_wanted(crate::clock::ticks());
        let glance = is_wanted.then_some(glance::TICK);
        self.registered().into_iter().chain(glance).min()
    }

    /// The tick that those who are left need; none when nobody is.
    fn registered(&mut self) -> Option<Duration> {
        self.swept
            .retain(|registered| registered.swept.strong_count() > 0);
        self.swept.iter().map(|registered| registered.tick).min()
    }
}

/// Sweeps each. A panic in the code of users that comes with it spares the others.
pub(super) fn sweep(now: u64, places: usize, swept: &[Weak<dyn Swept>]) {
    for swept in swept.iter().filter_map(Weak::upgrade) {
        // The last one there is may be this, and dropping it may drop what users have made.
        contained(move || swept.sweep(now, places));
    }
}

fn contained(run: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(run))
        // Whoever panics in a drop may panic in that of the payload, too.
        && let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        std::mem::forget(another);
    }
}
