//! A future as one call.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{Measured, ending};
use crate::parts::frame::{Progress, Turn};
use crate::parts::series::Series;
use crate::parts::totals::Ending;

pin_project! {
    /// A future that is measured as one call.
    ///
    /// The call begins with the first poll and ends when the future is ready, which is two time stamps when that is the
    /// same poll. Time inside polls is its busy time. It may move between threads and executors. Dropped before it is
    /// ready it counts as cancelled; that is all that happens, so it is as cancel safe as the future inside.
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Measuring<F, E> {
        #[pin]
        body: F,
        is_error: Option<E>,
        call: Call,
    }
}

struct Call {
    measured: &'static Measured,
    series: &'static Series,
    progress: Progress,
}

impl<F, E> Measuring<F, E> {
    #[inline]
    pub(super) fn new(
        measured: &'static Measured,
        series: &'static Series,
        body: F,
        is_error: E,
    ) -> Self {
        Self {
            body,
            is_error: Some(is_error),
            call: Call {
                measured,
                series,
                progress: Progress::new(),
            },
        }
    }
}

impl<F: Future, E: FnOnce(&F::Output) -> bool> Future for Measuring<F, E> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if this.call.progress.has_ended() {
            return this.body.poll(cx);
        }
        let turn = this.call.begin();
        // By reference: moving the turn would wait for its time stamp.
        let unwinding = Unwinding {
            turn: &turn,
            call: this.call,
        };
        let answer = this.body.poll(cx);
        let ending = match &answer {
            Poll::Pending => None,
            Poll::Ready(answer) => {
                let is_error = this.is_error.take();
                Some(ending(is_error.is_some_and(|is_error| is_error(answer))))
            }
        };
        let mut unwinding = ManuallyDrop::new(unwinding);
        match ending {
            None => unwinding.call.pause(&turn),
            Some(ending) => unwinding.call.end(&turn, ending),
        }
        answer
    }
}

/// Ends a call whose poll is left by unwinding.
struct Unwinding<'a> {
    call: &'a mut Call,
    turn: &'a Turn,
}

impl Drop for Unwinding<'_> {
    #[inline]
    fn drop(&mut self) {
        self.call.end(self.turn, Ending::Panic);
    }
}

impl Call {
    #[inline(never)]
    fn begin(&mut self) -> Turn {
        self.progress.begin(self.series)
    }

    #[inline(never)]
    fn pause(&mut self, turn: &Turn) {
        self.progress.pause(turn);
    }

    #[inline(never)]
    fn end(&mut self, turn: &Turn, ending: Ending) {
        if let Some(ticks) = self.progress.end(self.series, turn, ending) {
            self.measured.report_slow(ticks);
        }
    }

    #[cold]
    #[inline(never)]
    fn abandon(&mut self) {
        if let Some(ticks) = self.progress.abandon(self.series) {
            self.measured.report_slow(ticks);
        }
    }
}

impl Drop for Call {
    #[inline]
    fn drop(&mut self) {
        if self.progress.runs() {
            self.abandon();
        }
    }
}
