//! What a step of a store has taken out of it, for the listeners and the counters of whoever took it.

use super::Shard;
use super::entry::Entry;
use super::limbo::Unlinked;

/// Why an entry is no longer kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Cause {
    /// Another needed its place.
    Size,
    /// Its time was over.
    Expired,
    /// It was taken out by name, by a condition, or with all others.
    Invalidated,
    /// A newer answer to the same key came.
    Replaced,
    /// It alone is more than the whole store may keep; it was never in.
    TooHeavy,
}

/// Entries that nobody finds any more.
///
/// They are dropped some time after this is: when nobody reads them and enough of them have come together, at the latest
/// when the store is swept. Drop it without any lock.
#[must_use]
pub(crate) struct Displaced<'s, K, V> {
    // One is the rule and costs no allocation.
    first: Option<One<'s, K, V>>,
    rest: Vec<One<'s, K, V>>,
    /// The shards to be rid of it all at once.
    promptly: &'s [Shard<K, V>],
}

struct One<'s, K, V> {
    cause: Cause,
    now: u64,
    unlinked: Unlinked<'s, Entry<K, V>>,
}

impl<'s, K, V> Displaced<'s, K, V> {
    pub(super) const fn none() -> Self {
        Self {
            first: None,
            rest: Vec::new(),
            promptly: &[],
        }
    }

    pub(super) fn add(&mut self, unlinked: Unlinked<'s, Entry<K, V>>, cause: Cause, now: u64) {
        self.push(One {
            cause,
            now,
            unlinked,
        });
    }

    /// An index has no entries of its own, but goes the same way.
    pub(super) fn add_index(&mut self, unlinked: Unlinked<'s, Entry<K, V>>) {
        self.add(unlinked, Cause::Size, 0);
    }

    fn push(&mut self, one: One<'s, K, V>) {
        if self.first.is_none() {
            self.first = Some(one);
        } else {
            self.rest.push(one);
        }
    }

    /// Drops the entries as soon as this is dropped, but for those that somebody reads just then.
    pub(super) fn promptly(mut self, shards: &'s [Shard<K, V>]) -> Self {
        self.promptly = shards;
        self
    }

    /// Shows each, with the cause.
    #[inline]
    pub(crate) fn for_each(&self, mut see: impl FnMut(&K, &V, Cause)) {
        if let Some(one) = &self.first
            && self.rest.is_empty()
            && let Some(entry) = one.unlinked.entry()
        {
            see(entry.key(), entry.value(), one.cause_of(entry));
        } else {
            self.iter()
                .for_each(|(key, value, cause)| see(key, value, cause));
        }
    }

    /// Each with the cause.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V, Cause)> {
        self.first.iter().chain(&self.rest).flat_map(|one| {
            let entries = one.unlinked.entries();
            entries.map(|entry| (entry.key(), entry.value(), one.cause_of(entry)))
        })
    }
}

impl<K, V> One<'_, K, V> {
    /// Whose time was over has made room for nobody.
    fn cause_of(&self, entry: &Entry<K, V>) -> Cause {
        match self.cause {
            Cause::Size | Cause::Replaced if entry.is_expired(self.now) => Cause::Expired,
            cause => cause,
        }
    }
}

impl<K, V> Drop for Displaced<'_, K, V> {
    #[inline]
    fn drop(&mut self) {
        self.first = None;
        if !self.promptly.is_empty() {
            self.rest.clear();
            for shard in self.promptly {
                shard.collect();
            }
        }
    }
}
