//! A bounded table from texts to things that live for ever.
//!
//! Finding what is there takes no lock and allocates nothing: the slots are written once. Only a text that is new while
//! there is room takes a lock. Texts come from users, so the number of things is capped; whoever asks decides what
//! happens to the rest.

use std::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Release},
};
use std::sync::{Mutex, OnceLock, PoisonError};

type Slot<T> = OnceLock<(Box<str>, T)>;

/// See the module.
pub(crate) struct Names<T> {
    slots: Box<[Slot<T>]>,
    most: usize,
    len: AtomicUsize,
    insert: Mutex<()>,
}

impl<T> Names<T> {
    /// An empty table for at most `most` texts.
    pub(crate) fn new(most: usize) -> Self {
        // Half empty at least, so that a search ends soon.
        let slots = most.saturating_mul(2).next_power_of_two();
        Self {
            slots: std::iter::repeat_with(OnceLock::new).take(slots).collect(),
            most,
            len: AtomicUsize::new(0),
            insert: Mutex::new(()),
        }
    }

    /// What belongs to `name`, the bytes of a text, made by `make` when the name is new; `None` when the table is full.
    #[inline]
    pub(crate) fn find(&self, name: &[u8], make: impl FnOnce() -> T) -> Option<&T> {
        let hash = hash(name);
        match self.search(name, hash) {
            Ok(found) => Some(found),
            Err(_) if self.len.load(Acquire) >= self.most => None,
            Err(_) => self.add(name, hash, make),
        }
    }

    /// What belongs to `name`, if anything does.
    pub(crate) fn get(&self, name: &[u8]) -> Option<&T> {
        self.search(name, hash(name)).ok()
    }

    /// The thing, or the empty slot for it.
    fn search(&self, name: &[u8], hash: usize) -> Result<&T, Option<&Slot<T>>> {
        let mask = self.slots.len().wrapping_sub(1);
        for step in 0..self.slots.len() {
            let slot = self.slots.get(hash.wrapping_add(step) & mask);
            match slot.and_then(OnceLock::get) {
                Some((known, found)) if known.as_bytes() == name => return Ok(found),
                Some(_) => {}
                None => return Err(slot),
            }
        }
        Err(None)
    }

    #[cold]
    #[inline(never)]
    fn add(&self, name: &[u8], hash: usize, make: impl FnOnce() -> T) -> Option<&T> {
        let _insert = self.insert.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = match self.search(name, hash) {
            Ok(found) => return Some(found),
            Err(slot) => slot?,
        };
        let len = self.len.load(Acquire);
        if len >= self.most {
            return None;
        }
        let (_, new) = slot.get_or_init(|| (String::from_utf8_lossy(name).into(), make()));
        self.len.store(len + 1, Release);
        Some(new)
    }

    /// Everything in the table, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        let filled = self.slots.iter().filter_map(OnceLock::get);
        filled.map(|(name, thing)| (&**name, thing))
    }
}

/// Spreads short texts well enough for a table that is capped: eight bytes at a time, one multiplication each.
#[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
fn hash(name: &[u8]) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(ODD);
    let (words, rest) = name.as_chunks::<8>();
    let start = mix(0, name.len() as u64);
    let hash = words
        .iter()
        .fold(start, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let rest = rest
        .iter()
        .fold(0, |word, byte| word << 8 | u64::from(*byte));
    let hash = mix(hash, rest);
    (hash ^ hash >> 32) as usize
}

/// The longest start of `text` with at most `most` bytes.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_full_table_still_finds_what_it_has() {
        let names = Names::new(3);
        for name in ["a", "b", "c"] {
            assert_eq!(names.find(name.as_bytes(), || name), Some(&name));
        }
        assert_eq!(names.find(b"d", || "d"), None);
        assert_eq!(names.find(b"b", || "again"), Some(&"b"));
        assert_eq!(names.iter().count(), 3);
    }

    proptest! {
        #[test]
        fn every_text_has_its_own(texts in proptest::collection::vec(".{0,20}", 0..60)) {
            let names = Names::new(60);
            for text in &texts {
                let found = names.find(text.as_bytes(), || text.clone());
                prop_assert_eq!(found, Some(text));
            }
            let distinct: std::collections::BTreeSet<_> = texts.iter().collect();
            prop_assert_eq!(names.iter().count(), distinct.len());
        }

        #[test]
        fn a_cut_is_the_longest_start_of_whole_characters(text in ".*", most in 0_usize..40) {
            let start = cut(&text, most);
            prop_assert!(text.starts_with(start) && start.len() <= most);
            let next = text[start.len()..].chars().next();
            prop_assert!(next.is_none_or(|next| start.len() + next.len_utf8() > most));
        }
    }
}
