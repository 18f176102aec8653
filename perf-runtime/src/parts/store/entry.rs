//! One answer that is kept, and what is known of it.

use std::sync::atomic::{
    AtomicU8,
    Ordering::{Acquire, Relaxed, Release},
};

use super::sync::{AtomicBool, AtomicU64};

/// How often an entry is known to have been met, at most.
const OFTEN: u8 = 3;

/// From when to when an answer may be given, in nanoseconds of its store's clock; `u64::MAX` is never.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Lifetime {
    /// Until here without a second thought.
    pub(crate) fresh_until: u64,
    /// From here on not at all; between the two it is stale.
    pub(crate) expires: u64,
}

impl Lifetime {
    pub(crate) const FOREVER: Self = Self {
        fresh_until: u64::MAX,
        expires: u64::MAX,
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
// What a reader asks for stands together, before what it does not: an entry begins anywhere in a line of memory, and what
// is in one line costs one.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Entry<K, V> {
    /// What the policy and the books of its shard call it.
    pub(super) id: u32,
    used: AtomicU8,
    is_refreshed: AtomicBool,
    expires: AtomicU64,
    key: K,
    value: V,
    fresh_until: u64,
}

impl<K, V> Entry<K, V> {
    pub(crate) fn new(key: K, value: V, lifetime: Lifetime) -> Self {
        Self {
            key,
            value,
            fresh_until: lifetime.fresh_until,
            expires: AtomicU64::new(lifetime.expires),
            id: 0,
            used: AtomicU8::new(0),
            is_refreshed: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(crate) fn key(&self) -> &K {
        &self.key
    }

    #[inline]
    pub(crate) fn value(&self) -> &V {
        &self.value
    }

    /// As it is now: `expires` moves when the store has a time to idle.
    #[inline]
    pub(crate) fn lifetime(&self) -> Lifetime {
        Lifetime {
            fresh_until: self.fresh_until,
            expires: self.expires.load(Relaxed),
        }
    }

    #[inline]
    pub(crate) fn freshness(&self, now: u64) -> Freshness {
        if now < self.fresh_until {
            Freshness::Fresh
        } else {
            Freshness::Stale
        }
    }

    #[inline]
    pub(crate) fn is_expired(&self, now: u64) -> bool {
        let expires = self.expires.load(Relaxed);
        expires <= now && is_finite(expires)
    }

    /// Takes the one refresh that may run of this entry; false when another has it. A new answer is a new entry.
    pub(crate) fn claim_refresh(&self) -> bool {
        !self.is_refreshed.load(Relaxed)
            && self
                .is_refreshed
                .compare_exchange(false, true, Acquire, Relaxed)
                .is_ok()
    }

    /// Gives the refresh back that has brought no answer.
    pub(crate) fn release_refresh(&self) {
        self.is_refreshed.store(false, Release);
    }

    /// Met by a reader.
    #[inline]
    pub(super) fn meet(&self) {
        // Two readers at once may count as one; a hot entry is not written at all.
        let used = self.used.load(Relaxed);
        if used < OFTEN {
            self.used.store(used + 1, Relaxed);
        }
    }

    /// How often it was met since this was asked last.
    pub(super) fn take_used(&self) -> u8 {
        let used = self.used.load(Relaxed);
        if used > 0 {
            self.used.store(0, Relaxed);
        }
        used
    }

    /// Puts the end off, where that is worth a write that other threads' reads pay for.
    #[inline]
    pub(super) fn touch(&self, now: u64, idle: &super::Idle) {
        let last = self.fresh_until.saturating_add(idle.stale);
        let expires = now.saturating_add(idle.time).min(last);
        if expires > self.expires.load(Relaxed).saturating_add(idle.time / 16) {
            self.expires.store(expires, Relaxed);
        }
    }
}

/// Never is never, even at the end of time; which is asked when it has come.
#[cold]
#[inline(never)]
fn is_finite(expires: u64) -> bool {
    expires != u64::MAX
}
