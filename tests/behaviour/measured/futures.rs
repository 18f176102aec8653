//! Futures: polled on any thread, dropped at any time, as large as they are.

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::thread;

use perfkit::{measure_async, measured};

use super::site::{counter, outcomes, plain};
use super::{Twice, poll, row, wall};

#[test]
fn time_between_polls_is_wall_time_and_not_busy() {
    #[measured]
    async fn waits_once() {
        Twice::default().await;
    }
    #[measured]
    fn happens_between() -> u64 {
        (0..10_000).fold(1, |sum, next| std::hint::black_box(sum ^ next))
    }
    let mut future = pin!(waits_once());
    assert!(poll(future.as_mut()).is_pending());
    happens_between();
    assert!(poll(future).is_ready());
    let (waits, between) = (row("waits_once"), row("happens_between"));
    let busy = waits.seconds("busy").expect("it is known");
    assert!(busy > 0.0 && busy <= wall(&waits));
    assert!(wall(&waits) - busy >= 0.9 * wall(&between));
    // It calls nothing that is measured.
    assert_eq!(waits.seconds("self"), Some(busy));
}

#[test]
fn a_future_is_hardly_larger_than_without_the_attribute() {
    async fn bare() -> u8 {
        let buffer = [1; 1024];
        Twice::default().await;
        buffer[1000]
    }
    #[measured]
    async fn annotated() -> u8 {
        let buffer = [1; 1024];
        Twice::default().await;
        buffer[1000]
    }
    let sizes = (size_of_val(&bare()), size_of_val(&annotated()));
    assert!(
        sizes.1 <= sizes.0 + sizes.0 / 2 + 512,
        "{} bytes instead of {}",
        sizes.1,
        sizes.0
    );
}

#[test]
fn a_dropped_future_is_cancelled() {
    let site = plain();
    {
        let mut future = pin!(site.get().call_async(pending::<()>(), |()| false));
        assert!(poll(future.as_mut()).is_pending());
        assert!(poll(future.as_mut()).is_pending());
        assert_eq!(counter(site, "inflight"), 1);
    }
    assert_eq!(outcomes(site), [0, 0, 0, 1]);
    assert_eq!(counter(site, "timed"), 1);
    assert_eq!(counter(site, "inflight"), 0);
}

#[test]
fn a_future_that_panics_ends_once_and_as_a_panic() {
    let site = plain();
    let mut future = Box::pin(
        site.get()
            .call_async(async { panic_any("the users own") }, |()| false),
    );
    let polled = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
    let payload = polled.expect_err("it panics");
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"the users own"));
    drop(future);
    assert_eq!(outcomes(site), [0, 0, 1, 0]);
}

#[test]
fn polls_after_the_end_do_not_count() {
    struct Fused(u32);
    impl Future for Fused {
        type Output = u32;
        fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
            self.0 += 1;
            Poll::Ready(self.0)
        }
    }
    let site = plain();
    let mut future = Box::pin(site.get().call_async(Fused(0), |_| false));
    assert_eq!(poll(future.as_mut()), Poll::Ready(1));
    assert_eq!(poll(future.as_mut()), Poll::Ready(2));
    drop(future);
    assert_eq!(outcomes(site), [1, 0, 0, 0]);
}

#[test]
fn a_future_may_begin_and_end_on_different_threads() {
    let site = plain();
    for finish in [true, false] {
        let started = thread::spawn(move || {
            let mut future = Box::pin(site.get().call_async(Twice(false), |()| false));
            assert!(poll(future.as_mut()).is_pending());
            future
        });
        let mut future = started.join().expect("no panic");
        assert_eq!(counter(site, "inflight"), 1);
        let ended = thread::spawn(move || finish && poll(future.as_mut()).is_ready());
        assert_eq!(ended.join().expect("no panic"), finish);
        assert_eq!(counter(site, "inflight"), 0);
    }
    assert_eq!(outcomes(site), [1, 0, 0, 1]);
}

#[test]
fn a_future_can_be_sent_when_the_one_inside_can() {
    fn can_be_sent<T: Send>(_: &T) {}
    let site = plain();
    can_be_sent(&site.get().call_async(async {}, |()| false));
    can_be_sent(&measure_async("sent", async {}));
    // And one that cannot is measured all the same.
    let local = std::rc::Rc::new(5);
    let future = pin!(site.get().call_async(async { *local }, |_| false));
    assert_eq!(poll(future), Poll::Ready(5));
}
