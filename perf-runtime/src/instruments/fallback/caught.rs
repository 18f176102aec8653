//! Bodies whose panic a fallback answers for.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::ended::Ended;

/// What a body panicked with.
pub struct Panicked(Box<dyn Any + Send>);

impl Panicked {
    /// The panic hook has told of it. What it carries is the user's, whose destructor may panic in its turn.
    pub(super) fn forget(self) {
        let _ = catch_unwind(AssertUnwindSafe(|| drop(self.0)));
    }
}

/// Runs a body, and catches its panic.
///
/// # Errors
/// When it panics.
#[inline]
pub fn caught<A>(body: impl FnOnce() -> Ended<A>) -> Result<Ended<A>, Panicked> {
    catch_unwind(AssertUnwindSafe(body)).map_err(Panicked)
}

pin_project! {
    /// See [`caught_async`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Caught<F> {
        #[pin]
        future: F,
    }
}

/// The same for a body that is polled; its panic is caught whenever it comes, but for that of its destructor.
#[inline]
pub fn caught_async<F: Future>(future: F) -> Caught<F> {
    Caught { future }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Panicked>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future;
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(polled) => polled.map(Ok),
            Err(payload) => Poll::Ready(Err(Panicked(payload))),
        }
    }
}
