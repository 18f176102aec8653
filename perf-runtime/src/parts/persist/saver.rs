//! When a cache is saved: in the background after a change, on demand, and before the program ends.
//!
//! The first change that no snapshot has starts the interval, those that follow join it, and when it is over one save
//! takes them all. So there is at most one save per interval, and at most one interval is lost when the process is
//! killed; waiting for quiet instead would never save a cache that is in use. After a failure the next attempt comes
//! later, up to 64 intervals.
//!
//! The thread starts with the first change, serves one cache, sleeps when there is nothing to save, and is never joined.
//! It is not there in a forked child, which saves on demand and at its end. What saves is a closure, called without any
//! lock of ours, on the thread or on the one that asks.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use super::{PersistError, Saved};
use crate::{clock, ending};

/// How long a change waits for its save, unless the user says otherwise.
pub const INTERVAL: Duration = Duration::from_secs(60);
/// How long the end of the program waits for a save that is running already.
const PATIENCE: Duration = Duration::from_secs(5);
/// No platform is asked to wait longer than this at once.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
/// A disk that is full is not asked more often than this.
const SHORTEST_RETRY: Duration = Duration::from_secs(1);

/// Every saver there is, for the end of the program.
static SAVERS: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

type Job = dyn Fn() -> Result<Saved, PersistError> + Send + Sync;

/// Saves one cache when it is time. Dropped, it saves no more.
pub struct Saver(Arc<Shared>);

struct Shared {
    job: Box<Job>,
    path: PathBuf,
    interval: Duration,
    /// True when there are changes that no snapshot has; then somebody has seen to their save.
    changed: AtomicBool,
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    due: Option<Instant>,
    saving: Option<ThreadId>,
    has_thread: bool,
    is_closed: bool,
    history: History,
    in_a_row: u32,
}

impl State {
    fn put_off(&mut self, by: Duration) {
        // A time that cannot be told never comes.
        self.due = clock::instant().checked_add(by);
    }
}

/// What came of the saves so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Saves that succeeded.
    pub saves: u64,
    /// Saves that failed.
    pub failures: u64,
    /// What the last one that succeeded has written.
    pub last: Option<Saved>,
    /// Why the last one failed; nothing when it did not.
    pub error: Option<String>,
}

impl Saver {
    /// A saver that calls `job` to save what is kept at `path`, at most once per `interval` ([`INTERVAL`] by default)
    /// and never twice at the same time.
    ///
    /// The job must not keep alive what owns the saver: give it a [`Weak`].
    pub fn new(
        path: impl Into<PathBuf>,
        interval: Duration,
        job: impl Fn() -> Result<Saved, PersistError> + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            job: Box::new(job),
            path: path.into(),
            interval,
            changed: AtomicBool::new(false),
            state: Mutex::default(),
            wake: Condvar::new(),
        });
        let mut savers = SAVERS.lock().unwrap_or_else(PoisonError::into_inner);
        savers.retain(|saver| saver.strong_count() > 0);
        savers.push(Arc::downgrade(&shared));
        drop(savers);
        ending::before(save_all);
        Self(shared)
    }

    /// Tells that the cache has changed, after it has: a fence and a load, except for the first change after a save.
    #[inline]
    pub fn changed(&self) {
        // Against the one in `Shared::save`: either the change is in the snapshot, or the flag is seen down here.
        fence(Ordering::SeqCst);
        if !self.0.changed.load(Ordering::Relaxed) {
            self.0.first_change();
        }
    }

    /// Saves now, on this thread. A save that is running already is waited for, and another one made.
    ///
    /// # Errors
    /// When nothing was saved; another attempt is made in the background.
    pub fn save_now(&self) -> Result<Saved, PersistError> {
        self.0.save(None)
    }

    /// Saves what no snapshot has yet, as the end of the program does.
    #[cfg(test)]
    pub(super) fn finish(&self) {
        self.0.finish();
    }

    /// What came of the saves so far.
    #[must_use]
    pub fn history(&self) -> History {
        self.0.lock().history.clone()
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }
}

