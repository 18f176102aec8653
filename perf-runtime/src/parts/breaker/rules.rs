//! What a breaker goes by, as the machine wants it: whole numbers, all of them possible.

use super::word::Field;

/// What is too many failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failures {
    /// So many in a row.
    InARow(u64),
    /// So many millionths of the calls in the window.
    Share(u64),
}

/// Which calls count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    /// All of them.
    None,
    /// The last so many.
    Calls(u64),
    /// Those of the last so many nanoseconds.
    Time(u64),
}

/// See the module. What is out of range is brought into it: whoever makes them by hand is told before, see
/// `BreakerBuilder`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) failures: Failures,
    pub(crate) window: Window,
    /// How many calls there must be in the window before any share counts.
    pub(crate) min_calls: u64,
    /// So many millionths of the calls in the window may be slow.
    pub(crate) slow_share: Option<u64>,
    /// After so many calls that were cancelled, and none that ended, a closed breaker opens; never.
    pub(crate) cancelled: Option<u64>,
    /// In nanoseconds, as all times are.
    pub(crate) reset: u64,
    pub(crate) max_reset: u64,
    pub(crate) probes: u64,
    pub(crate) successes: u64,
    pub(crate) lease: u64,
}

/// The longest window of calls, and that where slow ones are told apart.
pub(crate) const MOST_CALLS: u64 = Layout::PLAIN.filled.most();
pub(crate) const MOST_CALLS_SLOW: u64 = Layout::SLOW.filled.most();
/// The most failures in a row.
pub(crate) const MOST_IN_A_ROW: u64 = Layout::COUNT.failures.most();
/// The most probes, and the most successes.
pub(crate) const MOST_PROBES: u64 = super::word::OUT.most();

/// A whole, in millionths.
pub(crate) const MILLION: u64 = 1_000_000;

impl Rules {
    /// The same with every number where it can be.
    pub(crate) fn possible(self) -> Self {
        let layout = Layout::of(&self);
        let probes = self.probes.clamp(1, MOST_PROBES);
        let window = match self.window {
            Window::Calls(calls) => Window::Calls(calls.clamp(1, layout.filled.most())),
            other => other,
        };
        let most_calls = match window {
            Window::Calls(calls) => calls,
            _ => u64::MAX,
        };
        Self {
            failures: match self.failures {
                Failures::InARow(failures) => {
                    Failures::InARow(failures.clamp(1, layout.failures.most()))
                }
                Failures::Share(share) => Failures::Share(share.clamp(1, MILLION)),
            },
            window,
            min_calls: self.min_calls.clamp(1, most_calls),
            slow_share: self.slow_share.map(|share| share.clamp(1, MILLION)),
            cancelled: self
                .cancelled
                .map(|cancelled| cancelled.clamp(1, layout.cancelled.most())),
            reset: self.reset.max(1),
            max_reset: self.max_reset.max(self.reset),
            probes,
            successes: self.successes.clamp(1, MOST_PROBES),
            lease: self.lease.max(1),
        }
    }

    /// Whether that many of the calls are too many.
    pub(super) fn is_too_much(share: u64, of: u64, calls: u64) -> bool {
        let (of, calls) = (u128::from(of), u128::from(calls));
        of > 0 && of * u128::from(MILLION) >= u128::from(share) * calls
    }
}

/// What the payload of a closed breaker counts, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// Failures in a row, or in the window.
    pub(super) failures: Field,
    /// Slow calls in the window.
    pub(super) slow: Field,
    /// How many calls the window has.
    pub(super) filled: Field,
    /// Calls that were cancelled with none in between that ended.
    pub(super) cancelled: Field,
}

impl Layout {
    /// No window of calls.
    const COUNT: Self = Self {
        failures: Field::new(0, 20),
        slow: Field::NONE,
        filled: Field::NONE,
        cancelled: Field::new(20, 20),
    };
    /// A window of calls.
    const PLAIN: Self = Self {
        failures: Field::new(0, 16),
        slow: Field::NONE,
        filled: Field::new(16, 16),
        cancelled: Field::new(32, 8),
    };
    /// One in which slow calls are told apart.
    const SLOW: Self = Self {
        failures: Field::new(0, 11),
        slow: Field::new(11, 11),
        filled: Field::new(22, 11),
        cancelled: Field::new(33, 7),
    };

    pub(super) const fn of(rules: &Rules) -> Self {
        match (rules.window, rules.slow_share) {
            (Window::Calls(_), None) => Self::PLAIN,
            (Window::Calls(_), Some(_)) => Self::SLOW,
            _ => Self::COUNT,
        }
    }
}
