//! Threads of our own that run bodies which keep a processor busy, for callers that must not block.
//!
//! A call stands in line until a thread takes it. Threads are started when a call comes and none is idle, up to a number, and
//! end when there was nothing to do for a while. A caller that goes takes its call out of the line; one that runs is run to
//! its end, for nobody. What a body panics with is its caller's. A call from one of these threads is run there and then: it
//! would wait for its own end.

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Waker;

mod books;
mod call;
mod handle;
mod report;
mod sync;
#[cfg(test)]
mod tests;

use self::books::{Books, Count};
pub(crate) use self::call::Offload;
pub use self::handle::{Workers, WorkersStats};
pub(crate) use self::report::{SECTION, metrics};
use self::sync::{AtomicUsize, Condvar, LOOKS, Mutex, MutexGuard, lock, spin_loop, thread_local};
use crate::batcher::Full;
use crate::beside::{Places, Shared};
use crate::rejected::Rejected;
use crate::rt;

/// So often threads [look](LOOKS) after one call was seen behind another. A lone caller is held up by a thread that is awake: he is
/// woken on its processor.
const SEARCHES: u32 = 8;

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
    books: &'static Books,
    line: Mutex<Line>,
    /// Calls in line, as far as is known without the lock.
    queued: AtomicUsize,
    ready: Condvar,
}

/// A call that waits, whatever it is.
trait Job: Send + Sync {
    /// Runs it, unless its caller has gone.
    fn run(&self, core: &'static Core);
    /// Answers it without running it. False when its caller has gone, who has counted that.
    fn refuse(&self, core: &Core, rejected: Rejected) -> bool;
}

struct Line {
    /// In the order of their numbers.
    jobs: VecDeque<(u64, Arc<dyn Job>)>,
    /// The number of the next.
    next: u64,
    threads: usize,
    /// Threads that look for a call, and look here once more before they sleep.
    searching: usize,
    /// How often they still do that.
    searches: u32,
    asleep: usize,
    /// Those of them that somebody has woken.
    woken: usize,
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
        let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Box::leak(Box::new(Self {
            op,
            most: settings.threads.map_or_else(processors, whole).max(1),
            queue: whole(settings.queue),
            full: settings.full,
            books: sync::books(),
            line: Mutex::new(Line {
                jobs: VecDeque::new(),
                next: 0,
                threads: 0,
                searching: 0,
                searches: 0,
                asleep: 0,
                woken: 0,
                is_closed: false,
                watchers: Vec::new(),
            }),
            queued: AtomicUsize::new(0),
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
        lock(&self.line)
    }

    /// Puts a call into the line; gives its number.
    fn enter(&'static self, job: Arc<dyn Job>) -> Result<u64, Rejected> {
        let (number, is_full, starts, wakes) = {
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
            line.jobs.push_back((number, job));
            self.queued.store(line.jobs.len(), Relaxed);
            let idle = line.asleep + line.searching;
            let starts = idle < line.jobs.len() && line.threads < self.most;
            line.threads += usize::from(starts);
            (number, is_full, starts, !starts && line.wakes())
        };
        self.books.count(Count::Queued);
        if is_full {
            self.books.count(Count::Full);
        }
        if starts {
            self.start();
        }
        if wakes {
            self.ready.notify_one();
        }
        Ok(number)
    }

    fn start(&'static self) {
        if sync::spawn(|| self.work_off()) {
            return;
        }
        let abandoned = {
            let mut line = self.lock();
            line.threads -= 1;
            if line.threads == 0 {
                std::mem::take(&mut line.jobs)
            } else {
                VecDeque::new()
            }
        };
        // Those that are there may all sleep.
        self.ready.notify_one();
        self.refuse(abandoned, Rejected::batch_gone(self.op));
    }

    /// Answers calls that were taken out of the line, and are not run; how many still had a caller.
    fn refuse(&self, jobs: VecDeque<(u64, Arc<dyn Job>)>, rejected: Rejected) -> usize {
        let refused = jobs.into_iter().filter(|(_, job)| {
            self.books.count(Count::Left);
            job.refuse(self, rejected)
        });
        refused.count()
    }

    fn work_off(&'static self) {
        let _ = WORKS_FOR.try_with(|works_for| works_for.set(Some(self)));
        while let Some(job) = self.next() {
            job.run(self);
            // The last of what belongs to the call may be here.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(job)));
        }
    }

    /// The next call, for a thread that is done with the last; nothing when it is to end.
    fn next(&self) -> Option<Arc<dyn Job>> {
        let mut line = self.lock();
        if !line.watchers.is_empty() {
            let watchers = std::mem::take(&mut line.watchers);
            drop(line);
            rt::wake_all(watchers);
            line = self.lock();
        }
        if line.jobs.is_empty() && line.searches > 0 {
            line = self.search(line);
        }
        loop {
            if let Some(job) = self.take(&mut line) {
                let wakes = line.wakes();
                drop(line);
                if wakes {
                    self.ready.notify_one();
                }
                return Some(job);
            }
            line.asleep += 1;
            let by_itself;
            (line, by_itself) = sync::sleep(&self.ready, &self.line, line);
            line.wake_up(by_itself);
            if by_itself && line.jobs.is_empty() {
                line.threads -= 1;
                return None;
            }
        }
    }

    fn take(&self, line: &mut Line) -> Option<Arc<dyn Job>> {
        let (_, job) = line.jobs.pop_front()?;
        self.queued.store(line.jobs.len(), Relaxed);
        if !line.jobs.is_empty() {
            line.searches = SEARCHES;
        }
        // Under the lock: who finds the line empty knows of everything that runs.
        self.books.count(Count::Taken);
        Some(job)
    }

    /// Waits awake for a moment, in which a call may come.
    fn search<'l>(&'l self, mut line: MutexGuard<'l, Line>) -> MutexGuard<'l, Line> {
        line.searching += 1;
        line.searches -= 1;
        drop(line);
        for _ in 0..LOOKS {
            if self.queued.load(Relaxed) > 0 {
                break;
            }
            spin_loop();
        }
        let mut line = self.lock();
        line.searching -= 1;
        line
    }

    /// Tells those who wait that something has ended.
    fn tell(&self) {
        rt::wake_all(std::mem::take(&mut self.lock().watchers));
    }

    /// A call whose caller has gone before it ran.
    fn leave(&self, number: u64) {
        let job = {
            let mut line = self.lock();
            let place = line.jobs.binary_search_by_key(&number, |(other, _)| *other);
            let job = place.ok().and_then(|place| line.jobs.remove(place));
            self.queued.store(line.jobs.len(), Relaxed);
            job
        };
        if job.is_some() {
            self.books.count(Count::Left);
        }
        drop(job);
        self.tell();
    }
}

impl Line {
    /// Whether a thread that sleeps is to be woken for what is in line. One that is awake and looks for a call finds it, and
    /// asks this again.
    fn wakes(&mut self) -> bool {
        let wakes = !self.jobs.is_empty() && self.searching == 0 && self.asleep > self.woken;
        if wakes {
            self.woken += 1;
        }
        wakes
    }

    /// A thread has slept.
    fn wake_up(&mut self, by_itself: bool) {
        self.asleep -= 1;
        if !by_itself {
            self.woken = self.woken.saturating_sub(1);
        }
        // One that woke by itself may be the one that was meant.
        self.woken = self.woken.min(self.asleep);
    }
}
