//! How often something may happen: a bucket of tokens as one number, without waiting and without a clock.
//!
//! The generic cell rate algorithm (ITU-T I.371): of a bucket that holds `burst` tokens and is filled evenly, only the
//! time is kept at which it will be full again, the *theoretical arrival time*. A token moves it on by the time that one
//! takes to come back; it is there if the bucket is full no later than a whole bucket from now. So the state is one
//! number, and taking a token one compare-and-swap, in any number of threads.
//!
//! Who may wait takes a token that is not there yet: a [`Promise`], with the time until it is. Promises are for one moment
//! each, in the order in which they were made.
//!
//! The time is handed in, in units of whatever clock there is, of which a [`Quota`] knows how many are in its time.
//! - Over any length of time no more than `burst + rate × length` tokens are given.
//! - A clock that leaps forward fills the bucket, once. One that goes back brings no token: the bucket is as it was
//!   until the clock has caught up. When it has gone back by more than a minute beyond all that was promised, which no
//!   monotonic clock does while the machine is awake, the bucket is taken to be empty then, and filled from there on.
//!
//! What it does not do: it keeps no list of those who wait. A promise that is given back makes room for those who come
//! later when it was the last one; the others keep their times.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};

pub(crate) mod keyed;

/// After this time nothing is there.
pub(crate) const NEVER: u64 = u64::MAX;
/// Parts of a unit, so that the time of one token is kept to a quarter of it.
const PARTS: u64 = 4;
/// The last moment there is, far enough from the largest number for everything that is added to it.
const LAST: u64 = u64::MAX / 4;
/// No bucket takes longer to fill than this: a century of nanoseconds is beyond any clock here.
const LONGEST: u64 = u64::MAX / 8;

/// So many tokens in so long, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    /// The time in which one token comes back, in parts.
    interval: u64,
    /// That in which all do.
    depth: u64,
    burst: u32,
    /// How far back a clock may go before it is believed, in parts.
    slack: u64,
}

/// What becomes of who asks for tokens.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// They are taken.
    Allowed,
    /// They are there after so many units, and kept for who asked.
    Promised(u64, Promise),
    /// They are there after so many units, if nobody else takes them, or [`NEVER`].
    Refused(u64),
}

/// Tokens that are not there yet. [Kept](Gcra::keep) or [given back](Gcra::give_back), once.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a promise is kept or given back"]
pub(crate) struct Promise {
    /// When the bucket is full after it.
    end: u64,
    price: u64,
}

/// A bucket of tokens. A new one is full.
#[derive(Debug, Default)]
pub(crate) struct Gcra {
    /// When it is full again, in parts; not later than now when it is.
    full_at: AtomicU64,
    /// The time of all that is promised and not kept yet, in parts.
    promised: AtomicU64,
}

impl Quota {
    /// `times` tokens in `per` units, `burst` of them at once.
    ///
    /// The least of a burst, and of a rate, is one. In no time at all there is no limit. A bucket that would take longer to
    /// fill than clocks run holds less. `minute` is how far a clock may go back before it is believed.
    pub(crate) fn new(times: u64, per: u64, burst: u32, minute: u64) -> Self {
        let per = u128::from(per) * u128::from(PARTS);
        // Rounded up: never more than the rate.
        let interval = per.div_ceil(u128::from(times.max(1)));
        let interval = u64::try_from(interval).unwrap_or(LONGEST).min(LONGEST);
        let most = LONGEST.checked_div(interval).unwrap_or(u64::MAX);
        let burst = u32::try_from(most).unwrap_or(u32::MAX).min(burst).max(1);
        Self {
            interval,
            depth: interval.saturating_mul(u64::from(burst)),
            burst,
            slack: minute.saturating_mul(PARTS).min(LONGEST),
        }
    }

    pub(crate) fn burst(&self) -> u32 {
        self.burst
    }

    /// The longest that a bucket takes to be full again, in units, where nobody waits.
    fn furthest(&self) -> u64 {
        self.depth.saturating_add(self.slack) / PARTS
    }

    /// The time that so many tokens take to come back, in parts.
    fn price(&self, tokens: u32) -> u64 {
        self.interval.saturating_mul(u64::from(tokens))
    }
}

fn parts(units: u64) -> u64 {
    units.saturating_mul(PARTS).min(LAST)
}

impl Gcra {
    pub(crate) const fn new() -> Self {
        Self {
            full_at: AtomicU64::new(0),
            promised: AtomicU64::new(0),
        }
    }

    /// Takes `tokens` at `now`, in units, if they are there and nobody else takes some in this moment.
    #[inline]
    pub(crate) fn try_take(&self, quota: &Quota, now: u64, tokens: u32) -> bool {
        let now = parts(now);
        let full_at = self.full_at.load(Relaxed);
        let end = full_at.max(now).saturating_add(quota.price(tokens));
        end <= now + quota.depth && self.moved(full_at, end)
    }

