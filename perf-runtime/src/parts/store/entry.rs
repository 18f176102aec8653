//! One answer that is kept, and what is known of it.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::Idle;
use super::pages::Marked;
use super::sync::AtomicU64;

/// From when to when an answer may be given, in nanoseconds of its store's clock; `u64::MAX` is never. What is more than
/// 73 years from the clock's beginning is never, too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Lifetime {
    /// Until here without a second thought.
    pub(crate) fresh_until: u64,
    /// From here on not at all; between the two it is stale.
    pub(crate) expires: u64,
    /// Whether it is over when it is no longer fresh, where others are given stale.
    pub(crate) is_never_stale: bool,
    /// Whether it is not that of the store's other answers.
    pub(crate) is_its_own: bool,
}

impl Lifetime {
    pub(crate) const FOREVER: Self = Self {
        fresh_until: u64::MAX,
        expires: u64::MAX,
        is_never_stale: false,
        is_its_own: false,
    };
}

/// What to do with an entry that was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Freshness {
    Fresh,
    /// May be given while somebody gets a new one.
    Stale,
}

/// A key, its answer, and until when.
// What a reader asks for stands together. With a key and an answer of a word each it is half a line of memory.
pub(crate) type Entry<K, V> = Marked<Body<K, V>>;

/// What of an entry is dropped with it.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Body<K, V> {
    key: K,
    value: V,
    /// Until when it is fresh; below that whether its time is its own, whether it is never given stale, and whether a refresh
    /// of it runs.
    fresh: AtomicU64,
}

/// When an entry expires, and in the two lowest bits how often it was met since the policy has asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mark(u64);

/// Bits of a mark that are no time.
const MET: u32 = 2;
/// How often an entry is known to have been met, at most.
const OFTEN: u64 = (1 << MET) - 1;
/// Never, in the bits there are for it.
const NEVER_EXPIRES: u64 = u64::MAX >> MET;

/// Set where a refresh runs.
const IS_REFRESHED: u64 = 1;
/// Set where an entry is over when it is no longer fresh.
const IS_NEVER_STALE: u64 = 2;
/// Set where the lifetime is the entry's own.
const IS_ITS_OWN: u64 = 4;
/// Bits that are no time.
const FLAGS: u32 = 3;
const ALWAYS_FRESH: u64 = u64::MAX >> FLAGS;

impl Mark {
    #[inline]
    fn new(expires: u64) -> Self {
        Self(expires.min(NEVER_EXPIRES) << MET)
    }

    #[inline]
    pub(super) fn is_expired(self, now: u64) -> bool {
        !self.is_before_end(now) && is_finite(self.0 >> MET)
    }

    /// Whether it has not expired; not known of what never does, at the end of time.
    #[inline]
    pub(super) fn is_before_end(self, now: u64) -> bool {
        now < self.0 >> MET
    }

    /// How often the entry of this mark was met since this was asked last.
    pub(super) fn take_met(mark: &std::sync::atomic::AtomicU64) -> u8 {
        let met = mark.load(Relaxed) & OFTEN;
        if met > 0 {
            // Who meets it at this moment may put off its end, which must not be lost.
            mark.fetch_and(!OFTEN, Relaxed);
        }
        met as u8
    }
}

impl<K, V> Marked<Body<K, V>> {
    #[inline]
    pub(crate) fn new(key: K, value: V, lifetime: Lifetime) -> Self {
        let stale = u64::from(lifetime.is_never_stale) * IS_NEVER_STALE;
        let own = u64::from(lifetime.is_its_own) * IS_ITS_OWN;
        let fresh = lifetime.fresh_until.min(ALWAYS_FRESH) << FLAGS | own | stale;
        Self {
            mark: std::sync::atomic::AtomicU64::new(Mark::new(lifetime.expires).0),
            body: Body {
                key,
                value,
                fresh: AtomicU64::new(fresh),
            },
        }
    }

