//! How the time between attempts passes: blocking the thread or not.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::clock::coarse::Clock;
use crate::rt;

/// The wait before an attempt.
#[derive(Debug)]
#[must_use]
pub(super) struct Wait {
    pub(super) delay: Duration,
    pub(super) clock: Option<&'static Clock>,
}

impl Wait {
    /// Blocks the thread.
    pub(super) fn block(self) {
        if !self.passes_at_once() {
            rt::block(self.delay);
        }
    }

    /// Waits by a timer; dropping the future leaves nothing behind.
    ///
    /// Is never ready in its first poll: calls that fail at once, again and again, leave others their turn, a timeout
    /// around them included.
    pub(super) fn wait(self) -> Waiting {
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
    pub(super) struct Waiting {
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
