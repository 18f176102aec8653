//! What a breaker is told when it is made.

use std::time::Duration;

use super::change::BreakerChange;
use crate::clock::coarse::Clock;
use crate::parts::breaker::Phase;
use crate::parts::breaker::rules::{Failures, MILLION, Rules, Window};

/// How long a breaker is open at first.
const RESET: Duration = Duration::from_secs(60);
/// As long as it grows at most, unless it is longer from the start.
const MAX_RESET: Duration = Duration::from_secs(600);
/// How many calls there must be before a share of them counts, where a window is large enough.
const MIN_CALLS: u64 = 20;

/// Is told of each change.
pub(crate) type Listener = Box<dyn Fn(&BreakerChange) + Send + Sync>;

/// The calls of which a share is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recent {
    /// The last so many.
    Calls(u64),
    /// Those of the last while.
    Time(Duration),
}

impl From<u64> for Recent {
    fn from(calls: u64) -> Self {
        Self::Calls(calls)
    }
}

impl From<Duration> for Recent {
    fn from(time: Duration) -> Self {
        Self::Time(time)
    }
}

/// What calls mean that their callers have given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cancelled {
    /// Nothing one by one; many in a row, with none in between that ended, open it.
    #[default]
    Streak,
    /// Nothing.
    Ignore,
    /// Each is a failure.
    Failure,
}

/// What calls mean that panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Panics {
    /// Nothing.
    Ignore,
    /// Each is a failure.
    #[default]
    Failure,
}

/// What a breaker does in the beginning, and after a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Its work.
    #[default]
    Enforce,
    /// Its work, but that nobody is rejected.
    Observe,
    /// Nothing: calls run and nobody looks.
    Disabled,
    /// Rejects every call.
    ForcedOpen,
}

impl Mode {
    pub(super) const fn phase(self) -> Phase {
        match self {
            Self::Enforce => Phase::Closed,
            Self::Observe => Phase::ObservedClosed,
            Self::Disabled => Phase::Disabled,
            Self::ForcedOpen => Phase::ForcedOpen,
        }
    }
}

/// The options of a breaker. Numbers that cannot be are brought to the next that can.
pub struct Settings {
    /// So many failures in a row open it, where there is no `failure_rate`.
    pub threshold: u64,
    /// This share of the calls in the window.
    pub failure_rate: Option<f64>,
    /// Of which calls a share is taken.
    pub window: Option<Recent>,
    /// How many calls there must be in the window before a share of them counts.
    pub min_calls: Option<u64>,
    /// How long a call is slow.
    pub slow: Option<Duration>,
    /// This share of slow calls opens it, too.
    pub slow_rate: Option<f64>,
    /// How long it is open at first.
    pub reset: Duration,
    /// How long at most, when it was opened again and again.
    pub max_reset: Option<Duration>,
    /// How many calls run at once while it is half-open.
    pub probes: u64,
    /// How many of them must succeed to close it.
    pub successes: Option<u64>,
    /// How long a probe has its place.
    pub lease: Option<Duration>,
    /// Keys with something that counts against them, where there is one for each key.
    pub max_keys: u64,
    /// See there.
    pub cancelled: Cancelled,
    /// See there.
    pub panics: Panics,
    /// See there.
    pub mode: Mode,
    /// The time.
    pub clock: &'static Clock,
    /// Is told of each change.
    pub(super) listener: Option<Listener>,
}

impl Settings {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            threshold: 5,
            failure_rate: None,
            window: None,
            min_calls: None,
            slow: None,
            slow_rate: None,
            reset: RESET,
            max_reset: None,
            probes: 1,
            successes: None,
            lease: None,
            max_keys: 10_000,
            cancelled: Cancelled::default(),
            panics: Panics::default(),
            mode: Mode::default(),
            clock: Clock::system(),
            listener: None,
        }
    }

    /// Tells somebody of each change.
    pub fn on_change(&mut self, tell: impl Fn(&BreakerChange) + Send + Sync + 'static) {
        self.listener = Some(Box::new(tell));
    }

    /// Whether calls are timed.
    pub(super) fn is_timed(&self) -> bool {
        self.slow.is_some() && self.slow_rate.is_some()
    }

    /// How many calls there must be.
    pub(super) fn min_calls(&self) -> u64 {
        self.min_calls.unwrap_or(match self.window {
            Some(Recent::Calls(calls)) => calls.min(MIN_CALLS),
            _ => MIN_CALLS,
        })
    }

    pub(super) fn max_reset(&self) -> Duration {
        self.max_reset.unwrap_or(MAX_RESET.max(self.reset))
    }

    pub(super) fn rules(&self) -> Rules {
        let shares = self.failure_rate.is_some() || self.is_timed();
        let window = match self.window {
            Some(Recent::Calls(calls)) if shares => Window::Calls(calls),
            Some(Recent::Time(time)) if shares => Window::Time(nanos(time)),
            _ => Window::None,
        };
        let failures = match self.failure_rate {
            Some(rate) if window != Window::None => Failures::Share(millionths(rate)),
            _ => Failures::InARow(self.threshold),
        };
        let min_calls = self.min_calls();
        let streak = match failures {
            Failures::InARow(failures) => failures,
            Failures::Share(_) => min_calls,
        };
        Rules {
            failures,
            window,
            min_calls,
            slow_share: self
                .slow_rate
                .filter(|_| self.is_timed() && window != Window::None)
                .map(millionths),
            cancelled: (self.cancelled == Cancelled::Streak).then_some(streak),
            reset: nanos(self.reset),
            max_reset: nanos(self.max_reset()),
            probes: self.probes,
            successes: self.successes.unwrap_or(self.probes),
            lease: nanos(self.lease.unwrap_or(self.reset)),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "between 0 and a million"
)]
fn millionths(share: f64) -> u64 {
    // What is no number is no share either: as much as there can be.
    if share.is_nan() {
        return MILLION;
    }
    (share.clamp(0.0, 1.0) * MILLION as f64).round() as u64
}
