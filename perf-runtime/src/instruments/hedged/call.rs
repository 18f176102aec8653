//! A call, and those that keep it company.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use pin_project_lite::pin_project;

use crate::classify::Class;
use crate::ended::Ended;
use crate::instruments::hedged::Hedged;
use crate::instruments::hedged::report::Count;
use crate::rt;

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Running,
    /// Has answered, or panicked.
    Over,
}

pin_project! {
    /// A call of an annotated function.
    #[must_use = "futures do nothing unless polled"]
    pub struct Call<F, M, C> {
        #[pin]
        first: Option<F>,
        others: Option<Pin<Box<Other<F>>>>,
        #[pin]
        timer: Option<rt::Sleep>,
        attempt: M,
        class: C,
        hedged: &'static Hedged,
        // From when the delay counts: the first poll.
        began: Option<Instant>,
        started: u32,
        stage: Stage,
    }

    impl<F, M, C> PinnedDrop for Call<F, M, C> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if *this.stage == Stage::Running {
                this.hedged.count(Count::Cancelled);
            }
        }
    }
}

pin_project! {
    /// An attempt beyond the first, and those before it.
    struct Other<F> {
        #[pin]
        future: Option<F>,
        next: Option<Pin<Box<Other<F>>>>,
    }
}

impl<A, F, M, C> Future for Call<F, M, C>
where
    F: Future<Output = Ended<A>>,
    M: FnMut() -> F,
    C: FnMut(&A) -> Option<Class>,
{
    type Output = Ended<A>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended<A>> {
        let this = self.as_mut().project();
        match *this.stage {
            Stage::New => {
                *this.stage = Stage::Running;
                *this.began = this.hedged.begin();
            }
            Stage::Running => {}
            Stage::Over => return Poll::Pending,
        }
        let polling = Polling {
            hedged: this.hedged,
            stage: this.stage,
        };
        let mut call = Running {
            first: this.first,
            others: this.others,
            timer: this.timer,
            attempt: this.attempt,
            class: this.class,
            hedged: this.hedged,
            began: this.began,
            started: this.started,
        };
        let polled = call.poll(cx);
        let Poll::Ready((ended, count)) = polled else {
            std::mem::forget(polling);
            return Poll::Pending;
        };
        // The losers first: when the answer is used, they are gone.
        call.drop_attempts();
        let began = *call.began;
        std::mem::forget(polling);
        *self.as_mut().project().stage = Stage::Over;
        self.hedged.count(count);
        if count != Count::Failed {
            self.hedged.record(began);
        }
        Poll::Ready(ended)
    }
}

impl<F, M, C> Call<F, M, C> {
    #[inline]
    pub(super) fn new(hedged: &'static Hedged, attempt: M, class: C) -> Self {
        Self {
            first: None,
            others: None,
            timer: None,
            attempt,
            class,
            hedged,
            began: None,
            started: 0,
            stage: Stage::New,
        }
    }
}

/// Dropped only when an attempt panics, or the user's code around it.
struct Polling<'c> {
    hedged: &'static Hedged,
    stage: &'c mut Stage,
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        *self.stage = Stage::Over;
        self.hedged.count(Count::Panicked);
    }
}

/// A call while it is polled.
struct Running<'c, F, M, C> {
    first: Pin<&'c mut Option<F>>,
    others: &'c mut Option<Pin<Box<Other<F>>>>,
    timer: Pin<&'c mut Option<rt::Sleep>>,
    attempt: &'c mut M,
    class: &'c mut C,
    hedged: &'static Hedged,
    began: &'c mut Option<Instant>,
    started: &'c mut u32,
}

