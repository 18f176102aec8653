//! Going over the entries of a cache, with clones of them.

use std::fmt;
use std::vec;

use super::slot::Slot;
use crate::kept::Keepable;
use crate::parts::key::Key;

/// Clones of the entries of a cache, a part of them at a time; made by [`Cache::iter`](crate::Cache::iter).
pub struct Iter<'c, K: 'static, V: 'static> {
    slot: &'c Slot<K, V>,
    shard: usize,
    cloned: vec::IntoIter<(K, V)>,
}

impl<'c, K, V> Iter<'c, K, V> {
    pub(super) fn new(slot: &'c Slot<K, V>) -> Self {
        Self {
            slot,
            shard: 0,
            cloned: Vec::new().into_iter(),
        }
    }
}

impl<K: Key + Clone, V: Keepable> Iterator for Iter<'_, K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        loop {
            if let Some(entry) = self.cloned.next() {
                return Some(entry);
            }
            let now = self.slot.now();
            let mut cloned = Vec::new();
            let is_there = self.slot.store.for_each_of(self.shard, |entry| {
                if !entry.is_expired(now) {
                    cloned.push((entry.key().clone(), entry.value().clone()));
                }
            });
            if !is_there {
                return None;
            }
            self.shard += 1;
            self.cloned = cloned.into_iter();
        }
    }
}

impl<K, V> fmt::Debug for Iter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").finish_non_exhaustive()
    }
}
