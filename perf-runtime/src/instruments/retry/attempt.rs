//! How attempts are polled, and how the time between them passes: blocking the thread or not.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::clock::coarse::Clock;
use crate::parts::repeating::Scope;
use crate::rt;

pin_project! {
    /// An attempt; a repetition says that it is one while it is polled.
    #[must_use = "futures do nothing unless polled"]
    pub struct Attempt<F> {
        #[pin]
        future: F,
        is_repetition: bool,
    }
}

impl<F> Attempt<F> {
    #[inline]
    pub(super) fn new(future: F, is_repetition: bool) -> Self {
        Self {
            future,
            is_repetition,
        }
    }
}

impl<F: Future> Future for Attempt<F> {
    type Output = F::Output;

    #[expect(
        clippy::inline_always,
        reason = "an answer in a function of its own is in memory"
    )]
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _scope = this.is_repetition.then(Scope::enter);
        this.future.poll(cx)
    }
}

/// The wait before an attempt.
#[derive(Debug)]
#[must_use]
pub struct Wait {
    pub(super) delay: Duration,
    pub(super) clock: Option<&'static Clock>,
}

impl Wait {
    /// Blocks the thread.
    pub fn block(self) {
        if !self.passes_at_once() {
            rt::block(self.delay);
        }
    }

    /// Waits by a timer; dropping the future leaves nothing behind.
    ///
    /// Is never ready in its first poll: calls that fail at once, again and again, leave others their turn, a timeout
    /// around them included.
    pub fn wait(self) -> Waiting {
        let sleep = if self.passes_at_once() {
            None
        } else {
            rt::now().checked_add(self.delay).map(rt::sleep_until)
        };
        Waiting {
            sleep,
            has_yielded: false,
        }
    }

    /// On a manual clock nobody waits: it is moved on by the delay.
    fn passes_at_once(&self) -> bool {
        let manual = self.clock.filter(|clock| clock.is_manual());
        if let Some(clock) = manual {
            clock.advance(self.delay);
        }
        manual.is_some() || self.delay.is_zero()
    }
}

pin_project! {
    /// See [`Wait::wait`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Waiting {
        #[pin]
        sleep: Option<rt::Sleep>,
        has_yielded: bool,
    }
}

impl Future for Waiting {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let is_over = match this.sleep.as_pin_mut() {
            Some(sleep) => sleep.poll(cx).is_ready(),
            None => true,
        };
        match (is_over, *this.has_yielded) {
            (true, true) => Poll::Ready(()),
            (true, false) => {
                *this.has_yielded = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            (false, _) => {
                *this.has_yielded = true;
                Poll::Pending
            }
        }
    }
}
