//! What a breaker is told of a call, and what it says.

use super::word::{Phase, Word};

/// A call that may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pass(pub(super) Word);

impl Pass {
    /// Of a call that nobody judges.
    pub(super) const NONE: Self = Self(Word::new(Phase::Disabled, 0, 0));

    /// Whether the call has a place of a half-open breaker.
    pub(crate) fn is_probe(self) -> bool {
        self.0.phase().is_half_open()
    }
}

/// Whether a call may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Admission {
    /// How it may, or after how many nanoseconds it is worth asking again; [`u64::MAX`] where nobody knows.
    pub(crate) pass: Result<Pass, u64>,
    /// It may only because the breaker is observed.
    pub(crate) is_spared: bool,
    /// What the call has changed.
    pub(crate) change: Option<Change>,
}

/// What a call has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) from: Phase,
    pub(crate) to: Phase,
    pub(crate) why: Why,
    /// The generation that begins.
    pub(crate) generation: u64,
}

/// Why a breaker changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    FailuresInARow,
    FailureRate,
    SlowRate,
    CancelledInARow,
    TimeIsUp,
    ProbeFailed,
    ProbesSucceeded,
    LeaseExpired,
    ByHand,
}

/// How a call ended, for a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Success,
    Failure,
    /// Says nothing.
    Neutral,
    /// Its caller has given up. It says something where many do.
    Cancelled,
}

/// What a verdict has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    /// It counts, or says nothing.
    Taken(Option<Change>),
    /// Nobody wants to know.
    Ignored,
    /// The call was of an earlier generation.
    Late,
}

/// What a breaker is at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) phase: Phase,
    pub(crate) generation: u64,
    /// Nanoseconds until an open breaker lets a probe through, where that is known.
    pub(crate) next_probe: Option<u64>,
    /// Calls in the window of a closed breaker, and what of them counts against it. Without a window: failures in a row.
    pub(crate) calls: u64,
    pub(crate) failures: u64,
    pub(crate) slow: u64,
    /// Probes that are out.
    pub(crate) probes: u64,
}

impl Admission {
    #[inline]
    pub(super) const fn of(pass: Pass) -> Self {
        Self {
            pass: Ok(pass),
            is_spared: false,
            change: None,
        }
    }

    pub(super) const fn rejected(after_ns: u64) -> Self {
        Self {
            pass: Err(after_ns),
            is_spared: false,
            change: None,
        }
    }

    /// Nobody is rejected by a breaker that is observed: the call runs, and nobody asks how it ended.
    pub(super) const fn observed(self, word: Word) -> Self {
        if self.pass.is_ok() {
            return self;
        }
        Self {
            pass: Ok(Pass(Word::new(Phase::ObservedOpen, word.generation(), 0))),
            is_spared: true,
            ..self
        }
    }
}
