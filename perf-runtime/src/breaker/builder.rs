//! Breakers that are made by hand: what they are told, and what of that is wrong.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Core;
use super::by_hand::{self, Row};
use super::change::BreakerChange;
use super::handle::Breaker;
use super::settings::{Cancelled, Mode, Panics, Recent, Settings};
use crate::clock::coarse::Clock;
use crate::parts::breaker::rules::{MOST_CALLS, MOST_CALLS_SLOW, MOST_IN_A_ROW, MOST_PROBES};

/// Makes a [`Breaker`] without an attribute; see [`Breaker::builder`].
///
/// Nothing is checked before [`build`](Self::build), which says what is wrong and never panics. The defaults are those of
/// `#[breaker]`: it opens after 5 failures in a row, for 60 seconds.
///
/// ```
/// use std::time::Duration;
///
/// use perfkit::Breaker;
///
/// let search = Breaker::builder("builder: search")
///     .failure_rate(0.5, 100)
///     .min_calls(20)
///     .slow(Duration::from_millis(500), 0.8)
///     .reset(Duration::from_secs(10))
///     .max_reset(Duration::from_secs(120))
///     .probes(3)
///     .build()?;
/// assert_eq!(search.snapshot().recent_calls, 0);
/// # Ok::<(), perfkit::BreakerError>(())
/// ```
#[must_use = "a breaker is made by `build`"]
pub struct BreakerBuilder {
    name: String,
    settings: Settings,
    threshold: Option<u64>,
}

impl BreakerBuilder {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            settings: Settings::new(),
            threshold: None,
        }
    }

    /// How many failures in a row open it, 1 to 524,287. Default: 5. Not beside [`failure_rate`](Self::failure_rate).
    pub fn threshold(mut self, failures: u64) -> Self {
        self.threshold = Some(failures);
        self
    }

    /// Which share of failures among the last so many `calls` opens it: more than 0, at most 1, of at most 32,767 calls
    /// (1,023 where [slow](Self::slow) calls count, too).
    pub fn failure_rate(mut self, share: f64, calls: u64) -> Self {
        self.settings.failure_rate = Some(share);
        self.settings.window = Some(Recent::Calls(calls));
        self
    }

    /// The same among the calls of the last while, which is kept in ten slots: the running one and the nine before it.
    pub fn failure_rate_over(mut self, share: f64, time: Duration) -> Self {
        self.settings.failure_rate = Some(share);
        self.settings.window = Some(Recent::Time(time));
        self
    }

    /// The calls of which shares are taken, where only [slow](Self::slow) ones are: the last so many.
    pub fn window(mut self, calls: u64) -> Self {
        self.settings.window = Some(Recent::Calls(calls));
        self
    }

    /// The same: those of the last while.
    pub fn window_over(mut self, time: Duration) -> Self {
        self.settings.window = Some(Recent::Time(time));
        self
    }

    /// How many calls there must be in the window before a share of them counts. Default: 20, or all of a smaller window.
    pub fn min_calls(mut self, calls: u64) -> Self {
        self.settings.min_calls = Some(calls);
        self
    }

    /// Calls at least this long are slow, and this share of slow ones in the window opens it, too. A probe that is slow has
    /// failed. Default: no call is slow.
    pub fn slow(mut self, time: Duration, share: f64) -> Self {
        self.settings.slow = Some(time);
        self.settings.slow_rate = Some(share);
        self
    }

    /// How long it is open before it lets a probe through. Default: 60 seconds.
    pub fn reset(mut self, time: Duration) -> Self {
        self.settings.reset = time;
        self
    }

    /// How long at most: each time that it is opened again without having been closed it is open for twice as long, give or
    /// take a tenth. Default: 10 minutes, or [`reset`](Self::reset) where that is longer.
    pub fn max_reset(mut self, time: Duration) -> Self {
        self.settings.max_reset = Some(time);
        self
    }

    /// How many calls may run at once while it is half-open, 1 to 1,023. Default: 1.
    pub fn probes(mut self, probes: u64) -> Self {
        self.settings.probes = probes;
        self
    }

    /// How many of them have to succeed to close it. Default: as many as there are [`probes`](Self::probes).
    pub fn successes(mut self, successes: u64) -> Self {
        self.settings.successes = Some(successes);
        self
    }

    /// After which time without an end of the probes others are let through in their place. Default: the
    /// [`reset`](Self::reset).
    pub fn lease(mut self, time: Duration) -> Self {
        self.settings.lease = Some(time);
        self
    }

    /// How many keys are known at once that something counts against. Default: 10,000.
    pub fn max_keys(mut self, keys: u64) -> Self {
        self.settings.max_keys = keys;
        self
    }

    /// Cancelled calls say nothing, however many there are. Default: as many in a row as it takes failures (`min_calls`
    /// where a share counts) open it, unless one ends in between.
    pub fn ignore_cancelled(mut self) -> Self {
        self.settings.cancelled = Cancelled::Ignore;
        self
    }

    /// Each cancelled call is a failure.
    pub fn cancelled_are_failures(mut self) -> Self {
        self.settings.cancelled = Cancelled::Failure;
        self
    }

    /// Panics say nothing. Default: each is a failure.
    pub fn ignore_panics(mut self) -> Self {
        self.settings.panics = Panics::Ignore;
        self
    }

    /// It begins [observed](Breaker::observe).
    pub fn observed(mut self) -> Self {
        self.settings.mode = Mode::Observe;
        self
    }

    /// Is told of each change, on the thread of the call that caused it, before that goes on; nothing is locked, and a
    /// panic of it ends there. Two changes that follow each other at once can be told of by two threads, in any order.
    pub fn on_change(mut self, tell: impl Fn(&BreakerChange) + Send + Sync + 'static) -> Self {
        self.settings.on_change(tell);
        self
    }

    /// The time it keeps: a [manual](Clock::manual) clock in tests. Default: that of the system.
    pub fn clock(mut self, clock: &'static Clock) -> Self {
        self.settings.clock = clock;
        self
    }

    /// Makes the breaker.
    ///
    /// # Errors
    /// A number that cannot be, options that contradict each other, or a name that another breaker has now: see
    /// [`BreakerFault`].
    pub fn build(mut self) -> Result<Breaker, BreakerError> {
        if let Some(fault) = self.fault() {
            return Err(BreakerError {
                name: self.name,
                fault,
            });
        }
        if let Some(threshold) = self.threshold {
            self.settings.threshold = threshold;
        }
        let row = Row::of(&self.name);
        let core = Arc::new(Core::new(row.op, row.books, self.settings));
        if !by_hand::put(&self.name, row, &core) {
            return Err(BreakerError {
                name: self.name,
                fault: BreakerFault::NameTaken,
            });
        }
        Ok(Breaker::shared(core))
    }

    /// What cannot be.
    fn fault(&self) -> Option<BreakerFault> {
        let Settings {
            failure_rate,
            window,
            min_calls,
            slow,
            slow_rate,
            reset,
            max_reset,
            probes,
            successes,
            lease,
            max_keys,
            ..
        } = &self.settings;
        let (calls, time) = match window {
            Some(Recent::Calls(calls)) => (Some(*calls), None),
            Some(Recent::Time(time)) => (None, Some(*time)),
            None => (None, None),
        };
        let most_calls = if slow.is_some() {
            MOST_CALLS_SLOW
        } else {
            MOST_CALLS
        };
        let most_in_a_row = if slow.is_some() && calls.is_some() {
            MOST_CALLS_SLOW
        } else {
            MOST_IN_A_ROW
        };
        let numbers = [
            ("threshold", self.threshold, most_in_a_row),
            ("window", calls, most_calls),
            ("min_calls", *min_calls, calls.unwrap_or(u64::MAX)),
            ("probes", Some(*probes), MOST_PROBES),
            ("successes", *successes, MOST_PROBES),
            ("max_keys", Some(*max_keys), u64::from(u32::MAX)),
        ];
        let times = [
            ("window", time),
            ("slow", *slow),
            ("reset", Some(*reset)),
            ("lease", *lease),
        ];
        let shares = [("failure_rate", *failure_rate), ("slow", *slow_rate)];
        let number = numbers
            .into_iter()
            .find_map(|(option, number, most)| match number {
                Some(0) => Some(BreakerFault::Zero { option }),
                Some(number) if number > most => Some(BreakerFault::TooMuch { option, most }),
                _ => None,
            });
        let time = times
            .into_iter()
            .find_map(|(option, time)| time?.is_zero().then_some(BreakerFault::Zero { option }));
        let share = shares.into_iter().find_map(|(option, share)| {
            let share = share?;
            // What is no number is none either.
            let is_one = share > 0.0 && share <= 1.0;
            (!is_one).then_some(BreakerFault::Share { option, share })
        });
        number.or(time).or(share).or_else(|| {
            if failure_rate.is_some() && self.threshold.is_some() {
                Some(BreakerFault::ThresholdAndRate)
            } else if slow.is_some() && window.is_none() {
                Some(BreakerFault::WithoutWindow)
            } else if max_reset.is_some_and(|most| most < *reset) {
                Some(BreakerFault::MaxReset)
            } else {
                None
            }
        })
    }
}

