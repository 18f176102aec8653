//! The body of a call that holds a permit, and says so to the calls further in.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{Handle, Permit};
use crate::parts::bulkhead::held::Scope;

/// A permit of this thread's, while it runs the body.
#[must_use = "the permit is given back when this is dropped"]
pub struct Here<H: Handle> {
    // Before the permit: who is let in by it does not find it here any more.
    _scope: Option<Scope>,
    _permit: Permit<H>,
}

impl<H: Handle> Permit<H> {
    /// The permit as one of this thread's.
    #[inline]
    pub fn here(self) -> Here<H> {
        Here {
            _scope: self.address().map(Scope::enter),
            _permit: self,
        }
    }

    /// Polls `body`, and gives the permit back when it is over or dropped.
    #[inline]
    pub fn around<F: Future>(self, body: F) -> Inside<H, F> {
        Inside {
            body,
            permit: Some(self),
        }
    }
}

pin_project! {
    /// See [`Permit::around`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Inside<H: Handle, F> {
        // Before the permit: it is gone when somebody else is let in.
        #[pin]
        body: F,
        permit: Option<Permit<H>>,
    }
}

impl<H: Handle, F: Future> Future for Inside<H, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let scope = this.permit.as_ref().and_then(Permit::address);
        let scope = scope.map(Scope::enter);
        let answer = this.body.poll(cx);
        drop(scope);
        answer
    }
}
