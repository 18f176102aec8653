//! `#[timeout]` at run time: a body that is cancelled when its time is up.
//!
//! The limit counts from the first poll, which is when the call began. A body that is ready at once costs two counts; only
//! one that has to wait gets a timer. While the body is polled its deadline is the thread's (`perfkit::deadline`), so a timeout
//! further in starts with what is left of the one around it and never waits longer.
//!
//! # Which one answers
//! - A body that is ready in the poll in which the time is up has answered.
//! - When a timeout and one around it are due together, the outer one answers: it is its limit that ran out, and it is
//!   the one that counts it. What it cancels counts as cancelled. A call that is polled without the outer one, moved to
//!   another task for example, answers for itself when the deadline it began with has come.
//! - A rejection never comes out of a call's first poll, and not out of a poll in which an outer timeout is due too: the
//!   task goes around once more. A loop around a call that is always rejected (no time left, a limit of zero) therefore
//!   lets the executor, and the outer timeout, have their turn.
//!
//! # What is counted
//! `calls` are the futures that were polled and have ended; each is one of `completed`, `timed_out`, `cancelled` (dropped
//! by the caller) and `panicked`. Those that run are `inflight`. A future that is never polled is no call.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use crate::clock::Start;
use crate::ended::Ended;
use crate::parts::counter::Counters;
use crate::parts::deadline::{self, Scope};
#[cfg(feature = "tracing")]
use crate::parts::event_limit::EventLimit;
use crate::rejected::Rejected;
use crate::rt;

mod report;

/// The options of `#[timeout]`.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a call may take, from its first poll. Zero: the body is polled once, and rejected when it has to wait.
    /// `Duration::MAX`, or what is too long for the clock: no limit.
    pub limit: Duration,
}

/// The instrument.
pub struct Timeout {
    op: &'static str,
    limit: Duration,
    counters: Counters<5>,
    #[cfg(feature = "tracing")]
    events: EventLimit,
}

/// The counters of a site, by index.
#[derive(Clone, Copy)]
enum Count {
    Started,
    Completed,
    TimedOut,
    Cancelled,
    Panicked,
}

const ENDS: [Count; 4] = [
    Count::Completed,
    Count::TimedOut,
    Count::Cancelled,
    Count::Panicked,
];

impl Timeout {
    /// Awaits `body` for at most the limit since `start`; `reject` makes the answer of a call that took longer.
    ///
    /// When the time is up the body is dropped first, which cancels it, and `reject` is asked then. Cancel safety is that
    /// of the body. A panic of the body passes through. Polled again after its answer the future stays pending.
    #[inline]
    pub fn call_async<F, R>(
        &'static self,
        start: Start,
        body: F,
        reject: R,
    ) -> Call<F, impl Fn(F::Output) -> F::Output + use<F, R>, R>
    where
        F: Future,
        R: FnOnce(Rejected) -> F::Output,
    {
        self.call(start, body, std::convert::identity, reject)
    }

    /// The same of a body that answers, for policies around it.
    #[inline]
    pub fn answered_async<F, R>(
        &'static self,
        start: Start,
        body: F,
        reject: R,
    ) -> Call<F, impl Fn(F::Output) -> Ended<F::Output> + use<F, R>, R>
    where
        F: Future,
        R: FnOnce(Rejected) -> Ended<F::Output>,
    {
        self.call(start, body, Ended::Answered, reject)
    }

    #[inline]
    fn call<F, G, R>(&'static self, start: Start, body: F, given: G, reject: R) -> Call<F, G, R> {
        Call {
            body: Some(body),
            given,
            reject: Some(reject),
            timer: None,
            timeout: self,
            start,
            deadline: None,
            allowed: Duration::ZERO,
            stage: Stage::New,
        }
    }

    #[inline]
    fn count(&self, what: Count) {
        self.counters.add_one(what as usize);
    }

    /// The limit that ends at `own`, but not more than what is left until `outer`; with the instant at which it ends.
    fn allowance(
        &self,
        own: Option<Instant>,
        outer: Option<Instant>,
    ) -> (Duration, Option<Instant>) {
        match (own, outer) {
            (Some(own), Some(outer)) if outer < own => {
                let less = own.saturating_duration_since(outer);
                (self.limit.saturating_sub(less), Some(outer))
            }
            (None, Some(outer)) => (outer.saturating_duration_since(rt::now()), Some(outer)),
            (own, _) => (self.limit, own),
        }
    }

    #[cfg(feature = "tracing")]
    #[cold]
    fn tell(&self, allowed: Duration) {
        self.events.tell(rt::now(), |suppressed| {
            tracing::warn!(
                target: "perfkit::timeout",
                op = self.op,
                limit = ?allowed,
                suppressed,
                "call timed out and was cancelled"
            );
        });
    }
}

/// How far a call is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Never polled.
    New,
    /// Counted as started.
    Running,
    /// Its time is up; the next poll rejects it.
    Late,
    /// Counted as ended.
    Over,
}

