//! Work that nobody waits for.
//!
//! In a tokio runtime it is a task of that runtime. Elsewhere a few threads of our own do it, which are there as long as
//! there is something to do. Work that cannot be done any more, because the runtime shuts down or there is no thread to be
//! had, is dropped, and its owner hears of that by `Drop`.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

pub(crate) use super::park::block_on;

/// More work than this waits for one that ends.
const THREADS: usize = 4;

type Work = Box<dyn FnOnce() + Send>;

/// Runs `work`, which may block, some time soon. A panic of it goes no further than the panic hook.
pub(crate) fn run(work: impl FnOnce() + Send + 'static) {
    #[cfg(feature = "tokio")]
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        // It panics when there is no thread to be had.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(runtime.spawn_blocking(work))));
        return;
    }
    own(Box::new(work));
}

/// Polls `future` to its end, some time soon. A panic of it goes no further than the panic hook.
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    #[cfg(feature = "tokio")]
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        drop(runtime.spawn(future));
        return;
    }
    own(Box::new(move || block_on(future)));
}

/// The same where the future may take as long as it likes, and may wait for others of its kind: outside of a runtime it has
/// a thread of its own.
pub(crate) fn spawn_long(name: &str, future: impl Future<Output = ()> + Send + 'static) {
    #[cfg(feature = "tokio")]
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        drop(runtime.spawn(future));
        return;
    }
    apart(name, future);
}

static QUEUE: Mutex<Queue> = Mutex::new(Queue {
    waiting: VecDeque::new(),
    threads: 0,
});

struct Queue {
    waiting: VecDeque<Work>,
    threads: usize,
}

fn queue() -> MutexGuard<'static, Queue> {
    QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// On a thread of ours.
fn own(work: Work) {
    let is_new = {
        let mut queue = queue();
        queue.waiting.push_back(work);
        let is_new = queue.threads < THREADS;
        queue.threads += usize::from(is_new);
        is_new
    };
    if !is_new {
        return;
    }
    let thread = thread::Builder::new().name("perfkit-background".into());
    if thread.spawn(work_off).is_err() {
        let mut queue = queue();
        queue.threads -= 1;
        // Nobody is there to do it, unless there is another thread.
        let abandoned = if queue.threads == 0 {
            std::mem::take(&mut queue.waiting)
        } else {
            VecDeque::new()
        };
        drop(queue);
        drop(abandoned);
    }
}

fn work_off() {
    loop {
        let work = {
            let mut queue = queue();
            let work = queue.waiting.pop_front();
            if work.is_none() {
                queue.threads -= 1;
            }
            work
        };
        let Some(work) = work else {
            return;
        };
        let _ = catch_unwind(AssertUnwindSafe(work));
    }
}

/// Polls `future` to its end on a thread of its own, for what may block for a long time. Where there is no thread to be had,
/// it is dropped. A panic of it goes no further than the panic hook.
pub(crate) fn apart(name: &str, future: impl Future<Output = ()> + Send + 'static) {
    let thread = thread::Builder::new().name(name.to_owned());
    let _ = thread.spawn(move || {
        let _ = catch_unwind(AssertUnwindSafe(|| block_on(future)));
    });
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::{THREADS, run, spawn};

    #[test]
    fn all_work_is_done_without_a_runtime() {
        let (done, all) = channel();
        for n in 0..10 * THREADS {
            let done = done.clone();
            run(move || {
                done.send(n).unwrap();
                assert!(n % 3 != 0, "a panic hurts nobody else");
            });
        }
        drop(done);
        let mut all: Vec<_> = all.iter().collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..10 * THREADS));
    }

    #[test]
    fn a_future_is_polled_to_its_end_without_a_runtime() {
        let (done, all) = channel();
        spawn(async move {
            let mut waited = false;
            std::future::poll_fn(|cx| {
                if std::mem::replace(&mut waited, true) {
                    return std::task::Poll::Ready(());
                }
                cx.waker().wake_by_ref();
                std::task::Poll::Pending
            })
            .await;
            done.send(()).unwrap();
        });
        all.recv().unwrap();
    }
}
