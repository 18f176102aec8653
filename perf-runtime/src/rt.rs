//! Waiting, on whatever runs the program: the only file that names tokio.
//!
//! What is to be done later, without a caller that waits for it, is [spawned](spawn): on the runtime, else on a thread
//! of our own that polls [`tasks`].
//!
//! A [`Sleep`] is made with [`sleep_until`] and can be polled by any executor. Inside a tokio runtime it is a timer of
//! that runtime, so a paused clock is honoured; elsewhere it is an entry of a [`timer`] thread of our own. Which of
//! the two is decided when the sleep is made, and changes by itself if the runtime shuts down before the time has come.
//!
//! tokio's timers have two ways to panic: made in a runtime without a time driver, and polled after its driver has
//! shut down. Both end in a timer of our own instead. tokio offers no question for the first, so it is tried and the
//! panic caught: the panic hook hears of it once for each thread of such a runtime. Where a panic would abort the
//! process, tokio's timers are not used at all.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

pub(crate) mod alarm;
pub(crate) mod background;
pub(crate) mod park;
mod tasks;
mod timer;

#[cfg(feature = "tokio")]
use self::driven::Driven;

/// The kind of timer that does not exist without tokio.
#[cfg(not(feature = "tokio"))]
type Driven = std::future::Pending<()>;

/// The time that [`sleep_until`] goes by: tokio's in a runtime, which a test may have paused, else the system's.
#[inline]
pub(crate) fn now() -> Instant {
    #[cfg(feature = "tokio")]
    {
        tokio::time::Instant::now().into_std()
    }
    #[cfg(not(feature = "tokio"))]
    {
        crate::clock::instant()
    }
}

/// A future that is ready after `wait`; never when that is later than the clock can say.
pub(crate) async fn pass(wait: Duration) {
    match now().checked_add(wait) {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// Blocks the thread for so long.
#[expect(
    clippy::disallowed_methods,
    reason = "what a sync function asks for that waits for its time; tests ask for none"
)]
pub(crate) fn block(wait: Duration) {
    std::thread::sleep(wait);
}

/// Whether [`now`] is not the system's time, because a test has paused tokio's clock, or moved it.
pub(crate) fn is_stopped() -> bool {
    let before = crate::clock::instant();
    let now = now();
    !(before..=crate::clock::instant()).contains(&now)
}

/// Polls `work` to its end, on the tokio runtime that this is called in, else on a thread of our own.
///
/// It is dropped before its end where that runtime shuts down, or where there is no thread to be had.
pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    #[cfg(feature = "tokio")]
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(work);
        return;
    }
    tasks::TASKS.spawn(Box::pin(work));
}

/// Wakes somebody. A waker that panics is its executor's fault, and keeps nobody else from being woken.
#[inline(never)]
pub(crate) fn wake(waker: Waker) {
    let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
}

/// Wakes all of them.
pub(crate) fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    wakers.into_iter().for_each(wake);
}

/// A future that is ready once `deadline` has come, by [`now`]; at once when it has.
///
/// Takes no part in tokio's cooperative budget: it is ready when its time has come, however much the task has done
/// since it was last polled. Dropping it leaves nothing behind.
pub(crate) fn sleep_until(deadline: Instant) -> Sleep {
    Sleep {
        #[cfg(feature = "tokio")]
        driven: driven::sleep_until(deadline),
        #[cfg(not(feature = "tokio"))]
        driven: None,
        own: timer::TIMERS.sleep_until(deadline),
    }
}

/// The same by the system's time and a timer of our own, whatever this is called in: for a thread that blocks.
pub(crate) fn sleep_apart(deadline: Instant) -> Sleep {
    Sleep {
        driven: None,
        own: timer::TIMERS.sleep_until(deadline),
    }
}

pin_project! {
    /// See [`sleep_until`]. Must not be polled again once it was ready.
    pub(crate) struct Sleep {
        #[pin]
        driven: Option<Driven>,
        // Costs nothing until it is polled, which it is only when there is no driven one.
        own: timer::Sleep,
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        #[cfg(feature = "tokio")]
        if let Some(driven) = this.driven.as_mut().as_pin_mut()
            && let Some(answer) = driven::poll(driven, cx)
        {
            return answer;
        }
        this.driven.set(None);
        this.own.poll(cx)
    }
}

/// Timers of a tokio runtime.
#[cfg(feature = "tokio")]
mod driven {
    use std::cell::Cell;
    use std::future::Future;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll};
    use std::time::Instant;

    use tokio::runtime::Handle;

    pub(super) type Driven = tokio::time::Sleep;

    thread_local! {
        // A worker belongs to one runtime, so asking once per thread is enough, and the panic is reported once.
        static NO_TIME_DRIVER: Cell<bool> = const { Cell::new(false) };
    }

    /// Nothing where tokio could not keep the promise: outside a runtime, in one without a time driver.
    pub(super) fn sleep_until(deadline: Instant) -> Option<Driven> {
        if cfg!(panic = "abort") || NO_TIME_DRIVER.get() || Handle::try_current().is_err() {
            return None;
        }
        let sleep = catch_unwind(|| tokio::time::sleep_until(deadline.into())).ok();
        NO_TIME_DRIVER.set(sleep.is_none());
        sleep
    }

    /// Nothing when the runtime has shut down before the time has come.
    pub(super) fn poll(sleep: Pin<&mut Driven>, cx: &mut Context<'_>) -> Option<Poll<()>> {
        if sleep.is_elapsed() {
            // A driver that shuts down lets every timer elapse, and polling one then would panic.
            let due = sleep.deadline() <= tokio::time::Instant::now();
            return due.then_some(Poll::Ready(()));
        }
        // The budget that a body has used up must not keep its timer from being seen.
        let unconstrained = pin!(tokio::task::unconstrained(sleep));
        catch_unwind(AssertUnwindSafe(|| unconstrained.poll(cx))).ok()
    }
}

#[cfg(test)]
pub(crate) mod tests;
