//! The options of `#[retry]`.

use std::fmt;
use std::time::Duration;

use crate::clock::coarse::Clock;
use crate::parts::backoff::{Backoff, Growth, Jitter};

/// How many repetitions a second a function may make however seldom it is called.
pub(super) const FLOOR: u32 = 10;

/// The options of `#[retry]`, with their defaults: three attempts, exponential delays from one second, doubled each time,
/// up to thirty seconds, with full jitter; a tenth of the calls may be repeated.
#[derive(Debug)]
#[must_use]
pub struct Options {
    pub(super) attempts: u64,
    pub(super) delays: Delays,
    /// Nothing: full, but for delays of the user's own making.
    jitter: Option<Jitter>,
    pub(super) max_delay: Duration,
    pub(super) deadline: Option<Duration>,
    pub(super) budget: Option<f64>,
    pub(super) repeats_rejections: bool,
    pub(super) clock: Option<&'static Clock>,
}

impl Options {
    /// The delay before the second attempt, where nothing else is said.
    pub const DELAY: Duration = Duration::from_secs(1);

    /// All defaults.
    #[expect(clippy::new_without_default, reason = "for expansions")]
    pub fn new() -> Self {
        Self {
            attempts: 3,
            delays: Delays::Grow(Backoff {
                growth: Growth::Exponential(2.0),
                first: Self::DELAY,
            }),
            jitter: None,
            max_delay: Duration::from_secs(30),
            deadline: None,
            budget: Some(0.1),
            repeats_rejections: false,
            clock: None,
        }
    }

    /// In total. One or less: nothing is repeated.
    pub fn attempts(mut self, attempts: u64) -> Self {
        self.attempts = attempts;
        self
    }

    /// How the delays grow, and the one before the second attempt.
    pub fn backoff(mut self, growth: Growth, first: Duration) -> Self {
        self.delays = Delays::Grow(Backoff { growth, first });
        self
    }

    /// The delay before the attempt of that number, which is 2 or more.
    pub fn delays(mut self, delays: impl Fn(u32) -> Duration + Send + Sync + 'static) -> Self {
        self.delays = Delays::Own(Box::new(delays));
        self
    }

    /// What chance takes away from a delay.
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = Some(jitter);
        self
    }

    /// No delay is longer.
    pub fn max_delay(mut self, max_delay: Duration) -> Self {
        self.max_delay = max_delay;
        self
    }

    /// No attempt begins later than that after the call.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The share of the calls that may be repeated.
    pub fn budget(mut self, share: f64) -> Self {
        self.budget = Some(share);
        self
    }

    /// All may.
    pub fn without_budget(mut self) -> Self {
        self.budget = None;
        self
    }

    /// Repeats rejections of policies further in.
    pub fn repeat_rejections(mut self) -> Self {
        self.repeats_rejections = true;
        self
    }

    /// Whose time the budget goes by. On a manual clock the delays pass at once.
    pub fn clock(mut self, clock: &'static Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    pub(super) fn chosen_jitter(&self) -> Jitter {
        match (self.jitter, &self.delays) {
            (Some(jitter), _) => jitter,
            (None, Delays::Grow(_)) => Jitter::Full,
            (None, Delays::Own(_)) => Jitter::None,
        }
    }
}

/// Where delays come from.
pub(super) enum Delays {
    Grow(Backoff),
    Own(Box<dyn Fn(u32) -> Duration + Send + Sync>),
}

impl Delays {
    pub(super) fn before(&self, attempt: u32, longest: Duration) -> Duration {
        match self {
            Self::Grow(backoff) => backoff.delay(attempt, longest),
            Self::Own(delays) => delays(attempt).min(longest),
        }
    }
}

impl fmt::Debug for Delays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grow(backoff) => backoff.fmt(f),
            Self::Own(_) => f.write_str("a function"),
        }
    }
}
