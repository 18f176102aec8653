//! An alarm rings once, whatever runtime runs or does not: for those who look after others.
//!
//! A timer of a runtime rings only while that runtime is polled, and many may wait for one that is not. So an alarm is an
//! entry of the timer thread of our own. Only where a test has stopped tokio's clock it is a task of that runtime, and rings
//! by another thread when that ends. It never rings on the thread that sets it, while it does.

use std::task::{Context, Waker};
use std::time::Instant;

use super::tasks::TASKS;
use super::timer::{self, TIMERS};

/// An alarm that has been set; dropped, it does not ring.
pub(crate) struct Alarm(#[expect(dead_code, reason = "it is kept")] timer::Sleep);

/// What has become of an alarm that was to be set.
pub(crate) enum Set {
    /// It rings as long as it is kept.
    Kept(Alarm),
    /// It rings by itself.
    ByItself,
    /// Its time has come already, and it does not ring.
    Due,
}

/// Sees to it that `waker` is woken when `deadline` has come, by [`rt::now`](super::now).
pub(crate) fn set(deadline: Instant, waker: Waker) -> Set {
    if super::is_stopped() {
        let mut ring = Ring(Some(waker));
        super::spawn(async move {
            super::sleep_until(deadline).await;
            if let Some(waker) = ring.0.take() {
                waker.wake();
            }
        });
        return Set::ByItself;
    }
    let mut sleep = TIMERS.sleep_until(deadline);
    if sleep.poll(&mut Context::from_waker(&waker)).is_ready() {
        return Set::Due;
    }
    Set::Kept(Alarm(sleep))
}

/// Has rung, or is dropped with its runtime.
struct Ring(Option<Waker>);

impl Drop for Ring {
    fn drop(&mut self) {
        if let Some(waker) = self.0.take() {
            TASKS.spawn(Box::pin(async move { waker.wake() }));
        }
    }
}
