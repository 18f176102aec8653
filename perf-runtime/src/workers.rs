//! Threads of our own that run bodies which keep a processor busy, for callers that must not block.
//!
//! A call stands in line until a thread takes it. Threads are started when a call comes and none is idle, up to a number, and
//! end when there was nothing to do for a while. A caller that goes takes its call out of the line; one that runs is run to
//! its end, for nobody. What a body panics with is its caller's. A call from one of these threads is run there and then: it
//! would wait for its own end.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::Duration;

mod books;
mod call;
mod handle;
mod report;
#[cfg(test)]
mod tests;

use self::books::{Books, Count};
pub(crate) use self::call::Offload;
pub use self::handle::{Workers, WorkersStats};
pub(crate) use self::report::{SECTION, metrics};
use crate::batcher::Full;
use crate::beside::{Places, Shared};
use crate::rejected::Rejected;
use crate::rt;

/// After so long a thread with nothing to do ends.
const IDLE: Duration = Duration::from_secs(10);

/// What workers are told.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Threads at most; without, as many as there are processors.
    pub threads: Option<u64>,
    /// Calls that wait.
    pub queue: u64,
    /// What becomes of a call when so many wait.
    pub full: Full,
}

impl Settings {
    /// The defaults: a thread for each processor, 10,000 in the queue, wait.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            threads: None,
            queue: 10_000,
            full: Full::Wait,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

/// See the module.
pub(crate) struct Core {
    pub(crate) op: &'static str,
    most: usize,
    queue: usize,
    full: Full,
    books: Books,
    line: Mutex<Line>,
    ready: Condvar,
}

/// A call that waits, whatever it is.
trait Job: Send + Sync {
    /// Runs it, unless its caller has gone.
    fn run(&self, core: &'static Core);
    /// Answers it without running it.
    fn refuse(&self, rejected: Rejected);
}

struct Line {
    jobs: BTreeMap<u64, Arc<dyn Job>>,
    /// The number of the next.
    next: u64,
    threads: usize,
    idle: usize,
    is_closed: bool,
    /// Who waits for the end.
    watchers: Vec<Waker>,
}

thread_local! {
    /// Whose worker this thread is.
    static WORKS_FOR: Cell<Option<&'static Core>> = const { Cell::new(None) };
}

impl Shared for Core {
    type Options = Settings;

    fn places() -> &'static Places<Self> {
        static PLACES: Places<Core> = Places::new();
        &PLACES
    }

    fn make(op: &'static str, settings: Settings) -> &'static Self {
        Self::new(op, settings)
    }
}

impl Core {
    pub(crate) fn new(op: &'static str, settings: Settings) -> &'static Self {
        let whole = |count| usize::try_from(count).unwrap_or(usize::MAX);
        let processors = || thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Box::leak(Box::new(Self {
            op,
            most: settings.threads.map_or_else(processors, whole).max(1),
            queue: whole(settings.queue),
            full: settings.full,
            books: Books::new(),
            line: Mutex::new(Line {
                jobs: BTreeMap::new(),
                next: 0,
                threads: 0,
                idle: 0,
                is_closed: false,
                watchers: Vec::new(),
            }),
            ready: Condvar::new(),
        }))
    }

    /// Runs the body on one of the threads.
    pub(crate) fn run<F, A>(&'static self, body: F, is_error: fn(&A) -> bool) -> Offload<F, A>
    where
        F: FnOnce() -> A + Send + 'static,
        A: Send + 'static,
    {
        Offload::new(self, body, is_error)
    }

    pub(crate) fn reset(&self) {
        self.books.reset();
    }

    /// Whether this is one of the threads.
    fn is_here(&self) -> bool {
        let works_for = WORKS_FOR.try_with(Cell::get).ok().flatten();
        works_for.is_some_and(|core| std::ptr::eq(core, self))
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        // Nothing of the user's runs under the lock, so there is no half-done state to fear.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a call into the line; gives its number.
    fn enter(&'static self, job: Arc<dyn Job>) -> Result<u64, Rejected> {
        let (number, is_full, starts) = {
            let mut line = self.lock();
            let is_full = line.jobs.len() >= self.queue;
            if line.is_closed {
                return Err(Rejected::shut_down(self.op));
            }
            if is_full && self.full == Full::Reject {
                return Err(Rejected::queue_full(self.op));
            }
            let number = line.next;
            line.next += 1;
            line.jobs.insert(number, job);
            let starts = line.idle < line.jobs.len() && line.threads < self.most;
            line.threads += usize::from(starts);
            (number, is_full, starts)
        };
        self.books.count(Count::Queued);
        if is_full {
            self.books.count(Count::Full);
        }
        if starts {
            self.start();
        } else {
            self.ready.notify_one();
        }
        Ok(number)
    }

    fn start(&'static self) {
        let thread = thread::Builder::new().name("perfkit-worker".to_owned());
        if thread.spawn(|| self.work_off()).is_ok() {
            return;
        }
        let abandoned = {
            let mut line = self.lock();
            line.threads -= 1;
            if line.threads == 0 {
                std::mem::take(&mut line.jobs)
            } else {
                BTreeMap::new()
            }
        };
        for job in abandoned.into_values() {
            self.books.count(Count::Left);
            self.books.count(Count::Rejected);
            job.refuse(Rejected::batch_gone(self.op));
        }
    }

    fn work_off(&'static self) {
        let _ = WORKS_FOR.try_with(|works_for| works_for.set(Some(self)));
        while let Some(job) = self.next() {
            job.run(self);
            // The last of what belongs to the call may be here.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(job)));
            self.tell();
        }
    }

    /// The next call; nothing when the thread is to end.
    fn next(&self) -> Option<Arc<dyn Job>> {
        let mut line = self.lock();
        loop {
            if let Some((_, job)) = line.jobs.pop_first() {
                // Under the lock: who finds the line empty knows of everything that runs.
                self.books.count(Count::Taken);
                return Some(job);
            }
            line.idle += 1;
            let (woken, timeout) = self
                .ready
                .wait_timeout(line, IDLE)
                .unwrap_or_else(PoisonError::into_inner);
            line = woken;
            line.idle -= 1;
            if timeout.timed_out() && line.jobs.is_empty() {
                line.threads -= 1;
                return None;
            }
        }
    }

    /// Tells those who wait that something has ended.
    fn tell(&self) {
        let watchers = std::mem::take(&mut self.lock().watchers);
        for watcher in watchers {
            rt::wake(watcher);
        }
    }

    /// A call whose caller has gone before it ran.
    fn leave(&self, number: u64) {
        let job = self.lock().jobs.remove(&number);
        if job.is_some() {
            self.books.count(Count::Left);
        }
        drop(job);
        self.tell();
    }
}
