//! A thread that polls one future and sleeps in between.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Release};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

struct Unpark {
    thread: Thread,
    is_woken: AtomicBool,
}

impl Unpark {
    fn of_this_thread() -> Arc<Self> {
        Arc::new(Self {
            thread: thread::current(),
            is_woken: AtomicBool::new(false),
        })
    }
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_woken.swap(true, Release) {
            self.thread.unpark();
        }
    }
}

thread_local! {
    /// Out while it is used: a future may block on another one.
    static KNOWN: RefCell<Option<(Arc<Unpark>, Waker)>> = const { RefCell::new(None) };
}

/// Polls `future` to its end on this thread. One that wakes itself lets other threads have their turn.
pub(crate) fn block_on<A>(future: impl Future<Output = A>) -> A {
    let known = KNOWN.try_with(|known| known.try_borrow_mut().ok()?.take());
    let (unpark, waker) = known.ok().flatten().unwrap_or_else(|| {
        let unpark = Unpark::of_this_thread();
        (Arc::clone(&unpark), Waker::from(unpark))
    });
    let mut future = pin!(future);
    let answer = loop {
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        match polled {
            Poll::Ready(answer) => break answer,
            // It woke itself, or somebody was faster than we could sleep.
            Poll::Pending if unpark.is_woken.swap(false, AcqRel) => thread::yield_now(),
            Poll::Pending => {
                while !unpark.is_woken.swap(false, AcqRel) {
                    thread::park();
                }
            }
        }
    };
    let _ = KNOWN.try_with(|known| {
        if let Ok(mut known) = known.try_borrow_mut() {
            *known = Some((unpark, waker));
        }
    });
    answer
}

#[cfg(test)]
mod tests {
    use std::future::{poll_fn, ready};
    use std::sync::mpsc::channel;
    use std::task::{Poll, Waker};

    use super::block_on;

    #[test]
    fn a_future_may_block_on_another() {
        let answer = block_on(poll_fn(|_| Poll::Ready(block_on(ready(1)) + 1)));
        assert_eq!(answer, 2);
    }

    #[test]
    fn a_thread_is_woken_by_another() {
        let (give, take) = channel::<Waker>();
        let other = std::thread::spawn(move || {
            for waker in take {
                waker.wake();
            }
        });
        for _ in 0..1000 {
            let mut is_first = true;
            block_on(poll_fn(|cx| {
                if !std::mem::take(&mut is_first) {
                    return Poll::Ready(());
                }
                give.send(cx.waker().clone()).unwrap();
                Poll::Pending
            }));
        }
        drop(give);
        other.join().unwrap();
    }
}
