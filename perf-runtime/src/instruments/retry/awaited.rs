//! A call whose attempts are awaited: what its future keeps between them.
//!
//! The expansion is the loop around the attempts, so that nothing is nested in a future that need not be. A call that does
//! not fail keeps one empty pointer; what a failed one needs is behind it, and its future is the smaller for it.
//!
//! All that may need a future in memory is done on what is behind the pointer, in functions of their own. So the compiler
//! can keep a future in registers whose first attempt is ready when it is polled and has not failed: the address of nothing
//! in it is known to anybody.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use pin_project_lite::pin_project;

use crate::clock::Start;
use crate::ended::Ended;
use crate::instruments::retry::attempts::Attempts;
use crate::instruments::retry::wait::{Wait, Waiting};
use crate::instruments::retry::{Asked, Retry};
use crate::outcome::Failing;
use crate::parts::repeating;
use crate::site::Site;

/// See the module.
///
/// Dropped after the first attempt has failed and before the call has ended, the call was cancelled, or panicked.
#[derive(Default)]
pub struct Awaited {
    /// There once the first attempt has failed and there is to be another one.
    repeated: Option<Pin<Box<Repeated>>>,
}

impl fmt::Debug for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Awaited").finish_non_exhaustive()
    }
}

impl Awaited {
    /// A call begins.
    #[inline]
    #[must_use]
    pub fn new() -> Self {
        Self { repeated: None }
    }

    /// When the next attempt begins: the first one with the call, which is told, others now.
    #[inline]
    #[must_use]
    pub fn began(&self, call: Start) -> Start {
        if self.repeated.is_some() {
            Start::now()
        } else {
            call
        }
    }

    /// `future` as the next attempt.
    #[inline]
    pub fn attempt<F>(&mut self, future: F) -> Attempt<'_, F> {
        Attempt {
            future,
            repeated: self.repeated.as_mut().map(Pin::as_mut),
        }
    }

    /// Whether `answer` is that of a first attempt that has not failed: then there is nothing to ask and nothing to count.
    #[expect(
        clippy::inline_always,
        reason = "an answer in a function of its own is in memory"
    )]
    #[inline(always)]
    #[must_use]
    pub fn succeed_at_once<A: Failing>(&self, answer: &A) -> bool {
        self.repeated.is_none() && !answer.has_failed()
    }

    /// The answer of a first attempt that has not failed.
    ///
    /// # Errors
    /// With what the attempt gave otherwise, which is then made anew: it goes on to [`Awaited::next`] and is in memory,
    /// and what is given on by a call that does not fail is not.
    #[expect(
        clippy::inline_always,
        reason = "an answer in a function of its own is in memory"
    )]
    #[inline(always)]
    pub fn at_once<A: Failing>(&self, ended: Ended<A>) -> Result<A, Ended<A>> {
        match ended {
            Ended::Answered(answer) if self.succeed_at_once(&answer) => Ok(answer),
            Ended::Answered(answer) => Err(Ended::Answered(answer)),
            Ended::Rejected(rejected) => Err(Ended::Rejected(rejected)),
            Ended::Refused(answer, rejected) => Err(Ended::Refused(answer, rejected)),
        }
    }

    /// Takes what the attempt gave that has just ended. When there is to be another one, after a [wait](Self::wait), gives
    /// back what the user is `asked`: whether an answer is a failure, and how long the error wants to be left alone; and he
    /// is told that there is another attempt. Nothing is locked meanwhile.
    ///
    /// # Errors
    /// With what the attempt gave, when there is no other.
    #[expect(clippy::inline_always, reason = "lent, this would be in memory")]
    #[inline(always)]
    pub fn next<A, Q: Asked<A>>(
        &mut self,
        site: &'static Site<Retry>,
        began: Option<Instant>,
        ended: Ended<A>,
        asked: Q,
    ) -> Result<Q, Ended<A>> {
        let (repeated, asked) = next(site, began, self.repeated.take(), ended, asked)?;
        self.repeated = Some(repeated);
        Ok(asked)
    }

    /// Waits until the next attempt is to begin, by a timer; dropping the future leaves nothing behind.
    #[inline]
    pub fn wait(&mut self) -> Pause<'_> {
        Pause {
            repeated: self.repeated.as_mut().map(Pin::as_mut),
        }
    }
}

