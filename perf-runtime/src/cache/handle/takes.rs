//! What takes entries out of a cache.

#![expect(
    clippy::must_use_candidate,
    reason = "what was taken out is gone, whoever counts it"
)]

use std::fmt::{Display, Write as _};

use super::Cache;
use crate::cache::pattern::Pattern;
use crate::kept::Keepable;
use crate::parts::key::{Key, Lookup};
use crate::parts::tags::Tag;

impl<K: Key, V: Keepable> Cache<K, V> {
    /// Takes out what is kept under a key; true when there was something.
    ///
    /// Beats a load of this key in flight, which goes on for those who wait for it already, and is neither kept nor given
    /// to anybody who asks later.
    ///
    /// ```
    /// # let users: perfkit::Cache<u64, String> = perfkit::Cache::builder("doc: invalidate").build()?;
    /// users.insert(7, "Ada".to_owned());
    /// assert!(users.invalidate(7));
    /// assert!(!users.invalidate(7));
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn invalidate(&self, key: impl Lookup<K>) -> bool {
        self.slot.invalidate(&key)
    }

    /// Takes out every entry that `is_meant`; gives how many that was. Beats every load in flight, whatever its key: what it
    /// will load, nobody can say.
    ///
    /// Readers go on meanwhile, and so do writers but for moments. `is_meant` is asked without any lock and may use the
    /// cache. When it panics, what it has chosen before is taken out, and the panic passes through.
    ///
    /// ```
    /// # let users: perfkit::Cache<u64, String> = perfkit::Cache::builder("doc: invalidate_if").build()?;
    /// users.insert_many([(1, "Ada".to_owned()), (2, "Bob".to_owned())]);
    /// assert_eq!(users.invalidate_if(|id, name| *id > 1 && name.starts_with('B')), 1);
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn invalidate_if(&self, is_meant: impl FnMut(&K, &V) -> bool) -> u64 {
        self.slot.invalidate_if(is_meant)
    }

    /// Takes out every entry whose key, as it is displayed, fits a pattern; gives how many that was. Beats every load in
    /// flight, as [`invalidate_if`](Self::invalidate_if) does.
    ///
    /// In a pattern, `*` stands for any run of characters, an empty one too, and `?` for exactly one; `\*`, `\?` and `\\`
    /// stand for the characters themselves. All else stands for itself, and the whole key has to fit. It takes at most as
    /// long as its length times that of the keys, whatever the pattern is.
    ///
    /// ```
    /// # let pages: perfkit::Cache<String, u32> = perfkit::Cache::builder("doc: invalidate_pattern").build()?;
    /// pages.insert_many([("user:1".to_owned(), 1), ("user:2".to_owned(), 2), ("order:1".to_owned(), 3)]);
    /// assert_eq!(pages.invalidate_pattern("user:*"), 2);
    /// assert!(pages.contains("order:1"));
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn invalidate_pattern(&self, pattern: &str) -> u64
    where
        K: Display,
    {
        let pattern = Pattern::new(pattern);
        let mut text = String::new();
        self.invalidate_if(|key, _| {
            text.clear();
            write!(text, "{key}").is_ok() && pattern.fits(&text)
        })
    }

    /// Takes out every entry that carries a tag; gives how many that was. Beats a load in flight that will carry it.
    ///
    /// Tags are given by [`insert_tagged`](Self::insert_tagged) and by `#[cached(tags = […])]`. For all caches at once:
    /// [`invalidate_tag`](crate::invalidate_tag). Takes as long as there are such entries.
    pub fn invalidate_tag(&self, tag: &str) -> u64 {
        self.slot.invalidate_tag(Tag::of(tag))
    }

    /// Takes out everything; gives how many entries that was. Beats every load in flight.
    pub fn clear(&self) -> u64 {
        self.slot.clear()
    }
}