impl<A, F, M, C> Running<'_, F, M, C>
where
    F: Future<Output = Ended<A>>,
    M: FnMut() -> F,
    C: FnMut(&A) -> Option<Class>,
{
    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(Ended<A>, Count)> {
        if *self.started == 0 {
            *self.started = 1;
            self.first.set(Some((self.attempt)()));
        }
        let mut failed = None;
        if let Some(first) = self.first.as_mut().as_pin_mut()
            && let Poll::Ready(ended) = first.poll(cx)
        {
            if is_success(self.class, &ended) {
                return Poll::Ready((ended, Count::First));
            }
            self.first.set(None);
            failed = Some(ended);
        }
        if self.others.is_none() && failed.is_none() && self.is_alone() {
            return Poll::Pending;
        }
        self.poll_others(cx, failed)
    }

    /// Whether there will be no other attempt, as far as anybody knows: a percentile that is not known yet.
    fn is_alone(&self) -> bool {
        self.timer.is_none() && self.hedged.delay().is_none()
    }

    /// `failed` is what the first attempt has just failed with.
    #[inline(never)]
    fn poll_others(
        &mut self,
        cx: &mut Context<'_>,
        mut failed: Option<Ended<A>>,
    ) -> Poll<(Ended<A>, Count)> {
        loop {
            let mut place = &mut *self.others;
            while let Some(other) = place {
                let mut other = other.as_mut().project();
                if let Some(future) = other.future.as_mut().as_pin_mut()
                    && let Poll::Ready(ended) = future.poll(cx)
                {
                    if is_success(self.class, &ended) {
                        return Poll::Ready((ended, Count::Hedge));
                    }
                    other.future.set(None);
                    failed = Some(ended);
                }
                place = other.next;
            }
            self.sweep();
            if self.first.is_none() && self.others.is_none() {
                return match failed {
                    Some(ended) => Poll::Ready((ended, Count::Failed)),
                    None => Poll::Pending,
                };
            }
            if !self.is_time(cx) {
                return Poll::Pending;
            }
            self.start();
        }
    }

    /// Takes out the attempts that have failed.
    fn sweep(&mut self) {
        let mut kept = None;
        let mut rest = self.others.take();
        while let Some(mut other) = rest {
            rest = other.as_mut().project().next.take();
            if other.future.is_some() {
                *other.as_mut().project().next = kept;
                kept = Some(other);
            }
        }
        *self.others = kept;
    }

    /// Whether another attempt is due.
    fn is_time(&mut self, cx: &mut Context<'_>) -> bool {
        if *self.started > self.hedged.max {
            return false;
        }
        if self.timer.is_none() {
            let Some(delay) = self.hedged.delay() else {
                return false;
            };
            let began = *self.began.get_or_insert_with(rt::now);
            let due = delay.checked_mul(*self.started);
            let Some(due) = due.and_then(|due| began.checked_add(due)) else {
                return false;
            };
            self.timer.set(Some(rt::sleep_until(due)));
        }
        let due = match self.timer.as_mut().as_pin_mut() {
            Some(timer) => timer.poll(cx).is_ready(),
            None => false,
        };
        if due {
            self.timer.set(None);
        }
        due
    }

    /// Starts another attempt, if there is anything left to spend; else there will be none in this call.
    fn start(&mut self) {
        if !self.hedged.may_hedge() {
            *self.started = u32::MAX;
            return;
        }
        if *self.started == 1 {
            self.hedged.count(Count::Hedged);
        }
        *self.started = self.started.saturating_add(1);
        self.hedged.count(Count::Hedges);
        let other = Other {
            future: Some((self.attempt)()),
            next: self.others.take(),
        };
        *self.others = Some(Box::pin(other));
    }
}

impl<F, M, C> Running<'_, F, M, C> {
    fn drop_attempts(&mut self) {
        self.first.set(None);
        *self.others = None;
        self.timer.set(None);
    }
}

#[inline]
fn is_success<A>(class: &mut impl FnMut(&A) -> Option<Class>, ended: &Ended<A>) -> bool {
    match ended {
        Ended::Answered(answer) => class(answer).is_none(),
        Ended::Rejected(_) | Ended::Refused(..) => false,
    }
}