impl Drop for Awaited {
    #[inline]
    fn drop(&mut self) {
        if let Some(repeated) = self.repeated.take() {
            end(repeated);
        }
    }
}

#[cold]
#[inline(never)]
fn end(repeated: Pin<Box<Repeated>>) {
    drop(repeated);
}

/// See [`Awaited::next`].
#[cold]
#[inline(never)]
fn next<A, Q: Asked<A>>(
    site: &'static Site<Retry>,
    began: Option<Instant>,
    repeated: Option<Pin<Box<Repeated>>>,
    ended: Ended<A>,
    mut asked: Q,
) -> Result<(Pin<Box<Repeated>>, Q), Ended<A>> {
    let retry = site.get();
    let Some(mut repeated) = repeated else {
        // Nothing is allocated for a call that ends here.
        let mut attempts = Attempts::new(began);
        let wait = attempts.next(retry, ended, &mut asked)?;
        return Ok((Box::pin(Repeated::new(attempts, wait)), asked));
    };
    let mut this = repeated.as_mut().project();
    let wait = this.attempts.next(retry, ended, &mut asked)?;
    this.waiting.set(Some(wait.wait()));
    Ok((repeated, asked))
}

pin_project! {
    /// What a call needs that is made again.
    struct Repeated {
        attempts: Attempts,
        #[pin]
        waiting: Option<Waiting>,
        // What the thread that polls an attempt has run before it.
        outer: bool,
    }
}

impl Repeated {
    fn new(attempts: Attempts, wait: Wait) -> Self {
        Self {
            attempts,
            waiting: Some(wait.wait()),
            outer: false,
        }
    }

    #[cold]
    #[inline(never)]
    fn enter(self: Pin<&mut Self>) {
        *self.project().outer = repeating::enter();
    }

    #[cold]
    #[inline(never)]
    fn leave(self: Pin<&mut Self>) {
        repeating::leave(self.outer);
    }

    #[cold]
    #[inline(never)]
    fn poll_wait(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut waiting = self.project().waiting;
        let polled = match waiting.as_mut().as_pin_mut() {
            Some(waiting) => waiting.poll(cx),
            None => Poll::Ready(()),
        };
        if polled.is_ready() {
            waiting.set(None);
        }
        polled
    }
}

pin_project! {
    /// An attempt; a repetition says that it is one while it is polled.
    #[must_use = "futures do nothing unless polled"]
    pub struct Attempt<'a, F> {
        #[pin]
        future: F,
        repeated: Option<Pin<&'a mut Repeated>>,
    }
}

impl<F: Future> Future for Attempt<'_, F> {
    type Output = F::Output;

    #[expect(
        clippy::inline_always,
        reason = "an answer in a function of its own is in memory"
    )]
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let repeated = this.repeated.as_mut().map(Pin::as_mut);
        let _scope = repeated.map(Scope::enter);
        this.future.poll(cx)
    }
}

/// While it lives, what this thread runs is a repetition.
// Not the `Scope` of `repeating`: to know whether there is one takes no more than the pointer that is there anyway.
struct Scope<'a>(Pin<&'a mut Repeated>);

impl<'a> Scope<'a> {
    #[inline]
    fn enter(mut repeated: Pin<&'a mut Repeated>) -> Self {
        repeated.as_mut().enter();
        Self(repeated)
    }
}

impl Drop for Scope<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.as_mut().leave();
    }
}

/// The wait before an attempt, see [`Awaited::wait`].
// It points to what is behind the pointer that the future keeps, and not to the pointer: see the module.
#[must_use = "futures do nothing unless polled"]
pub struct Pause<'a> {
    repeated: Option<Pin<&'a mut Repeated>>,
}

impl Future for Pause<'_> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.repeated {
            Some(repeated) => repeated.as_mut().poll_wait(cx),
            None => Poll::Ready(()),
        }
    }
}
