//! Timers without a runtime: one thread that sleeps until the earliest deadline and wakes who waits for it.
//!
//! The thread starts with the first timer, belongs to nobody, and is never joined. Wakers are cloned, woken and dropped
//! outside the lock, because all three are code of the executor's. A timer that is dropped takes its entry with it.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::wake_all;
use crate::clock;

/// The timers of the process.
pub(super) static TIMERS: Timers = Timers::new();

/// No platform is asked to wait longer than this at once.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) struct Timers {
    queue: Mutex<Queue>,
    earlier: Condvar,
}

/// Who waits, in the order of their deadlines; the number tells those of one deadline apart.
type Key = (Instant, u64);

struct Queue {
    waiting: BTreeMap<Key, Waker>,
    issued: u64,
    has_thread: bool,
}

impl Queue {
    const fn new() -> Self {
        Self {
            waiting: BTreeMap::new(),
            issued: 0,
            has_thread: false,
        }
    }

    fn insert(&mut self, deadline: Instant, waker: Waker) -> Key {
        self.issued = self.issued.wrapping_add(1);
        let key = (deadline, self.issued);
        self.waiting.insert(key, waker);
        key
    }

    fn first(&self) -> Option<Key> {
        self.waiting.first_key_value().map(|(key, _)| *key)
    }

    /// Takes out whose deadline has come.
    fn take_due(&mut self, now: Instant) -> Vec<Waker> {
        let mut due = Vec::new();
        while let Some(entry) = self.waiting.first_entry() {
            if entry.key().0 > now {
                break;
            }
            due.push(entry.remove());
        }
        due
    }
}

impl Timers {
    pub(super) const fn new() -> Self {
        Self {
            queue: Mutex::new(Queue::new()),
            earlier: Condvar::new(),
        }
    }

    /// A timer that is not yet in the queue; its first poll puts it there.
    pub(super) const fn sleep_until(&'static self, deadline: Instant) -> Sleep {
        Sleep {
            timers: self,
            deadline,
            key: None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing of the user's runs under the lock, so there is no half-done state to fear.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&'static self, deadline: Instant, waker: Waker) -> Key {
        let mut queue = self.lock();
        let key = queue.insert(deadline, waker);
        if !queue.has_thread {
            queue.has_thread = std::thread::Builder::new()
                .name("perfkit-timer".to_owned())
                .spawn(|| self.run())
                .is_ok();
        }
        let is_earliest = queue.first() == Some(key);
        drop(queue);
        if is_earliest {
            self.earlier.notify_one();
        }
        key
    }

    fn run(&self) {
        let mut queue = self.lock();
        loop {
            let now = clock::instant();
            let due = queue.take_due(now);
            if !due.is_empty() {
                drop(queue);
                wake_all(due);
                queue = self.lock();
                continue;
            }
            let wait = queue.first().map_or(LONGEST_WAIT, |(deadline, _)| {
                deadline.saturating_duration_since(now).min(LONGEST_WAIT)
            });
            queue = self
                .earlier
                .wait_timeout(queue, wait)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    #[cfg(test)]
    fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }
}

/// One timer; its entry in the queue exists from the first poll until it fires or is dropped.
pub(super) struct Sleep {
    timers: &'static Timers,
    deadline: Instant,
    key: Option<Key>,
}

impl Sleep {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(key) = self.key else {
            if clock::instant() >= self.deadline {
                return Poll::Ready(());
            }
            self.key = Some(self.timers.add(self.deadline, cx.waker().clone()));
            return Poll::Pending;
        };
        let queue = self.timers.lock();
        let has_thread = queue.has_thread;
        let Some(registered) = queue.waiting.get(&key) else {
            return Poll::Ready(());
        };
        let same = registered.will_wake(cx.waker());
        drop(queue);
        // Without a thread, a system that has none left to give, the time is seen whenever the task is polled.
        if !has_thread && clock::instant() >= self.deadline {
            return Poll::Ready(());
        }
        if same {
            return Poll::Pending;
        }
        let waker = cx.waker().clone();
        let replaced = self
            .timers
            .lock()
            .waiting
            .get_mut(&key)
            .map(|registered| std::mem::replace(registered, waker));
        match replaced {
            Some(_) => Poll::Pending,
            // It fired in between.
            None => Poll::Ready(()),
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let waker = self.timers.lock().waiting.remove(&key);
            drop(waker);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::sync::mpsc::{Sender, channel};
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Poll, Wake, Waker};
    use std::time::Duration;

    use super::{Queue, Timers};
    use crate::clock;
    use crate::rt::tests::block_on;

    const HOUR: Duration = Duration::from_secs(3600);

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    struct Panics(Mutex<Sender<()>>);

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            let _ = self.0.lock().unwrap().send(());
            // Without the hook's message, which would look like a failed test.
            std::panic::resume_unwind(Box::new("a waker"));
        }
    }

