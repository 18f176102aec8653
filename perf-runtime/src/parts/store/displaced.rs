//! What a step of a store has taken out of it, for the listeners and the counters of whoever took it.

use super::Shard;
use super::entry::{Body, Entry};
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
    /// Nothing where all is shown.
    evicted: Option<Evicted>,
    /// Most often there is none, and what is handed on with each answer is small.
    more: Option<Box<More<'s, K, V>>>,
}

struct More<'s, K, V> {
    rest: Vec<One<'s, K, V>>,
    /// The shards to be rid of it all at once.
    promptly: &'s [Shard<K, V>],
    /// What was only counted and has come together.
    unseen: Vec<Unlinked<'s, Body<K, V>>>,
}

/// How much had to go for another, where nobody asks what it was.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Evicted {
    /// Before its time was over.
    pub(crate) living: u32,
    pub(crate) expired: u32,
}

struct One<'s, K, V> {
    cause: Cause,
    now: u64,
    unlinked: Unlinked<'s, Body<K, V>>,
}

impl<'s, K, V> Displaced<'s, K, V> {
    pub(crate) const fn none() -> Self {
        Self {
            first: None,
            evicted: None,
            more: None,
        }
    }

    /// As [`none`](Self::none), and what has to go for another will be [counted](Self::evicted) but not shown.
    pub(crate) const fn counted() -> Self {
        let mut displaced = Self::none();
        displaced.evicted = Some(Evicted {
            living: 0,
            expired: 0,
        });
        displaced
    }

    /// The count of what had to go for another, where that is not shown.
    #[inline]
    pub(super) fn evicted_mut(&mut self) -> Option<&mut Evicted> {
        self.evicted.as_mut()
    }

    /// Whether there may be something to be shown.
    #[inline]
    pub(crate) fn is_shown(&self) -> bool {
        self.first.is_some()
    }

    /// What was counted and not shown.
    #[inline]
    pub(crate) fn evicted(&self) -> Evicted {
        self.evicted.unwrap_or_default()
    }

    /// Some of what was counted, to be dropped.
    #[cold]
    pub(super) fn add_unseen(&mut self, unseen: Unlinked<'s, Body<K, V>>) {
        self.more().unseen.push(unseen);
    }

    fn more(&mut self) -> &mut More<'s, K, V> {
        self.more.get_or_insert_with(|| {
            Box::new(More {
                rest: Vec::new(),
                promptly: &[],
                unseen: Vec::new(),
            })
        })
    }

    fn rest(&self) -> &[One<'s, K, V>] {
        self.more.as_ref().map_or(&[], |more| &more.rest)
    }

    pub(super) fn add(&mut self, unlinked: Unlinked<'s, Body<K, V>>, cause: Cause, now: u64) {
        self.push(One {
            cause,
            now,
            unlinked,
        });
    }

    /// An index has no entries of its own, but goes the same way.
    pub(super) fn add_index(&mut self, unlinked: Unlinked<'s, Body<K, V>>) {
        self.add(unlinked, Cause::Size, 0);
    }

    fn push(&mut self, one: One<'s, K, V>) {
        if self.first.is_none() {
            self.first = Some(one);
        } else {
            self.more().rest.push(one);
        }
    }

    /// Drops the entries as soon as this is dropped, but for those that somebody reads just then.
    pub(super) fn promptly(mut self, shards: &'s [Shard<K, V>]) -> Self {
        self.more().promptly = shards;
        self
    }

    /// Shows each that is not only [counted](Self::evicted), with the cause.
    #[inline]
    pub(crate) fn for_each(&self, mut see: impl FnMut(&K, &V, Cause)) {
        if let Some(one) = &self.first
            && self.more.is_none()
            && let Some(entry) = one.unlinked.entry()
        {
            see(entry.key(), entry.value(), one.cause_of(entry));
        } else {
            self.iter()
                .for_each(|(key, value, cause)| see(key, value, cause));
        }
    }

    /// Each of these with the cause.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V, Cause)> {
        self.first.iter().chain(self.rest()).flat_map(|one| {
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

impl<K, V> More<'_, K, V> {
    #[cold]
    #[inline(never)]
    fn end(self: Box<Self>) {
        let promptly = self.promptly;
        drop(self);
        promptly.iter().for_each(Shard::collect);
    }
}

impl<K, V> Drop for Displaced<'_, K, V> {
    #[inline]
    fn drop(&mut self) {
        self.first = None;
        if let Some(more) = self.more.take() {
            more.end();
        }
    }
}
