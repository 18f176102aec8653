//! A future as one call.

use std::future::Future;
use std::mem::{self, ManuallyDrop};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{Measured, ending, enter, exit};
use crate::parts::frame::{Frame, Pauses};
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

enum Progress {
    NeverPolled,
    Runs(Pauses),
    Ended,
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
                progress: Progress::NeverPolled,
            },
        }
    }
}

impl<F: Future, E: FnOnce(&F::Output) -> bool> Future for Measuring<F, E> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
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
    turn: &'a Frame,
}

impl Drop for Unwinding<'_> {
    #[inline]
    fn drop(&mut self) {
        self.call.end(self.turn, Ending::Panic);
    }
}

// A first poll begins and, when the future is ready, ends like a sync call. All else is out of its way.
impl Call {
    #[inline]
    fn begin(&self) -> Frame {
        match &self.progress {
            Progress::NeverPolled => enter(self.series),
            _ => self.go_on(),
        }
    }

    #[inline(never)]
    fn go_on(&self) -> Frame {
        match &self.progress {
            Progress::Runs(pauses) => pauses.go_on(self.series),
            _ => Frame::of_nothing(self.series),
        }
    }

    #[inline(never)]
    fn pause(&mut self, turn: &Frame) {
        match &mut self.progress {
            Progress::NeverPolled => self.progress = Progress::Runs(Pauses::after(turn)),
            Progress::Runs(pauses) => pauses.pause(turn),
            Progress::Ended => {}
        }
    }

    #[inline]
    fn end(&mut self, turn: &Frame, ending: Ending) {
        match &self.progress {
            Progress::NeverPolled => {
                self.progress = Progress::Ended;
                exit(self.measured, turn, ending);
            }
            _ => self.end_later(turn, ending),
        }
    }

    #[inline(never)]
    fn end_later(&mut self, turn: &Frame, ending: Ending) {
        if let Progress::Runs(pauses) = mem::replace(&mut self.progress, Progress::Ended)
            && let Some(ticks) = pauses.end(turn, ending)
        {
            self.measured.report_slow(ticks);
        }
    }

    #[cold]
    #[inline(never)]
    fn abandon(&self, pauses: &Pauses) {
        if let Some(ticks) = pauses.abandon(self.series) {
            self.measured.report_slow(ticks);
        }
    }
}

impl Drop for Call {
    #[inline]
    fn drop(&mut self) {
        if let Progress::Runs(pauses) = &self.progress {
            self.abandon(pauses);
        }
    }
}