    /// Takes `tokens` at `now`, in units, or says after how many units they are there, or [`NEVER`].
    #[inline]
    pub(crate) fn try_take_or_wait(&self, quota: &Quota, now: u64, tokens: u32) -> Option<u64> {
        if tokens > quota.burst {
            return Some(NEVER);
        }
        match self.decide(quota, parts(now), quota.price(tokens), 0) {
            Decision::Refused(after) => Some(after),
            Decision::Allowed | Decision::Promised(..) => None,
        }
    }

    /// Asks for `tokens` at `now`, and waits for them no longer than `patience`, both in units.
    ///
    /// What never fits into the bucket is refused for ever.
    pub(crate) fn take(&self, quota: &Quota, now: u64, tokens: u32, patience: u64) -> Decision {
        let now = parts(now);
        if tokens > quota.burst {
            return Decision::Refused(NEVER);
        }
        let price = quota.price(tokens);
        let patience = patience.saturating_mul(PARTS);
        if patience == 0 {
            return self.decide(quota, now, price, 0);
        }
        // Promised before it is taken, so that nobody who sees it taken thinks that the clock has gone back.
        self.promised.fetch_add(price, AcqRel);
        let decision = self.decide(quota, now, price, patience);
        if !matches!(decision, Decision::Promised(..)) {
            self.promised.fetch_sub(price, AcqRel);
        }
        decision
    }

    #[inline]
    fn decide(&self, quota: &Quota, now: u64, price: u64, patience: u64) -> Decision {
        let reach = now + quota.depth;
        loop {
            let full_at = self.believed(quota, now);
            let end = full_at.max(now).saturating_add(price);
            let wait = end.saturating_sub(reach);
            if wait > patience || end >= LAST {
                return Decision::Refused(wait.div_ceil(PARTS));
            }
            if !self.moved(full_at, end) {
                continue;
            }
            if wait == 0 {
                return Decision::Allowed;
            }
            let promise = Promise { end, price };
            return Decision::Promised(wait.div_ceil(PARTS), promise);
        }
    }

    /// When it is full again, in parts; a clock that has gone back too far to be waited for begins with an empty bucket.
    #[inline]
    fn believed(&self, quota: &Quota, now: u64) -> u64 {
        let full_at = self.full_at.load(Acquire);
        if full_at <= now + quota.depth + quota.slack {
            return full_at;
        }
        self.looked_into(quota, now)
    }

    #[cold]
    fn looked_into(&self, quota: &Quota, now: u64) -> u64 {
        loop {
            let full_at = self.full_at.load(Acquire);
            let promised = self.promised.load(Acquire);
            let furthest = (now + quota.depth).saturating_add(promised);
            if full_at <= furthest.saturating_add(quota.slack) {
                return full_at;
            }
            self.moved(full_at, furthest);
        }
    }

    /// The tokens are there by now, and used.
    #[expect(clippy::needless_pass_by_value, reason = "a promise is used up")]
    pub(crate) fn keep(&self, promise: Promise) {
        let Promise { price, .. } = promise;
        self.promised.fetch_sub(price, AcqRel);
    }

    /// The tokens are not wanted any more. True when they are there for others: when nobody has asked for any since; else
    /// their moment passes unused.
    #[expect(clippy::needless_pass_by_value, reason = "a promise is used up")]
    pub(crate) fn give_back(&self, promise: Promise) -> bool {
        let Promise { end, price } = promise;
        let given = self.moved(end, end.saturating_sub(price));
        self.promised.fetch_sub(price, AcqRel);
        given
    }

    /// When it is as good as a new one, in units; nothing when it is, at `now`.
    pub(crate) fn full_at(&self, quota: &Quota, now: u64) -> Option<u64> {
        let now = parts(now);
        let full_at = self.believed(quota, now);
        // A promise that is not kept yet will come back to this bucket, and to no other.
        let is_full = full_at <= now && self.promised.load(Acquire) == 0;
        (!is_full).then(|| full_at.div_ceil(PARTS))
    }

    /// After how many units there is a token, at `now`; 0 is at once.
    pub(crate) fn after(&self, quota: &Quota, now: u64) -> u64 {
        let now = parts(now);
        let end = self.believed(quota, now).max(now);
        let end = end.saturating_add(quota.interval);
        end.saturating_sub(now + quota.depth).div_ceil(PARTS)
    }

    /// Makes it full at `now`, but for what is promised and not kept yet.
    pub(crate) fn refill(&self, now: u64) {
        let now = parts(now);
        let full_at = |full_at: u64| {
            let promised = self.promised.load(Acquire);
            Some(full_at.min(now.saturating_add(promised)))
        };
        let _ = self.full_at.fetch_update(AcqRel, Acquire, full_at);
    }

    /// How many tokens are there at `now`.
    pub(crate) fn level(&self, quota: &Quota, now: u64) -> u32 {
        let missing = self.full_at.load(Acquire).saturating_sub(parts(now));
        let there = quota.depth.saturating_sub(missing);
        there
            .checked_div(quota.interval)
            .map_or(quota.burst, |level| {
                u32::try_from(level).unwrap_or(quota.burst).min(quota.burst)
            })
    }

    #[inline]
    fn moved(&self, from: u64, to: u64) -> bool {
        self.full_at
            .compare_exchange(from, to, AcqRel, Relaxed)
            .is_ok()
    }
}

#[cfg(test)]
mod tests;
