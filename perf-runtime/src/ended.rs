//! How a call ended, as the policies around it see it.
//!
//! A policy that answers in place of the function does so with a [`Rejected`]. What that is as an answer of the function's
//! own is decided once, outside of all policies: those in between see a rejection and not an error that looks like any
//! other, whatever the type of the error. So a retry does not repeat it, and a breaker does not count it.

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

    /// The answer; `make` gives that of a rejection.
    #[inline]
    pub fn settle(self, make: impl FnOnce(Rejected) -> A) -> A {
        match self {
            Self::Answered(answer) | Self::Refused(answer, _) => answer,
            Self::Rejected(rejected) => make(rejected),
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
