//! How a call ended, as the policies around it see it.
//!
//! A policy that answers in place of the function does so with a [`Rejected`]. What that is as an answer of the function's
//! own is decided once, outside of all policies: those in between see a rejection and not an error that looks like any
//! other, whatever the type of the error. So a retry does not repeat it, and a breaker does not count it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::rejected::Rejected;

/// What a policy gets from what it stands around, and gives to what stands around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended<A> {
    /// The function has answered, or a fallback for it.
    Answered(A),
    /// A policy has answered, and what that is as an answer is not decided yet.
    Rejected(Rejected),
    /// A policy has answered, and its `reject = …` or its own fallback has made an answer of that.
    Refused(A, Rejected),
}

impl<A> Ended<A> {
    /// The answer, where there is one.
    #[inline]
    pub fn answer(&self) -> Option<&A> {
        match self {
            Self::Answered(answer) | Self::Refused(answer, _) => Some(answer),
            Self::Rejected(_) => None,
        }
    }

    /// Why a policy has answered.
    #[inline]
    pub fn rejection(&self) -> Option<&Rejected> {
        match self {
            Self::Answered(_) => None,
            Self::Rejected(rejected) | Self::Refused(_, rejected) => Some(rejected),
        }
    }

    /// The answer of a call that no policy can reject.
    #[expect(
        clippy::inline_always,
        reason = "an answer in a function of its own is in memory"
    )]
    #[inline(always)]
    pub fn sure(self) -> A {
        match self {
            Self::Answered(answer) | Self::Refused(answer, _) => answer,
            Self::Rejected(_) => unreachable!("written where nothing rejects"),
        }
    }

    /// The answer; `make` gives that of a rejection.
    #[expect(
        clippy::inline_always,
        reason = "an answer in a function of its own is in memory"
    )]
    #[inline(always)]
    pub fn settle(self, make: impl FnOnce(Rejected) -> A) -> A {
        match self {
            Self::Answered(answer) | Self::Refused(answer, _) => answer,
            Self::Rejected(rejected) => make(rejected),
        }
    }
}

pin_project! {
    /// See [`answered`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Answered<F> {
        #[pin]
        future: F,
    }
}

/// A future that answers, for a policy around it.
#[inline]
pub fn answered<F: Future>(future: F) -> Answered<F> {
    Answered { future }
}

impl<F: Future> Future for Answered<F> {
    type Output = Ended<F::Output>;

    #[expect(
        clippy::inline_always,
        reason = "an answer in a function of its own is in memory"
    )]
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx).map(Ended::Answered)
    }
}

pin_project! {
    /// See [`settled`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Settled<F, M> {
        #[pin]
        future: F,
        make: Option<M>,
    }
}

/// A future under policies, for what stands around answers; `make` gives that of a rejection.
#[inline]
pub fn settled<A, F, M>(future: F, make: M) -> Settled<F, M>
where
    F: Future<Output = Ended<A>>,
    M: FnOnce(Rejected) -> A,
{
    Settled {
        future,
        make: Some(make),
    }
}

impl<A, F, M> Future for Settled<F, M>
where
    F: Future<Output = Ended<A>>,
    M: FnOnce(Rejected) -> A,
{
    type Output = A;

    #[expect(
        clippy::inline_always,
        reason = "an answer in a function of its own is in memory"
    )]
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<A> {
        let this = self.project();
        match (this.future.poll(cx), this.make.take()) {
            (Poll::Ready(ended), Some(make)) => Poll::Ready(ended.settle(make)),
            (_, make) => {
                *this.make = make;
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ended;
    use crate::rejected::Rejected;

    #[test]
    fn a_rejection_becomes_an_answer_once() {
        let rejected = Rejected::load_failed("op");
        let ended = [
            Ended::Answered(1),
            Ended::Rejected(rejected),
            Ended::Refused(3, rejected),
        ];
        assert_eq!(ended.map(|ended| ended.settle(|_| 2)), [1, 2, 3]);
        assert_eq!(
            ended.each_ref().map(Ended::answer),
            [Some(&1), None, Some(&3)]
        );
        assert_eq!(
            ended.each_ref().map(Ended::rejection),
            [None, Some(&rejected), Some(&rejected)]
        );
    }
}
