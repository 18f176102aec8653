//! What leaves a cache: taken out on purpose, or because there was no room or no time left for it.
//!
//! What is taken out on purpose is outdated in flight first: a run that began before is not kept and not joined by who
//! comes later. Conditions and listeners are the user's, and run outside of all locks; one that panics keeps nobody else
//! from being asked or told, and its panic passes through when the rest is done.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Mutex, PoisonError, Weak};

use super::Count;
use super::hooks::Cause;
use super::slot::Slot;
use crate::kept::Keepable;
use crate::parts::key::{Key, Lookup};
use crate::parts::store::{self, Displaced, Evicted};
use crate::parts::tags::{Index, Tag};

/// So many answers are taken out by their tag while those who load others wait.
const AT_ONCE: usize = 64;

/// A cache whose answers carry tags.
trait Tagged: Send + Sync {
    fn invalidate_tag(&self, tag: Tag) -> u64;
}

/// All there are.
static TAGGED: Mutex<Vec<Weak<dyn Tagged>>> = Mutex::new(Vec::new());

/// Takes what carries a tag out of every cache. Gives how much that was.
pub(super) fn invalidate_tag(tag: Tag) -> u64 {
    let all = {
        let mut all = TAGGED.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|tagged| tagged.strong_count() > 0);
        all.clone()
    };
    let mut panicked = Panicked::default();
    let taken = all.iter().filter_map(Weak::upgrade).map(|tagged| {
        panicked
            .catch(|| tagged.invalidate_tag(tag))
            .unwrap_or_default()
    });
    let taken = taken.sum();
    panicked.resume();
    taken
}

impl<K: Key, V: Keepable> Tagged for Slot<K, V> {
    fn invalidate_tag(&self, tag: Tag) -> u64 {
        self.invalidate_tag(tag)
    }
}

impl<K: Key, V: Keepable> Slot<K, V> {
    /// Takes out what is kept under a key, and what is being loaded for it. True when there was something.
    pub(super) fn invalidate(&self, key: &impl Lookup<K>) -> bool {
        let hash = self.store.hash(key);
        self.flights.outdate(hash, |other| key.is(other));
        self.outdate_others();
        let now = self.now();
        let displaced = self.store.remove_by(hash, |other| key.is(other), now);
        self.left(&displaced) > 0
    }

    /// Tells the loads that are in no flight that what they have read may be old. Before anything is taken out.
    pub(super) fn outdate_others(&self) {
        self.invalidations.fetch_add(1, SeqCst);
    }

    /// Takes out what `is_meant`, and all that is being loaded, of which nobody can say. Gives how much was kept.
    pub(super) fn invalidate_if(&self, mut is_meant: impl FnMut(&K, &V) -> bool) -> u64 {
        self.flights.outdate_all();
        self.outdate_others();
        let mut panicked = Panicked::default();
        let displaced = self.store.remove_if(
            |key, value| {
                panicked.is_none() && panicked.catch(|| is_meant(key, value)).unwrap_or(false)
            },
            self.now(),
        );
        let taken = self.left(&displaced);
        drop(displaced);
        panicked.resume();
        taken
    }

    /// Takes out what carries a tag, and what is being loaded that will.
    pub(super) fn invalidate_tag(&self, tag: Tag) -> u64 {
        let Some(index) = self.tags.get() else {
            return 0;
        };
        let loading = index.lock().loading_with(tag);
        for hash in loading {
            self.flights.outdate_hash(hash);
        }
        let kept = index.lock().kept_with(tag);
        let mut panicked = Panicked::default();
        let mut taken = 0;
        for some in kept.chunks(AT_ONCE) {
            let mut gone = Vec::with_capacity(some.len());
            let mut index = index.lock();
            for hash in some {
                // Something else may be there by now.
                if index.has(*hash, tag) {
                    self.take_hash(*hash, &mut gone);
                    index.remove(*hash);
                }
            }
            drop(index);
            for displaced in gone {
                taken += panicked.catch(|| self.left(&displaced)).unwrap_or(1);
            }
        }
        panicked.resume();
        taken
    }