pin_project! {
    /// A call of an annotated function.
    #[must_use = "futures do nothing unless polled"]
    pub struct Call<F, G, R> {
        // Taken out when the call ends, so that the body is gone before its answer is used.
        #[pin]
        body: Option<F>,
        #[pin]
        timer: Option<rt::Sleep>,
        given: G,
        reject: Option<R>,
        timeout: &'static Timeout,
        start: Start,
        deadline: Option<Instant>,
        allowed: Duration,
        stage: Stage,
    }

    impl<F, G, R> PinnedDrop for Call<F, G, R> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if matches!(*this.stage, Stage::Running | Stage::Late) {
                this.timeout.count(Count::Cancelled);
            }
        }
    }
}

impl<F, G, A, R> Future for Call<F, G, R>
where
    F: Future,
    G: Fn(F::Output) -> A,
    R: FnOnce(Rejected) -> A,
{
    type Output = A;

    // What others write is in memory, and who takes an answer from there waits until it is. So all that is seldom stands in
    // functions of its own, none of which gives an answer, and the rest where the call is awaited.
    #[expect(clippy::inline_always, reason = "see above")]
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<A> {
        let mut this = self.as_mut().project();
        let Some(body) = this.body.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let outer = deadline::deadline();
        let stage = *this.stage;
        let scope = match stage {
            Stage::New => {
                *this.stage = Stage::Running;
                this.timeout.count(Count::Started);
                Scope::begin(outer, *this.start, this.timeout.limit)
            }
            Stage::Late => return self.reject(),
            // A body that has panicked says itself what it does when it is polled again.
            Stage::Running | Stage::Over => Scope::enter(outer, *this.deadline),
        };
        let polling = Polling {
            timeout: this.timeout,
            stage: this.stage,
        };
        let answer = body.poll(cx);
        std::mem::forget(polling);
        if let Poll::Ready(answer) = answer {
            drop(scope);
            let answer = (this.given)(answer);
            self.complete();
            return Poll::Ready(answer);
        }
        if self.as_mut().is_late(stage, scope, outer, cx) {
            return self.reject();
        }
        Poll::Pending
    }
}

impl<F, G, R> Call<F, G, R> {
    /// The body has answered, and is dropped.
    #[inline]
    fn complete(self: Pin<&mut Self>) {
        let mut this = self.project();
        if *this.stage == Stage::Running {
            *this.stage = Stage::Over;
            this.timeout.count(Count::Completed);
        }
        if this.timer.is_some() {
            this.timer.set(None);
        }
        this.body.set(None);
    }

    /// The body has to wait. Whether the call is over all the same.
    #[cold]
    #[inline(never)]
    fn is_late(
        self: Pin<&mut Self>,
        stage: Stage,
        scope: Scope,
        outer: Option<Instant>,
        cx: &mut Context<'_>,
    ) -> bool {
        let mut this = self.project();
        let is_first = stage == Stage::New;
        if is_first {
            let own = scope.end();
            (*this.allowed, *this.deadline) = this.timeout.allowance(own, outer);
        } else {
            drop(scope);
        }
        if stage == Stage::Over {
            return false;
        }
        let Some(deadline) = *this.deadline else {
            return false;
        };
        if !this.allowed.is_zero() {
            if this.timer.is_none() {
                this.timer.set(Some(rt::sleep_until(deadline)));
            }
            if let Some(timer) = this.timer.as_mut().as_pin_mut()
                && timer.poll(cx).is_pending()
            {
                return false;
            }
        }
        *this.stage = Stage::Late;
        if is_first || outer.is_some_and(|outer| outer <= deadline) {
            this.timer.set(None);
            cx.waker().wake_by_ref();
            return false;
        }
        true
    }

    #[expect(clippy::inline_always, reason = "as the poll that it ends")]
    #[inline(always)]
    fn reject<A>(mut self: Pin<&mut Self>) -> Poll<A>
    where
        R: FnOnce(Rejected) -> A,
    {
        self.as_mut().end_late();
        let this = self.project();
        let rejected = Rejected::timed_out(this.timeout.op, *this.allowed);
        match this.reject.take() {
            Some(reject) => Poll::Ready(reject(rejected)),
            None => Poll::Pending,
        }
    }

    #[cold]
    #[inline(never)]
    fn end_late(self: Pin<&mut Self>) {
        let mut this = self.project();
        *this.stage = Stage::Over;
        this.timeout.count(Count::TimedOut);
        this.timer.set(None);
        this.body.set(None);
        #[cfg(feature = "tracing")]
        this.timeout.tell(*this.allowed);
    }
}

/// Dropped only when the body panics.
struct Polling<'c> {
    timeout: &'static Timeout,
    stage: &'c mut Stage,
}

impl Drop for Polling<'_> {
    #[cold]
    fn drop(&mut self) {
        if *self.stage == Stage::Running {
            *self.stage = Stage::Over;
            self.timeout.count(Count::Panicked);
        }
    }
}