impl fmt::Debug for BreakerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerBuilder")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A breaker that cannot be made.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakerError {
    name: String,
    fault: BreakerFault,
}

impl BreakerError {
    /// The name of the breaker.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> BreakerFault {
        self.fault
    }
}

/// Why a breaker cannot be made.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum BreakerFault {
    /// An option is zero that has to be more.
    Zero {
        /// Which one.
        option: &'static str,
    },
    /// An option is larger than it can be.
    TooMuch {
        /// Which one.
        option: &'static str,
        /// The most that it can be: for `min_calls`, the window.
        most: u64,
    },
    /// A share that is not more than 0 and at most 1.
    Share {
        /// Whose.
        option: &'static str,
        /// What was given.
        share: f64,
    },
    /// Both a threshold and a failure rate.
    ThresholdAndRate,
    /// A share of slow calls, and no window of calls.
    WithoutWindow,
    /// A `max_reset` that is shorter than the `reset`.
    MaxReset,
    /// There is a breaker of this name.
    NameTaken,
}

impl fmt::Display for BreakerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the breaker `{}` cannot be made: ", self.name)?;
        match self.fault {
            BreakerFault::Zero { option } => write!(f, "its `{option}` is zero"),
            BreakerFault::TooMuch { option, most } => {
                write!(f, "its `{option}` can be {most} at most")
            }
            BreakerFault::Share { option, share } => write!(
                f,
                "the share of `{option}` is more than 0 and at most 1, and this is {share}"
            ),
            BreakerFault::ThresholdAndRate => f.write_str(
                "failures open it in a row or by their share; give it a threshold or a failure rate",
            ),
            BreakerFault::WithoutWindow => f.write_str(
                "a share of slow calls is one of the calls in a window; say which, with `window` or `window_over`",
            ),
            BreakerFault::MaxReset => {
                f.write_str("its `max_reset` is shorter than its `reset`, and a reset only grows")
            }
            BreakerFault::NameTaken => f.write_str(
                "there is one of this name; choose another name, or share the one there is with `get_breaker`",
            ),
        }
    }
}

impl std::error::Error for BreakerError {}