    #[inline]
    pub(crate) fn key(&self) -> &K {
        &self.body.key
    }

    #[inline]
    pub(crate) fn value(&self) -> &V {
        &self.body.value
    }

    /// As it is now: `expires` moves when the store has a time to idle.
    #[inline]
    pub(crate) fn lifetime(&self) -> Lifetime {
        let expires = self.mark().0 >> MET;
        Lifetime {
            fresh_until: self.fresh_until(),
            expires: if expires < NEVER_EXPIRES {
                expires
            } else {
                u64::MAX
            },
            is_never_stale: self.is_never_stale(),
            is_its_own: self.body.fresh.load(Relaxed) & IS_ITS_OWN != 0,
        }
    }

    #[inline]
    fn is_never_stale(&self) -> bool {
        self.body.fresh.load(Relaxed) & IS_NEVER_STALE != 0
    }

    #[inline]
    fn fresh_until(&self) -> u64 {
        let fresh_until = self.body.fresh.load(Relaxed) >> FLAGS;
        if fresh_until < ALWAYS_FRESH {
            fresh_until
        } else {
            u64::MAX
        }
    }

    #[inline]
    pub(crate) fn freshness(&self, now: u64) -> Freshness {
        if now < self.fresh_until() {
            Freshness::Fresh
        } else {
            Freshness::Stale
        }
    }

    #[inline]
    pub(crate) fn is_expired(&self, now: u64) -> bool {
        self.mark().is_expired(now)
    }

    /// Takes the one refresh that may run of this entry; false when another has it. A new answer is a new entry.
    pub(crate) fn claim_refresh(&self) -> bool {
        let fresh = &self.body.fresh;
        fresh.load(Relaxed) & IS_REFRESHED == 0
            && fresh.fetch_or(IS_REFRESHED, Acquire) & IS_REFRESHED == 0
    }

    /// Gives the refresh back that has brought no answer.
    pub(crate) fn release_refresh(&self) {
        self.body.fresh.fetch_and(!IS_REFRESHED, Release);
    }

    #[inline]
    pub(super) fn mark(&self) -> Mark {
        Mark(self.mark.load(Relaxed))
    }

    /// Whether it has not expired; not known of what never does, at the end of time.
    #[inline]
    pub(crate) fn is_before_end(&self, now: u64) -> bool {
        self.mark().is_before_end(now)
    }

    /// Met by a reader, in a store without a time to idle.
    #[inline]
    pub(crate) fn meet_without_idle(&self) {
        self.meet(self.mark(), 0, None);
    }

    /// Met by a reader who has seen this mark. Puts the end off where there is a time to idle.
    #[inline]
    pub(super) fn meet(&self, seen: Mark, now: u64, idle: Option<&Idle>) {
        // A hot entry is not written at all. Two readers at once may count as one, and both put the end off.
        if let Some(idle) = idle {
            self.meet_and_put_off(seen, now, idle);
        } else if seen.0 & OFTEN < OFTEN {
            self.mark.store(seen.0 + 1, Relaxed);
        }
    }

    /// The end is put off where that is worth a write which other threads' reads pay for.
    #[inline(never)]
    fn meet_and_put_off(&self, seen: Mark, now: u64, idle: &Idle) {
        let mut met = seen.0 + u64::from(seen.0 & OFTEN < OFTEN);
        let stale = if self.is_never_stale() { 0 } else { idle.stale };
        let last = self.fresh_until().saturating_add(stale);
        let expires = now.saturating_add(idle.time).min(last).min(NEVER_EXPIRES);
        if expires > (met >> MET).saturating_add(idle.time / 16) {
            met = expires << MET | met & OFTEN;
        }
        if met != seen.0 {
            self.mark.store(met, Relaxed);
        }
    }
}

/// Never is never, even at the end of time; which is asked when it has come.
#[cold]
#[inline(never)]
fn is_finite(expires: u64) -> bool {
    expires != NEVER_EXPIRES
}
