//! What changes in a breaker, as users are told of it.

use std::fmt;

use crate::parts::breaker::{Change, Phase, Why};

/// What a breaker does with calls.
///
/// ```
/// assert_eq!(perfkit::BreakerState::HalfOpen.to_string(), "half-open");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakerState {
    /// Calls run.
    Closed,
    /// Calls are rejected, until a time.
    Open,
    /// A few calls run, to find out whether it can be closed; the others are rejected.
    HalfOpen,
    /// Calls are rejected until somebody says otherwise.
    ForcedOpen,
    /// Calls run, and nobody looks how they end.
    Disabled,
    /// Calls run. The breaker opens and closes as ever, and counts what it would have rejected.
    Observing,
}

impl BreakerState {
    pub(super) const fn of(phase: Phase) -> Self {
        if phase.is_observed() {
            return Self::Observing;
        }
        Self::behind(phase)
    }

    /// Also of one that is observed.
    pub(super) const fn behind(phase: Phase) -> Self {
        match phase {
            Phase::Closed | Phase::ObservedClosed => Self::Closed,
            Phase::Open | Phase::ObservedOpen => Self::Open,
            Phase::HalfOpen | Phase::ObservedHalfOpen => Self::HalfOpen,
            Phase::ForcedOpen => Self::ForcedOpen,
            Phase::Disabled => Self::Disabled,
        }
    }

    /// The state in words, as the report has it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
            Self::ForcedOpen => "forced open",
            Self::Disabled => "disabled",
            Self::Observing => "observing",
        }
    }
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why a breaker has changed.
///
/// ```
/// assert_eq!(perfkit::BreakerReason::ProbeFailed.to_string(), "probe failed");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakerReason {
    /// As many failures in a row as its threshold.
    ConsecutiveFailures,
    /// Too large a share of failures.
    FailureRate,
    /// Too large a share of slow calls.
    SlowRate,
    /// Many callers in a row have given up, and no call has ended.
    CancelledInARow,
    /// It has been open for long enough.
    ResetElapsed,
    /// A probe failed, or was slow where slow calls count.
    ProbeFailed,
    /// Enough probes succeeded.
    ProbesSucceeded,
    /// All probes were out for longer than the lease.
    LeaseExpired,
    /// Somebody has said so.
    Forced,
}

impl BreakerReason {
    /// All of them that open a breaker, in the order of the report.
    pub(super) const OPENING: [Self; 6] = [
        Self::ConsecutiveFailures,
        Self::FailureRate,
        Self::SlowRate,
        Self::CancelledInARow,
        Self::ProbeFailed,
        Self::Forced,
    ];

    pub(super) const fn of(why: Why) -> Self {
        match why {
            Why::FailuresInARow => Self::ConsecutiveFailures,
            Why::FailureRate => Self::FailureRate,
            Why::SlowRate => Self::SlowRate,
            Why::CancelledInARow => Self::CancelledInARow,
            Why::TimeIsUp => Self::ResetElapsed,
            Why::ProbeFailed => Self::ProbeFailed,
            Why::ProbesSucceeded => Self::ProbesSucceeded,
            Why::LeaseExpired => Self::LeaseExpired,
            Why::ByHand => Self::Forced,
        }
    }

    /// As a key of the report.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::ConsecutiveFailures => "consecutive_failures",
            Self::FailureRate => "failure_rate",
            Self::SlowRate => "slow_rate",
            Self::CancelledInARow => "cancelled_in_a_row",
            Self::ResetElapsed => "reset_elapsed",
            Self::ProbeFailed => "probe_failed",
            Self::ProbesSucceeded => "probes_succeeded",
            Self::LeaseExpired => "lease_expired",
            Self::Forced => "forced",
        }
    }
}

impl fmt::Display for BreakerReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConsecutiveFailures => "consecutive failures",
            Self::FailureRate => "failure rate",
            Self::SlowRate => "slow rate",
            Self::CancelledInARow => "cancelled in a row",
            Self::ResetElapsed => "reset elapsed",
            Self::ProbeFailed => "probe failed",
            Self::ProbesSucceeded => "probes succeeded",
            Self::LeaseExpired => "lease expired",
            Self::Forced => "forced",
        })
    }
}

/// A breaker has changed: what `on_change` is told.
///
/// Of a breaker that is observed, `from` and `to` are what it would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakerChange {
    /// The breaker, by its name in the report.
    pub op: &'static str,
    /// What it was.
    pub from: BreakerState,
    /// What it is.
    pub to: BreakerState,
    /// Why.
    pub reason: BreakerReason,
    /// Whether it rejects nobody, whatever it is.
    pub is_observing: bool,
    /// Whether it is the breaker of one key, where there is one for each.
    pub is_of_a_key: bool,
}

impl BreakerChange {
    pub(super) const fn of(op: &'static str, change: Change, is_of_a_key: bool) -> Self {
        Self {
            op,
            from: BreakerState::behind(change.from),
            to: BreakerState::behind(change.to),
            reason: BreakerReason::of(change.why),
            is_observing: change.to.is_observed(),
            is_of_a_key,
        }
    }

    /// Whether calls are treated as before.
    pub(super) fn is_none(&self, change: Change) -> bool {
        change.from == change.to && self.reason == BreakerReason::Forced
    }
}
