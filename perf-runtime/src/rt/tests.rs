use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use super::sleep_until;
use crate::clock;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor there is.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[test]
fn a_sleep_needs_no_runtime() {
    let deadline = clock::instant() + Duration::from_millis(1);
    block_on(sleep_until(deadline));
    assert!(clock::instant() >= deadline);
}

#[cfg(feature = "tokio")]
mod tokio_runtime {
    use std::future::poll_fn;

    use tokio::runtime::Builder;

    use super::*;
    use crate::rt::now;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_paused_clock_is_honoured() {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let start = now();
            sleep_until(start + 60 * MINUTE).await;
            assert_eq!(now() - start, 60 * MINUTE);
        });
    }

    #[test]
    fn a_runtime_without_a_time_driver_is_survived() {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for _ in 0..2 {
                let sleep = sleep_until(now() + Duration::from_millis(1));
                assert!(sleep.driven.is_none());
                sleep.await;
            }
        });
    }

    #[test]
    fn a_timer_goes_on_after_its_runtime_has_shut_down() {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let deadline = now() + Duration::from_millis(5);
        let mut polled = Box::pin(sleep_until(deadline));
        let mut unpolled = None;
        runtime.block_on(poll_fn(|cx| {
            // Far enough that the runtime cannot have fired it.
            polled.set(sleep_until(now() + MINUTE));
            assert_eq!(polled.as_mut().poll(cx), Poll::Pending);
            unpolled = Some(sleep_until(deadline));
            Poll::Ready(())
        }));
        drop(runtime);
        let mut cx = Context::from_waker(Waker::noop());
        // Not fired by the shutdown, and no panic.
        assert_eq!(polled.as_mut().poll(&mut cx), Poll::Pending);
        assert!(polled.driven.is_none());
        block_on(unpolled.unwrap());
        assert!(now() >= deadline);
    }

    #[test]
    fn ten_thousand_sleeps_can_be_dropped_early() {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let start = now();
            for _ in 0..if cfg!(miri) { 50 } else { 10_000 } {
                let mut sleep = pin!(sleep_until(start + MINUTE));
                assert_eq!(futures_poll(sleep.as_mut()).await, Poll::Pending);
            }
            // The clock goes straight to the next timer there is.
            sleep_until(start + 2 * MINUTE).await;
            assert_eq!(now() - start, 2 * MINUTE);
        });
    }

    async fn futures_poll<F: Future + Unpin>(mut future: F) -> Poll<F::Output> {
        poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut future).poll(cx))).await
    }
}
