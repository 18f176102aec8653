//! Tags: names for groups of answers, to take a group out by its name.
//!
//! A cache whose answers carry tags has one [`Index`]. It knows of each answer that is kept which tags it carries, and of
//! each that is being loaded which it will carry. Tags and keys are in it by their hashes alone, two numbers for a tag of
//! an answer, so that its size is that of what is kept. Two tags with one hash, or two keys, are one here: then more is
//! taken out than was asked for, and never less.
//!
//! What changes the store and the index changes both under the lock of the index, so that no answer is without its tags
//! for a moment. No code of users runs under it, save `Hash` and `Eq` of keys.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use foldhash::fast::SeedableRandomState;

/// The hash of a name, the same in all caches of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tag(u64);

impl Tag {
    pub(crate) fn of(name: &str) -> Self {
        static SEED: OnceLock<SeedableRandomState> = OnceLock::new();
        Self(SEED.get_or_init(SeedableRandomState::random).hash_one(name))
    }
}

/// See the module.
pub(crate) struct Index(Mutex<State>);

#[derive(Default)]
pub(crate) struct State {
    /// Hashes of keys by their tags.
    kept: BTreeSet<(Tag, u64)>,
    /// And the other way round.
    tags: BTreeSet<(u64, Tag)>,
    /// How many loads of a key carry a tag.
    loading: BTreeMap<(Tag, u64), usize>,
}

impl Index {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State::default()))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The answer of a key carries these tags, besides those it had.
    pub(crate) fn add(&mut self, hash: u64, tags: &[Tag]) {
        for tag in tags {
            self.kept.insert((*tag, hash));
            self.tags.insert((hash, *tag));
        }
    }

    /// Nothing is kept under a key any more.
    pub(crate) fn remove(&mut self, hash: u64) {
        let first = (hash, Tag(u64::MIN));
        let last = (hash, Tag(u64::MAX));
        while let Some(pair) = self.tags.range(first..=last).next().copied() {
            self.tags.remove(&pair);
            self.kept.remove(&(pair.1, hash));
        }
    }

    /// Nothing is kept at all.
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.tags.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// Whether what is kept under a key carries any tag.
    #[cfg(feature = "persist")]
    pub(crate) fn has_any(&self, hash: u64) -> bool {
        let all = (hash, Tag(u64::MIN))..=(hash, Tag(u64::MAX));
        self.tags.range(all).next().is_some()
    }

    /// Whether what is kept under a key carries a tag.
    pub(crate) fn has(&self, hash: u64, tag: Tag) -> bool {
        self.tags.contains(&(hash, tag))
    }

    /// Under which keys something is kept that carries any tag; some of them more than once.
    pub(crate) fn kept(&self) -> Vec<u64> {
        self.tags.iter().map(|(hash, _)| *hash).collect()
    }

    /// Under which keys something is kept that carries a tag.
    pub(crate) fn kept_with(&self, tag: Tag) -> Vec<u64> {
        let all = self.kept.range((tag, u64::MIN)..=(tag, u64::MAX));
        all.map(|(_, hash)| *hash).collect()
    }

    /// A load begins whose answer will carry these tags.
    pub(crate) fn begin(&mut self, hash: u64, tags: &[Tag]) {
        for tag in tags {
            *self.loading.entry((*tag, hash)).or_default() += 1;
        }
    }

    /// It has ended, and its answer is kept or not.
    pub(crate) fn end(&mut self, hash: u64, tags: &[Tag]) {
        for tag in tags {
            if let Some(loads) = self.loading.get_mut(&(*tag, hash)) {
                *loads = loads.saturating_sub(1);
                if *loads == 0 {
                    self.loading.remove(&(*tag, hash));
                }
            }
        }
    }

    /// For which keys answers are being loaded that will carry a tag.
    pub(crate) fn loading_with(&self, tag: Tag) -> Vec<u64> {
        let all = self.loading.range((tag, u64::MIN)..=(tag, u64::MAX));
        all.map(|((_, hash), _)| *hash).collect()
    }

    /// What it needs, in bytes; an estimate.
    pub(crate) fn memory(&self) -> usize {
        // Nodes of a tree are two thirds full.
        let pairs = self.kept.len() + self.tags.len() + self.loading.len();
        pairs * size_of::<(Tag, u64)>() * 3 / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_is_known_by_no_tag() {
        let (a, b) = (Tag::of("a"), Tag::of("b"));
        let mut state = State::default();
        state.add(1, &[a, b]);
        state.add(2, &[a]);
        state.remove(1);
        assert_eq!((state.kept_with(a), state.kept_with(b)), (vec![2], vec![]));
        state.remove(2);
        assert!(state.is_empty() && state.kept.is_empty());
        assert_eq!(state.memory(), 0);
    }

    #[test]
    fn two_loads_of_one_key_end_apart() {
        let tag = Tag::of("a");
        let mut state = State::default();
        state.begin(7, &[tag]);
        state.begin(7, &[tag, tag]);
        state.end(7, &[tag]);
        assert_eq!(state.loading_with(tag), [7]);
        state.end(7, &[tag, tag]);
        assert!(state.loading_with(tag).is_empty());
        assert_eq!(state.memory(), 0);
    }

    #[test]
    fn one_name_is_one_tag() {
        assert_eq!(Tag::of("user:7"), Tag::of(&format!("user:{}", 7)));
        assert_ne!(Tag::of("user:7"), Tag::of("user:8"));
    }
}
