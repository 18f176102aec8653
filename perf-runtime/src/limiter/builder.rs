//! What a limit that is made by hand is told, and what of that is wrong.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::Settings;
use super::by_hand::RateLimiter;
use crate::clock::coarse::Clock;

/// Makes a [`RateLimiter`]; see [`RateLimiter::builder`].
///
/// Nothing is checked before [`build`](Self::build), which says what is wrong and never panics.
#[derive(Debug, Clone)]
#[must_use = "a limit is made by `build`"]
pub struct RateLimiterBuilder {
    name: String,
    settings: Settings,
    has_rate: bool,
}

impl RateLimiterBuilder {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            settings: Settings {
                max_wait: Duration::MAX,
                ..Settings::new((1, Duration::from_secs(1)))
            },
            has_rate: false,
        }
    }

    /// So many in so long; needed.
    pub fn rate(mut self, times: u64, per: Duration) -> Self {
        self.settings.rate = (times, per);
        self.has_rate = true;
        self
    }

    /// How many at once, at least 1. Default: as many as the rate names.
    pub fn burst(mut self, burst: u32) -> Self {
        self.settings.burst = Some(burst.into());
        self
    }

    /// How long [`acquire`](RateLimiter::acquire) waits at most; `Duration::MAX`, which is the default, as long as it takes.
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        self.settings.max_wait = max_wait;
        self
    }

    /// How many wait at a time, those of all keys together, at least 1. Who would be one more is rejected at once, with
    /// [`Reason::QueueFull`](crate::Reason::QueueFull). Default: as many as there are.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use perfkit::{RateLimiter, Reason};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mails = RateLimiter::builder("doc: max_waiting")
    ///     .rate(1, Duration::from_secs(3600))
    ///     .max_waiting(1)
    ///     .build()?;
    /// mails.acquire_async().await?;
    ///
    /// let waiting = tokio::spawn({
    ///     let mails = mails.clone();
    ///     async move { mails.acquire_async().await }
    /// });
    /// tokio::task::yield_now().await;
    /// let rejected = mails.acquire_async().await.unwrap_err();
    /// assert_eq!(rejected.reason(), Reason::QueueFull);
    /// # waiting.abort();
    /// # Ok(())
    /// # }
    /// ```
    pub fn max_waiting(mut self, max_waiting: u64) -> Self {
        self.settings.max_waiting = Some(max_waiting);
        self
    }

    /// How many keys have a bucket of their own, at least 1. Default: 10,000.
    pub fn max_keys(mut self, max_keys: u64) -> Self {
        self.settings.max_keys = max_keys;
        self
    }

    /// The time it keeps. Default: the processor's.
    ///
    /// With a [manual](Clock::manual) clock what is allowed is certain, for tests; who waits sleeps as long as with any other.
    pub fn clock(mut self, clock: &'static Clock) -> Self {
        self.settings.clock = Some(clock);
        self
    }

    /// The limit.
    ///
    /// # Errors
    /// When there is no rate, or one of the numbers is zero.
    pub fn build(self) -> Result<RateLimiter, RateLimiterError> {
        let wrong = |what| Err(RateLimiterError(what));
        let (times, per) = self.settings.rate;
        if !self.has_rate {
            return wrong("it has no rate; say `.rate(100, Duration::from_secs(1))`");
        }
        if times == 0 {
            return wrong("a rate of none would never let anything through; the least is 1");
        }
        if per.is_zero() {
            return wrong(
                "a rate needs a length of time; say `.rate(100, Duration::from_secs(1))`",
            );
        }
        if self.settings.burst == Some(0) {
            return wrong("a burst of none would never let anything through; the least is 1");
        }
        if self.settings.max_waiting == Some(0) {
            return wrong(
                "`max_waiting` is at least 1; where nobody is to wait say `.max_wait(Duration::ZERO)`",
            );
        }
        if self.settings.max_keys == 0 {
            return wrong("`max_keys` is at least 1");
        }
        Ok(RateLimiter::new(&self.name, self.settings))
    }
}

/// Why there is no limit; the text says what to write.
///
/// ```
/// let error = perfkit::RateLimiter::builder("none").build().unwrap_err();
/// assert!(error.to_string().contains("it has no rate"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimiterError(&'static str);

impl fmt::Display for RateLimiterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no rate limit: {}", self.0)
    }
}

impl Error for RateLimiterError {}
