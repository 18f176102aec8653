//! A new answer in the place of one that is still given.
//!
//! Of all the calls that find an answer whose time has come, one claims the refresh; its own answer is the old one, as it
//! is for the others. The refresh runs the body in the background, with copies of the arguments, as a flight: a call that
//! finds nothing any more waits for it, and an invalidation makes it worthless. When it brings no answer, because it
//! failed, panicked or could not run, the old one stays for as long as it would have, and the next call tries again.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::landing::{Landing, Way};
use super::slot::Slot;
use super::{Core, Count};
use crate::kept::{Keepable, Kept, Share};
use crate::parts::key::{Key, Lookup};
use crate::parts::tags::Tag;
use crate::rt::background;

/// The one refresh of an answer. Dropped, it may be claimed again.
pub struct Refresh<K: Key, R, V: Keepable> {
    key: K,
    landing: Landing<'static, K, R, V>,
    claim: Claim<K, V>,
}

/// Gives the claim back.
struct Claim<K: Key, V: Keepable> {
    slot: &'static Slot<K, V>,
    hash: u64,
    key: K,
    is_replaced: Arc<AtomicBool>,
}

impl<K: Key, V: Keepable> Drop for Claim<K, V> {
    fn drop(&mut self) {
        // A new answer has no claim on it, or already that of another call.
        if !self.is_replaced.load(Relaxed) {
            self.slot.release(self.hash, |key| *key == self.key);
        }
    }
}

/// The same before there is a key for it.
struct Unused<'l, K: Key, V: Keepable, L: Lookup<K>> {
    slot: &'static Slot<K, V>,
    hash: u64,
    lookup: &'l L,
}

impl<K: Key, V: Keepable, L: Lookup<K>> Drop for Unused<'_, K, V, L> {
    fn drop(&mut self) {
        self.slot.release(self.hash, |key| self.lookup.is(key));
    }
}

impl<K: Key, R, V: Keepable> Refresh<K, R, V> {
    /// That of what is kept under a key, which has just been claimed.
    pub(super) fn claimed<A, L>(slot: &'static Slot<K, V>, hash: u64, lookup: &L) -> Self
    where
        A: Kept<Answer = R, Value = V>,
        L: Lookup<K>,
    {
        // Should the key not be cloned, another call may have it.
        let unused = Unused { slot, hash, lookup };
        let keys = [lookup.to_key(), lookup.to_key(), lookup.to_key()];
        std::mem::forget(unused);
        let [key, claimed, again] = keys;
        let is_replaced = Arc::new(AtomicBool::new(false));
        let landing = Landing::new(slot, Way::of::<A>(), hash, Some(again), None);
        Self {
            key,
            claim: Claim {
                slot,
                hash,
                key: claimed,
                is_replaced: is_replaced.clone(),
            },
            landing: landing.that_refreshes(is_replaced),
        }
    }

    /// The new answer will carry these.
    pub(super) fn carry(&mut self, tags: Vec<Tag>) {
        self.landing.carry(tags);
    }

    fn core(&self) -> &'static Core {
        self.claim.slot.core
    }
}

impl<K: Key, R: 'static, V: Keepable> Refresh<K, R, V> {
    /// Runs `body` in the background.
    pub fn start(
        mut self,
        is_error: fn(&R) -> bool,
        share: Option<Share<R>>,
        body: impl FnOnce() -> R + Send + 'static,
    ) {
        self.core().count(Count::Refresh);
        self.landing.judged_by(is_error, share);
        background::run(move || {
            let Self {
                key,
                mut landing,
                claim,
            } = self;
            let flights = &claim.slot.flights;
            drop(flights.run(claim.hash, key, &mut landing, body));
        });
    }

    /// Polls the future that `body` makes in the background.
    pub fn start_async<F>(mut self, is_error: fn(&R) -> bool, share: Option<Share<R>>, body: F)
    where
        F: Future<Output = R> + Send + 'static,
        R: Send,
    {
        self.core().count(Count::Refresh);
        self.landing.judged_by(is_error, share);
        background::spawn(async move {
            let Self {
                key,
                landing,
                claim,
            } = self;
            let flights = &claim.slot.flights;
            drop(flights.run_async(claim.hash, key, landing, body).await);
        });
    }
}
