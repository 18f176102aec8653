//! What is to be kept of an answer, on its way into the store.

use super::slot::Slot;
use super::taken::Gone;
use crate::kept::Keepable;
use crate::parts::key::Key;
use crate::parts::store::{Displaced, Entry, Lifetime, Turn};
use crate::parts::tags::Tag;

/// A value that is to be kept.
pub(crate) struct Prepared<K, V> {
    pub(super) entry: Entry<K, V>,
    pub(super) weight: u64,
    /// When the value was made, and when its key was looked for in vain, if that is known.
    pub(super) at: (u64, Option<Turn>),
}

impl<K: Key, V: Keepable> Slot<K, V> {
    /// What a value weighs. Asks the user.
    #[inline]
    pub(super) fn weigh(&self, key: &K, value: &V) -> u64 {
        if self.hooks.weigh.is_none() {
            return 0;
        }
        self.hooks.weigh(key, value)
    }

    /// From when to when a value is good that is made now. Asks the user.
    #[inline]
    pub(super) fn lifetime(
        &self,
        key: &K,
        value: &V,
        is_error: bool,
        hash: u64,
        now: u64,
    ) -> Lifetime {
        let ttl_from = self.hooks.ttl_from.as_ref();
        let own = ttl_from.and_then(|ttl_from| (ttl_from.0)(key, value));
        self.times.lifetime(now, is_error, hash, own)
    }

    /// Nothing that has left yet.
    #[inline]
    pub(super) fn gone(&self) -> Gone<'_, K, V> {
        Gone {
            slot: self,
            displaced: if self.hooks.is_listened_to() {
                Displaced::none()
            } else {
                Displaced::counted()
            },
        }
    }

    /// Keeps a value that is still wanted, see [`Store::insert_entry`], or gives it back. What had to go is left in `gone`.
    #[expect(
        clippy::inline_always,
        reason = "what is to be kept is made where it is handed on"
    )]
    #[inline(always)]
    pub(super) fn keep<'s>(
        &'s self,
        hash: u64,
        prepared: Prepared<K, V>,
        tags: &[Tag],
        is_wanted: impl Fn(&K) -> bool,
        gone: &mut Gone<'s, K, V>,
    ) -> Result<(), Prepared<K, V>> {
        if !tags.is_empty() || self.tags.get().is_some() {
            return self.keep_tagged(hash, prepared, tags, is_wanted, gone);
        }
        let Prepared { entry, weight, at } = prepared;
        let (displaced, is_wanted) = (&mut gone.displaced, |entry: &Entry<K, V>| {
            is_wanted(entry.key())
        });
        let refused = self
            .store
            .insert_entry(hash, entry, weight, at, is_wanted, displaced);
        if self.tags.get().is_some() {
            // The first tag came meanwhile. What had to go for this answer may carry it, and was not asked.
            self.untag_what_is_gone();
        }
        match refused {
            None => Ok(()),
            Some(entry) => Err(Prepared { entry, weight, at }),
        }
    }

    /// The same where answers carry tags.
    #[inline(never)]
    fn keep_tagged<'s>(
        &'s self,
        hash: u64,
        prepared: Prepared<K, V>,
        tags: &[Tag],
        is_wanted: impl Fn(&K) -> bool,
        gone: &mut Gone<'s, K, V>,
    ) -> Result<(), Prepared<K, V>> {
        // All that has to go is asked for its tags.
        gone.displaced = Displaced::none();
        let mut index = self.index().lock();
        // What was kept under the key takes its tags along; not so another key of this hash.
        let is_alone = !self.is_there(hash, |other| other != prepared.entry.key());
        let Prepared { entry, weight, at } = prepared;
        let (displaced, is_wanted) = (&mut gone.displaced, |entry: &Entry<K, V>| {
            is_wanted(entry.key())
        });
        let refused = self
            .store
            .insert_entry(hash, entry, weight, at, is_wanted, displaced);
        if let Some(entry) = refused {
            return Err(Prepared { entry, weight, at });
        }
        if is_alone {
            index.remove(hash);
        }
        if self.is_there(hash, |_| true) {
            index.add(hash, tags);
        }
        Ok(())
    }
}
