//! The keys that something counts against, in the order of their last failures.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::super::sync::Hashing;
use super::super::{Machine, Phase};
use super::census::Census;
use crate::parts::key::Lookup;

/// Keys that were closed not long ago are remembered by a part of their hash.
const BUCKETS: u64 = 256;

/// See the module.
pub(super) struct Table<K> {
    entries: HashMap<u64, Vec<Entry<K>>, Hashing>,
    len: usize,
    /// The closed ones, by when they failed last: hashes by numbers that rise.
    failed: BTreeMap<u64, u64>,
    failures: u64,
    /// How many have gone that had been open, and how many had when one of a bucket went.
    gone: u64,
    gone_of: Vec<u64>,
    census: Arc<Census>,
}

/// A key and its breaker.
pub(super) struct Entry<K> {
    key: K,
    machine: Arc<Machine>,
    /// Its number in the order of failures; nothing while it is not closed.
    failed: Option<u64>,
}

impl<K> Table<K> {
    pub(super) fn new(census: Arc<Census>) -> Self {
        Self {
            census,
            entries: HashMap::default(),
            len: 0,
            failed: BTreeMap::new(),
            failures: 0,
            gone: 0,
            gone_of: Vec::new(),
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// How many have gone that had been open.
    pub(super) const fn gone(&self) -> u64 {
        self.gone & u32::MAX as u64
    }

    /// Whether a key of this hash, or one that cannot be told from it, has gone since so many had, and had been open.
    pub(super) fn has_gone(&self, hash: u64, since: u64) -> bool {
        self.gone_of
            .get(bucket(hash))
            .is_some_and(|gone| *gone > since)
    }

    pub(super) fn find<L: Lookup<K>>(&self, hash: u64, lookup: &L) -> Option<&Arc<Machine>> {
        let entries = self.entries.get(&hash)?;
        let found = entries.iter().find(|entry| lookup.is(&entry.key))?;
        Some(&found.machine)
    }

    pub(super) fn has(&self, hash: u64, machine: &Arc<Machine>) -> bool {
        let mut entries = self.entries.get(&hash).into_iter().flatten();
        entries.any(|entry| Arc::ptr_eq(&entry.machine, machine))
    }

    pub(super) fn insert(&mut self, hash: u64, key: K, machine: Arc<Machine>) {
        self.entries.entry(hash).or_default().push(Entry {
            key,
            machine,
            failed: None,
        });
        self.len += 1;
        self.census.add(hash);
    }

    /// Brings a key where it belongs after its machine was told something: to the end of the order when that was `bad`,
    /// out of the order when it is not closed, and out of the table when nothing counts against it any more.
    pub(super) fn settle(
        &mut self,
        hash: u64,
        machine: &Arc<Machine>,
        bad: bool,
        now: u64,
    ) -> Option<Entry<K>> {
        if machine.is_idle(now) {
            return self.remove(hash, machine);
        }
        let is_closed = machine.phase().is_closed();
        let entries = self.entries.get_mut(&hash)?;
        let entry = entries
            .iter_mut()
            .find(|entry| Arc::ptr_eq(&entry.machine, machine))?;
        if is_closed && !bad && entry.failed.is_some() {
            return None;
        }
        if let Some(failed) = entry.failed.take() {
            self.failed.remove(&failed);
        }
        if is_closed {
            self.failures += 1;
            self.failed.insert(self.failures, hash);
            entry.failed = Some(self.failures);
        }
        None
    }

    pub(super) fn remove(&mut self, hash: u64, machine: &Arc<Machine>) -> Option<Entry<K>> {
        self.take(hash, |entry| Arc::ptr_eq(&entry.machine, machine))
    }

    /// Takes out the closed one whose last failure is the longest ago; nothing where none is closed.
    pub(super) fn evict(&mut self) -> Option<Entry<K>> {
        let (failed, hash) = self.failed.pop_first()?;
        self.take(hash, |entry| entry.failed == Some(failed))
    }

    fn take(&mut self, hash: u64, is_it: impl Fn(&Entry<K>) -> bool) -> Option<Entry<K>> {
        let entries = self.entries.get_mut(&hash)?;
        let at = entries.iter().position(is_it)?;
        let entry = entries.swap_remove(at);
        if entries.is_empty() {
            self.entries.remove(&hash);
        }
        self.len -= 1;
        self.census.remove(hash);
        if let Some(failed) = entry.failed {
            self.failed.remove(&failed);
        }
        if entry.machine.has_been_open() {
            self.gone += 1;
            if self.gone_of.is_empty() {
                self.gone_of
                    .resize(usize::try_from(BUCKETS).unwrap_or(1), 0);
            }
            let gone = self.gone;
            if let Some(gone_of) = self.gone_of.get_mut(bucket(hash)) {
                *gone_of = gone;
            }
        }
        Some(entry)
    }

    /// Takes out all of them, closed.
    pub(super) fn clear(&mut self) -> impl Sized + use<K> {
        let entries = std::mem::take(&mut self.entries);
        for entry in entries.values().flatten() {
            entry.machine.put(Phase::Closed);
        }
        self.failed.clear();
        self.len = 0;
        self.census.clear();
        self.gone += 1;
        self.gone_of.clear();
        self.gone_of
            .resize(usize::try_from(BUCKETS).unwrap_or(1), self.gone);
        entries
    }

    pub(super) fn machines(&self) -> impl Iterator<Item = &Machine> {
        let entries = self.entries.values().flatten();
        entries.map(|entry| &*entry.machine)
    }
}

pub(super) fn bucket(hash: u64) -> usize {
    usize::try_from(hash % BUCKETS).unwrap_or(0)
}
