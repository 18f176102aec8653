//! What a cache is told when it is made, and what follows from it for one answer.

use std::time::Duration;

use crate::clock::coarse::Clock;
use crate::parts::edge::Edge;
use crate::parts::store::{Idle, Lifetime, Limits};

/// Times that are shorter than this are measured exactly, and not by a clock that is written now and then.
const SHORT: Duration = Duration::from_millis(100);

/// Asks the user, once.
pub type GiveSettings = fn() -> Settings;

/// The options of a cache that have no types.
#[derive(Clone)]
pub struct Settings {
    /// How long an answer is fresh; `Duration::MAX` for good.
    pub ttl: Duration,
    /// How long an answer stays that nobody asks for.
    pub tti: Option<Duration>,
    /// How many answers; nothing for as many as there are.
    pub max_size: Option<u64>,
    /// How many bytes of answers, as they are weighed.
    pub max_bytes: Option<u64>,
    /// How long an answer that is no longer fresh is given while a new one is made in the background.
    pub stale: Option<Duration>,
    /// After which share of its `ttl` a new answer is made in the background, when it is asked for.
    pub refresh_ahead: Option<f64>,
    /// How long an error is kept.
    pub errors: Option<Duration>,
    /// By which share of it a `ttl` is shortened at most, by chance.
    pub jitter: f64,
    /// How long a call waits for another one that runs the body.
    pub wait: Duration,
    /// The time.
    pub clock: &'static Clock,
    /// Whether one call runs the body for all that ask for the same.
    pub(super) coalesces: bool,
    /// For which of the calls that come within a `ttl` the body runs.
    pub(super) edge: Edge,
}

impl Settings {
    /// The defaults of `#[cached]`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            ttl: Duration::from_secs(300),
            tti: None,
            max_size: Some(1000),
            max_bytes: None,
            stale: None,
            refresh_ahead: None,
            errors: None,
            jitter: 0.0,
            wait: Duration::from_secs(10),
            clock: Clock::system(),
            coalesces: true,
            edge: Edge::Leading,
        }
    }

    /// Answers that are good for ever, at most so many of them; errors too, and nobody waits for anybody.
    #[must_use]
    pub fn forever(max_size: Option<u64>) -> Self {
        Self {
            ttl: Duration::MAX,
            max_size,
            errors: Some(Duration::MAX),
            coalesces: false,
            ..Self::new()
        }
    }

    /// What is in the store at most.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            entries: self.max_size,
            weight: self.max_bytes,
        }
    }

    pub(super) fn idle(&self) -> Option<Idle> {
        self.tti.map(|tti| Idle {
            time: nanos(tti),
            stale: self.stale.map_or(0, nanos),
        })
    }

    /// The shortest time after which something ends; nothing when nothing ever does.
    pub(super) fn shortest(&self) -> Option<Duration> {
        let times = [Some(self.ttl), self.tti, self.errors];
        let shortest = times.into_iter().flatten().min();
        shortest.filter(|shortest| *shortest < Duration::MAX)
    }

    pub(super) fn is_short(&self) -> bool {
        self.edge.is_trailing()
            || self.ttl < SHORT
            || self.tti.is_some_and(|tti| tti < SHORT)
            || self.errors.is_some_and(|errors| errors < SHORT)
    }

    /// Whether it is time to make a new answer in the place of one: ahead of its end only where that is not its own, of which
    /// there is no share to be told.
    pub(super) fn is_due(&self, lifetime: Lifetime, now: u64) -> bool {
        let fresh_until = lifetime.fresh_until;
        // Of the shortest there may be: of a longer one, an answer with a short life would be due as soon as it is there.
        let shortest = |share| shortened(shortened(nanos(self.ttl), self.jitter), share);
        let ahead = self.refresh_ahead.filter(|_| !lifetime.is_its_own);
        let ahead = ahead.map_or(0, shortest);
        fresh_until != u64::MAX && now >= fresh_until.saturating_sub(ahead)
    }
}

/// How long answers are good by the settings, in nanoseconds; `u64::MAX` is for good.
pub(super) struct Times {
    ttl: u64,
    /// Of an error.
    errors: u64,
    idle: u64,
    stale: u64,
    jitter: f64,
}

impl Times {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            ttl: nanos(settings.ttl),
            errors: nanos(settings.errors.unwrap_or(settings.ttl)),
            idle: settings.tti.map_or(u64::MAX, nanos),
            stale: settings.stale.map_or(0, nanos),
            jitter: settings.jitter,
        }
    }

    /// From when to when an answer is good that is made now, unless it has an end of its `own`. What a ttl is shortened by
    /// depends on `seed` and the time.
    #[inline]
    pub(super) fn lifetime(
        &self,
        now: u64,
        is_error: bool,
        seed: u64,
        own: Option<Duration>,
    ) -> Lifetime {
        let ttl = if is_error { self.errors } else { self.ttl };
        let shorter = if let Some(own) = own {
            nanos(own)
        } else if self.jitter > 0.0 {
            shortened(ttl, self.jitter * chance(seed ^ now))
        } else {
            ttl
        };
        let fresh_until = now.saturating_add(shorter);
        let idle_until = now.saturating_add(self.idle);
        // An error is not worth giving when its time is over.
        let stale = if is_error { 0 } else { self.stale };
        let stale_until = fresh_until.saturating_add(stale);
        Lifetime {
            fresh_until,
            expires: idle_until.min(stale_until),
            is_never_stale: is_error,
            is_its_own: own.is_some(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A number from 0 to 1: the output function of Steele, Lea and Flood's `SplitMix64`.
#[expect(clippy::cast_precision_loss, reason = "32 bits")]
fn chance(seed: u64) -> f64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 32) as f64 / f64::from(u32::MAX)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a time, which need not be exact"
)]
fn shortened(ttl: u64, share: f64) -> u64 {
    if ttl == u64::MAX {
        return ttl;
    }
    let less = ttl as f64 * share.clamp(0.0, 1.0);
    ttl.saturating_sub(less as u64)
}
