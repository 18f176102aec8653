//! Calls of async functions.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::landing::{Alone, Landing};
use crate::kept::Keepable;
use crate::parts::flight::Call;
use crate::parts::key::Key;

/// How far a call is after its key was looked up.
pub enum Begun<R, F> {
    /// It has its answer.
    Answered(R),
    /// It goes on, on the heap: else the future of every hit would be as large as the body's, to be moved around by its
    /// caller and by whoever waits for that one.
    Runs(Pin<Box<F>>),
}

/// A future that `start` makes when it is first polled, unless it has the answer already.
pub(super) fn lazily<S, F>(start: S) -> Lazily<S, F>
where
    S: FnOnce() -> Begun<F::Output, F>,
    F: Future,
{
    let start = Some(start);
    Lazily {
        start,
        running: None,
    }
}

pin_project! {
    /// See [`lazily`].
    #[must_use = "futures do nothing unless polled"]
    pub(super) struct Lazily<S, F> {
        start: Option<S>,
        running: Option<Pin<Box<F>>>,
    }
}

impl<S, F> Future for Lazily<S, F>
where
    S: FnOnce() -> Begun<F::Output, F>,
    F: Future,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Some(start) = this.start.take() {
            match start() {
                Begun::Answered(answer) => return Poll::Ready(answer),
                Begun::Runs(future) => *this.running = Some(future),
            }
        }
        match this.running {
            Some(running) => running.as_mut().poll(cx),
            // One that has answered, or panicked, is not there any more.
            None => Poll::Pending,
        }
    }
}

pin_project! {
    /// A call that has found nothing.
    #[must_use = "futures do nothing unless polled"]
    pub struct Loading<'s, K: Key, R, V: Keepable, F> {
        #[pin]
        way: Way<'s, K, R, V, F>,
    }
}

pin_project! {
    #[project = WayProjection]
    enum Way<'s, K: Key, R, V: Keepable, F> {
        Flying { #[pin] call: Call<'s, Landing<'s, K, R, V>, F> },
        Alone { #[pin] alone: Alone<'s, K, R, V, F> },
        Bypassed { #[pin] body: F },
    }
}

impl<'s, K: Key, R, V: Keepable, F> Loading<'s, K, R, V, F> {
    pub(super) fn flying(call: Call<'s, Landing<'s, K, R, V>, F>) -> Self {
        let way = Way::Flying { call };
        Self { way }
    }

    pub(super) fn alone(alone: Alone<'s, K, R, V, F>) -> Self {
        let way = Way::Alone { alone };
        Self { way }
    }

    pub(super) fn bypassed(body: F) -> Self {
        let way = Way::Bypassed { body };
        Self { way }
    }
}

impl<K: Key, R, V: Keepable, F: Future<Output = R>> Future for Loading<'_, K, R, V, F> {
    type Output = R;

    // Apart from the call that has found nothing: what is to be saved for it, a hit would save, too.
    #[inline(never)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        match self.project().way.project() {
            WayProjection::Flying { call } => call.poll(cx),
            WayProjection::Alone { alone } => alone.poll(cx),
            WayProjection::Bypassed { body } => body.poll(cx),
        }
    }
}