    fn timers() -> &'static Timers {
        Box::leak(Box::new(Timers::new()))
    }

    #[test]
    fn due_timers_leave_in_the_order_of_their_deadlines_and_no_others() {
        let start = clock::instant();
        let wakers: Vec<_> = (0..3).map(|_| Arc::new(Count::default())).collect();
        let mut queue = Queue::new();
        for (waker, seconds) in wakers.iter().zip([3, 1, 2]) {
            queue.insert(
                start + Duration::from_secs(seconds),
                Waker::from(waker.clone()),
            );
        }
        assert!(
            queue
                .take_due(start + Duration::from_millis(999))
                .is_empty()
        );
        let due = queue.take_due(start + Duration::from_secs(2));
        assert_eq!(due.len(), 2);
        assert!(due[0].will_wake(&Waker::from(wakers[1].clone())));
        assert!(due[1].will_wake(&Waker::from(wakers[2].clone())));
        assert_eq!(
            queue.first().map(|key| key.0),
            Some(start + 3 * HOUR / 3600)
        );
    }

    #[test]
    fn timers_of_one_deadline_are_all_kept() {
        let deadline = clock::instant();
        let mut queue = Queue::new();
        for _ in 0..100 {
            queue.insert(deadline, Waker::noop().clone());
        }
        assert_eq!(queue.take_due(deadline).len(), 100);
    }

    #[test]
    fn dropped_timers_leave_nothing_behind() {
        let timers = timers();
        let mut cx = Context::from_waker(Waker::noop());
        let many = if cfg!(miri) { 100 } else { 10_000 };
        let mut sleeps: Vec<_> = (0..many)
            .map(|_| timers.sleep_until(clock::instant() + HOUR))
            .collect();
        for sleep in &mut sleeps {
            assert_eq!(sleep.poll(&mut cx), Poll::Pending);
        }
        assert_eq!(timers.waiting(), many);
        drop(sleeps);
        assert_eq!(timers.waiting(), 0);
    }

    #[test]
    fn the_last_waker_is_the_one_that_is_kept() {
        let timers = timers();
        let (first, last) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let mut sleep = timers.sleep_until(clock::instant() + HOUR);
        for waker in [first.clone(), last.clone(), last.clone()] {
            let waker = Waker::from(waker);
            assert_eq!(sleep.poll(&mut Context::from_waker(&waker)), Poll::Pending);
        }
        for waker in timers.lock().take_due(clock::instant() + 2 * HOUR) {
            waker.wake();
        }
        assert_eq!((first.0.load(Relaxed), last.0.load(Relaxed)), (0, 1));
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(sleep.poll(&mut cx), Poll::Ready(()));
    }

    #[test]
    fn the_thread_wakes_a_task_and_survives_a_waker_that_panics() {
        let timers = timers();
        let (woken, has_woken) = channel();
        let panics = Waker::from(Arc::new(Panics(Mutex::new(woken))));
        // On a slow machine the time may be over before the timer is in the queue.
        let _first = loop {
            let mut sleep = timers.sleep_until(clock::instant() + Duration::from_millis(1));
            if sleep.poll(&mut Context::from_waker(&panics)).is_pending() {
                break sleep;
            }
        };
        has_woken.recv().unwrap();
        let mut second = timers.sleep_until(clock::instant() + Duration::from_millis(1));
        block_on(poll_fn(|cx| second.poll(cx)));
        assert_eq!(timers.waiting(), 0);
    }

    #[test]
    fn a_deadline_that_has_passed_needs_no_thread() {
        let timers = timers();
        let mut cx = Context::from_waker(Waker::noop());
        let mut sleep = timers.sleep_until(clock::instant());
        assert_eq!(sleep.poll(&mut cx), Poll::Ready(()));
        assert!(!timers.lock().has_thread);
    }
}
