//! Tasks without a runtime: one thread that polls what was spawned.
//!
//! For work of the framework's own that waits for a timer and then does something short: a debounced call, say. The
//! thread starts with the first task, belongs to nobody, and is never joined. Futures are polled and dropped outside the
//! lock; one that panics is over, and the others go on.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::AcqRel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// The tasks of the process.
pub(super) static TASKS: Tasks = Tasks::new();

pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct Tasks {
    queue: Mutex<Queue>,
    ready: Condvar,
}

struct Queue {
    ready: VecDeque<Arc<Task>>,
    has_thread: bool,
}

struct Task {
    tasks: &'static Tasks,
    /// Out while it is polled, and gone when it has ended.
    work: Mutex<Option<Work>>,
    is_queued: AtomicBool,
}

impl Tasks {
    const fn new() -> Self {
        Self {
            queue: Mutex::new(Queue {
                ready: VecDeque::new(),
                has_thread: false,
            }),
            ready: Condvar::new(),
        }
    }

    /// Polls `work` to its end. Where the system has no thread to give, drops it.
    pub(super) fn spawn(&'static self, work: Work) {
        let mut queue = self.lock();
        if !queue.has_thread {
            queue.has_thread = std::thread::Builder::new()
                .name("perfkit-tasks".to_owned())
                .spawn(|| self.run())
                .is_ok();
        }
        let has_thread = queue.has_thread;
        drop(queue);
        if has_thread {
            let task = Task {
                tasks: self,
                work: Mutex::new(Some(work)),
                is_queued: AtomicBool::new(false),
            };
            Arc::new(task).wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing of the user's runs under the lock, so there is no half-done state to fear.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        loop {
            let mut queue = self.lock();
            let task = loop {
                match queue.ready.pop_front() {
                    Some(task) => break task,
                    None => {
                        queue = self
                            .ready
                            .wait(queue)
                            .unwrap_or_else(PoisonError::into_inner);
                    }
                }
            };
            drop(queue);
            task.poll();
        }
    }
}

impl Task {
    fn poll(self: Arc<Self>) {
        // Before it is polled: who wakes it from here on wants it polled once more.
        self.is_queued.swap(false, AcqRel);
        let Some(mut work) = self.take() else { return };
        let waker = Waker::from(Arc::clone(&self));
        let polled = catch_unwind(AssertUnwindSafe(|| {
            work.as_mut().poll(&mut Context::from_waker(&waker))
        }));
        if let Ok(Poll::Pending) = polled {
            *self.lock() = Some(work);
        } else {
            // The panic of a task's `Drop` must not end the others either.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(work)));
        }
    }

    fn take(&self) -> Option<Work> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Work>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if self.is_queued.swap(true, AcqRel) {
            return;
        }
        let tasks = self.tasks;
        tasks.lock().ready.push_back(self);
        tasks.ready.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::mpsc::channel;
    use std::task::Poll;
    use std::time::Duration;

    use super::Tasks;
    use crate::clock;
    use crate::rt::timer::TIMERS;

    fn tasks() -> &'static Tasks {
        Box::leak(Box::new(Tasks::new()))
    }

    #[test]
    fn a_task_is_polled_to_its_end() {
        let (done, is_done) = channel();
        tasks().spawn(Box::pin(async move {
            let deadline = clock::instant() + Duration::from_millis(1);
            let mut sleep = TIMERS.sleep_until(deadline);
            poll_fn(|cx| sleep.poll(cx)).await;
            done.send(clock::instant() >= deadline).unwrap();
        }));
        assert!(is_done.recv().unwrap());
    }

    #[test]
    fn a_task_that_wakes_itself_is_polled_again() {
        let (done, is_done) = channel();
        let mut polls = 0;
        tasks().spawn(Box::pin(poll_fn(move |cx| {
            polls += 1;
            if polls < 3 {
                cx.waker().wake_by_ref();
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            done.send(polls).unwrap();
            Poll::Ready(())
        })));
        assert_eq!(is_done.recv(), Ok(3));
        // The task is dropped, and with it what it held.
        assert!(is_done.recv().is_err());
    }

    #[test]
    fn a_task_that_panics_ends_alone() {
        let tasks = tasks();
        // Without the hook's message, which would look like a failed test.
        tasks.spawn(Box::pin(async {
            std::panic::resume_unwind(Box::new("a task"))
        }));
        let (done, is_done) = channel();
        tasks.spawn(Box::pin(async move { done.send(()).unwrap() }));
        assert_eq!(is_done.recv(), Ok(()));
    }
}