impl Drop for Saver {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.wake.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing of the user's runs under the lock, so there is no half-done state to fear.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cold]
    fn first_change(self: &Arc<Self>) {
        if self.changed.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut state = self.lock();
        state.put_off(self.interval);
        if !state.has_thread {
            let shared = Arc::clone(self);
            // Without a thread, on a system that has none left to give, the end of the program saves.
            state.has_thread = thread::Builder::new()
                .name("perfkit-saver".to_owned())
                .spawn(move || shared.run())
                .is_ok();
        }
        drop(state);
        self.wake.notify_all();
    }

    fn run(&self) {
        let mut state = self.lock();
        while !state.is_closed {
            let now = clock::instant();
            let wait = state.due.map_or(LONGEST_WAIT, |due| {
                due.saturating_duration_since(now).min(LONGEST_WAIT)
            });
            if wait.is_zero() && state.saving.is_none() {
                drop(state);
                let _ = self.save(None); // counted, and tried again
                state = self.lock();
            } else {
                let wait = if wait.is_zero() { LONGEST_WAIT } else { wait };
                state = self.wait(state, wait);
            }
        }
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State>, wait: Duration) -> MutexGuard<'s, State> {
        let woken = self.wake.wait_timeout(state, wait);
        woken.unwrap_or_else(PoisonError::into_inner).0
    }

    fn save(&self, patience: Option<Duration>) -> Result<Saved, PersistError> {
        let me = thread::current().id();
        let until = patience.and_then(|patience| clock::instant().checked_add(patience));
        let mut state = self.lock();
        while let Some(who) = state.saving {
            let left = until.map_or(LONGEST_WAIT, |until| {
                until.saturating_duration_since(clock::instant())
            });
            // A value whose `Serialize` saves the cache would wait for itself.
            if who == me || left.is_zero() {
                return Err(PersistError::Busy {
                    path: self.path.clone(),
                });
            }
            state = self.wait(state, left);
        }
        state.saving = Some(me);
        state.due = None;
        drop(state);

        self.changed.store(false, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let result = catch_unwind(AssertUnwindSafe(&self.job)).unwrap_or_else(|_| {
            let source = io::Error::other("a panic in what is saved");
            Err(PersistError::new(&self.path, "write", source))
        });
        self.note(&result);
        result
    }

    /// Saves what no snapshot has yet.
    fn finish(&self) {
        let is_open = !self.lock().is_closed;
        if is_open && self.changed.load(Ordering::SeqCst) {
            let _ = self.save(Some(PATIENCE)); // counted; at the end there is no other attempt
        }
    }

    fn note(&self, result: &Result<Saved, PersistError>) {
        let mut state = self.lock();
        state.saving = None;
        match result {
            Ok(saved) => {
                state.in_a_row = 0;
                state.history.saves = state.history.saves.saturating_add(1);
                state.history.last = Some(*saved);
                state.history.error = None;
            }
            Err(error) => {
                state.in_a_row = state.in_a_row.saturating_add(1);
                state.history.failures = state.history.failures.saturating_add(1);
                state.history.error = Some(told(error));
                self.changed.store(true, Ordering::Relaxed);
                let wait = retry_after(self.interval, state.in_a_row);
                state.put_off(wait);
            }
        }
        drop(state);
        self.wake.notify_all();
    }
}

/// The error with its reason, on one line.
fn told(error: &PersistError) -> String {
    let reason = std::error::Error::source(error);
    reason.map_or_else(|| error.to_string(), |reason| format!("{error}: {reason}"))
}

/// When to try again after so many failures in a row.
pub(super) fn retry_after(interval: Duration, failures: u32) -> Duration {
    let doubled = failures.saturating_sub(1).min(6);
    interval
        .max(SHORTEST_RETRY)
        .saturating_mul(1_u32.wrapping_shl(doubled))
}

/// Saves what no snapshot has yet, for every cache there is.
fn save_all() {
    let savers = SAVERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    for saver in savers.iter().filter_map(Weak::upgrade) {
        saver.finish();
    }
}
