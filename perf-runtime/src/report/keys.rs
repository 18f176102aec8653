//! The keys of a row that are made of two texts, `self` and `_seconds`, each made once in the life of the program.
//!
//! A thousand rows have four such keys each, and all the same four. Both parts live as long as the program does, so
//! there are no more keys than the program's own texts can make, and a key may live as long as they do.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

static MADE: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// Those that one section has asked for.
#[derive(Default)]
pub(super) struct Keys(Vec<(&'static str, &'static str, &'static str)>);

impl Keys {
    /// The two texts as one.
    pub(super) fn joined(&mut self, name: &'static str, suffix: &'static str) -> &'static str {
        let same = |known: &'static str, asked: &'static str| {
            // The rows of a section are mostly of one instrument, whose names are in one place.
            std::ptr::eq(known, asked) || known == asked
        };
        let known = self.0.iter();
        let mut known = known.filter(|(n, s, _)| same(n, name) && same(s, suffix));
        if let Some((_, _, key)) = known.next() {
            return key;
        }
        let key = made(name, suffix);
        self.0.push((name, suffix, key));
        key
    }
}

fn made(name: &'static str, suffix: &'static str) -> &'static str {
    if suffix.is_empty() {
        return name;
    }
    let key = [name, suffix].concat();
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = made.get(key.as_str()) {
        return known;
    }
    let key: &'static str = Box::leak(key.into_boxed_str());
    made.insert(key);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once() {
        let first = Keys::default().joined("a_time_of_this_test", "_seconds");
        let mut keys = Keys::default();
        let second = keys.joined("a_time_of_this_test", "_seconds");
        assert_eq!(first, "a_time_of_this_test_seconds");
        assert!(std::ptr::eq(first, second));
        assert!(std::ptr::eq(
            second,
            keys.joined("a_time_of_this_test", "_seconds")
        ));
        assert_eq!(
            keys.joined("a_time_of_this_test", "_ns"),
            "a_time_of_this_test_ns"
        );
    }
}
