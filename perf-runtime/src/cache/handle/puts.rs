//! Putting answers in by hand.

use std::time::Duration;

use super::Cache;
use crate::cache::prepared::Prepared;
use crate::kept::Keepable;
use crate::parts::key::Key;
use crate::parts::store::Entry;
use crate::parts::tags::Tag;

impl<K: Key, V: Keepable> Cache<K, V> {
    pub(super) fn put(&self, key: K, value: V, ttl: Option<Duration>, tags: &[Tag]) {
        let slot = self.slot();
        let hash = slot.store.hash_of(&key);
        slot.flights.outdate(hash, |loaded| *loaded == key);
        slot.outdate_others();
        self.put_at(hash, key, value, ttl, tags, |_| true);
    }

    pub(super) fn put_at(
        &self,
        hash: u64,
        key: K,
        value: V,
        ttl: Option<Duration>,
        tags: &[Tag],
        is_wanted: impl Fn(&K) -> bool,
    ) {
        let slot = self.slot();
        let weight = slot.weigh(&key, &value);
        let is_error = slot.hooks.is_error(&value);
        if ttl.is_some() {
            slot.ends_on_its_own();
        }
        let now = slot.now();
        let lifetime = match ttl {
            Some(_) => slot.times.lifetime(now, is_error, hash, ttl),
            None => slot.lifetime(&key, &value, is_error, hash, now),
        };
        let prepared = Prepared {
            entry: Entry::new(key, value, lifetime),
            weight,
            at: (now, None),
        };
        let mut gone = slot.gone();
        drop(slot.keep(hash, prepared, tags, is_wanted, &mut gone));
    }
}