    /// Takes out every entry of a hash.
    fn take_hash<'s>(&'s self, hash: u64, gone: &mut Vec<Displaced<'s, K, V>>) {
        let is = |key: &K| self.store.hash_of(key) == hash;
        loop {
            let displaced = self.store.remove_by(hash, is, self.now());
            if displaced.iter().next().is_none() {
                return;
            }
            gone.push(displaced);
        }
    }

    /// Takes out everything. Gives how much that was.
    pub(super) fn clear(&self) -> u64 {
        self.flights.outdate_all();
        self.outdate_others();
        let index = self.tags.get().map(Index::lock);
        let displaced = self.store.clear(self.now());
        if let Some(mut index) = index {
            index.clear();
        }
        self.left(&displaced)
    }

    /// The index of tags, from now on there and known to all.
    pub(super) fn index(&self) -> &Index {
        self.tags.get_or_init(|| {
            let this: Weak<dyn Tagged> = self.this.clone();
            let mut all = TAGGED.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|tagged| tagged.strong_count() > 0);
            all.push(this);
            Index::new()
        })
    }

    /// Sees to it that the file hears of a change. Outside of all locks.
    #[inline]
    #[cfg_attr(
        not(feature = "persist"),
        expect(clippy::unused_self, reason = "there is no file")
    )]
    pub(super) fn changed(&self) {
        #[cfg(feature = "persist")]
        if let Some(persisted) = self.persisted.get() {
            persisted.changed();
        }
    }

    /// Counts what left, and tells the user. Outside of all locks. Gives how much it was.
    #[inline]
    pub(super) fn left(&self, displaced: &Displaced<'_, K, V>) -> u64 {
        let evicted = displaced.evicted();
        match evicted {
            Evicted {
                living: 0,
                expired: 0,
            } => {}
            // One goes for one, most often.
            Evicted {
                living: 1,
                expired: 0,
            } => self.core.count(Count::Evicted),
            _ => self.left_unseen(evicted),
        }
        let counted = u64::from(evicted.living) + u64::from(evicted.expired);
        if displaced.is_shown() {
            counted + self.left_each(displaced)
        } else {
            counted
        }
    }

    #[cold]
    #[inline(never)]
    fn left_unseen(&self, Evicted { living, expired }: Evicted) {
        for _ in 0..living {
            self.core.count(Count::Evicted);
        }
        for _ in 0..expired {
            self.core.count(Count::Expired);
        }
    }

    #[cold]
    #[inline(never)]
    fn left_each(&self, displaced: &Displaced<'_, K, V>) -> u64 {
        let mut count = 0;
        let mut is_taken_out = false;
        displaced.for_each(|key, _, cause| {
            count += 1;
            is_taken_out |= cause == store::Cause::Invalidated;
            self.core.count(match cause {
                store::Cause::Size => Count::Evicted,
                store::Cause::TooHeavy => Count::TooHeavy,
                store::Cause::Expired => Count::Expired,
                store::Cause::Invalidated => Count::Invalidated,
                store::Cause::Replaced => Count::Replaced,
            });
            self.untag(key);
        });
        // What has expired or made room may stay in the file until it is written anew; what was taken out must not.
        if is_taken_out {
            self.changed();
        }
        if !self.hooks.is_listened_to() {
            return count;
        }
        let mut panicked = Panicked::default();
        for (key, value, cause) in displaced.iter() {
            let cause = match cause {
                store::Cause::Size | store::Cause::TooHeavy => Cause::Size,
                store::Cause::Expired => Cause::Expired,
                store::Cause::Invalidated => Cause::Invalidated,
                store::Cause::Replaced => Cause::Replaced,
            };
            panicked.catch(|| self.hooks.tell(key, value, cause));
        }
        panicked.resume();
        count
    }

    /// Forgets the tags of all under which nothing is kept any more.
    #[cold]
    pub(super) fn untag_what_is_gone(&self) {
        let mut index = self.index().lock();
        for hash in index.kept() {
            if !self.is_there(hash, |_| true) {
                index.remove(hash);
            }
        }
    }

    /// Forgets the tags of a key, unless something new is kept under it.
    fn untag(&self, key: &K) {
        let Some(index) = self.tags.get() else {
            return;
        };
        let mut index = index.lock();
        if index.is_empty() {
            return;
        }
        let hash = self.store.hash_of(key);
        if !self.is_there(hash, |_| true) {
            index.remove(hash);
        }
    }
}

/// Entries that left. Dropped outside of all locks, it counts them and tells the user.
pub(crate) struct Gone<'s, K: Key, V: Keepable> {
    pub(super) slot: &'s Slot<K, V>,
    pub(super) displaced: Displaced<'s, K, V>,
}

impl<K: Key, V: Keepable> Drop for Gone<'_, K, V> {
    #[inline]
    fn drop(&mut self) {
        self.slot.changed();
        self.slot.left(&self.displaced);
    }
}

/// The first panic of several pieces of the user's code that all have to run.
#[derive(Default)]
struct Panicked(Option<Box<dyn Any + Send>>);

impl Panicked {
    fn is_none(&self) -> bool {
        self.0.is_none()
    }

    fn catch<R>(&mut self, run: impl FnOnce() -> R) -> Option<R> {
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(done) => Some(done),
            Err(payload) if self.0.is_none() => {
                self.0 = Some(payload);
                None
            }
            Err(payload) => {
                // Dropping it may panic again.
                std::mem::forget(payload);
                None
            }
        }
    }

    /// Goes on with it, unless this thread unwinds already.
    fn resume(self) {
        match self.0 {
            Some(payload) if std::thread::panicking() => std::mem::forget(payload),
            Some(payload) => resume_unwind(payload),
            None => {}
        }
    }
}
