//! The handle of a cache: what is kept, by its keys.
//!
//! Here is what reads and keeps; what runs a load is in [`loads`], what takes entries out in [`takes`].

#![expect(
    clippy::needless_pass_by_value,
    reason = "what a key is looked for by is as small as a reference, and often is one"
)]

mod loads;
mod puts;
mod takes;

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::builder::CacheBuilder;
use super::slot::{Keeps, Slot};
use super::stats::CacheStats;
use super::{Count, iter::Iter};
use crate::kept::Keepable;
use crate::parts::key::{Key, Lookup};
#[cfg(feature = "persist")]
use crate::parts::persist::{PersistError, Saved};
use crate::parts::tags::Tag;

/// Values by their keys: what a cached function keeps, or what you keep by hand. A clone of it is the same cache.
///
/// A function `load` under `#[cached]` or `#[memoized]` has `load_cache()` beside it, which gives this; a cache without a
/// function is [built](Cache::builder); both are found [by name](crate::get_cache) and are rows of the
/// [report](crate::report()). The cache of a function is there as long as the program; one made by hand is dropped with its
/// last handle.
///
/// # Looking for a key
/// Keys are looked for borrowed, so that finding allocates nothing. A key of the type
/// - `String`, `Vec<T>`, `PathBuf` is looked for by `&str`, `&[T]`, `&Path`;
/// - `u64`, `char` and their like by the value or a reference to it;
/// - `(u64, String)`, as that of `fn load(id: u64, name: &str)`, by the tuple of what its parts are looked for by: `(7, "x")`;
/// - `T`, whatever it is, by `&T`.
///
/// ```
/// use perfkit::{Cache, cached};
///
/// #[cached]
/// fn load(id: u64, name: &str) -> Option<String> {
///     Some(format!("{name} {id}"))
/// }
///
/// load(7, "x");
/// let kept: Cache<(u64, String), String> = load_cache();
/// assert_eq!(kept.get((7, "x")).as_deref(), Some("x 7"));
/// assert!(kept.contains(&(7, "x".to_owned())));
/// ```
///
/// # What it promises
/// Reading takes no lock. Your code (`Clone`, `Drop`, `Display`, closures, listeners) never runs under a lock of the cache,
/// so it may use the same cache; its panic reaches the caller and leaves the cache as it was. `Hash` and `Eq` of keys are
/// the exception.
///
/// What is taken out or replaced is taken out of the loads in flight, too: one that began before is not kept.
///
/// Methods that load run one load per key at a time, in threads and tasks alike; others wait for it, at most as long as
/// [`wait`](CacheBuilder::wait) says. A load may use the cache, its own key included: it never waits for itself.
pub struct Cache<K: 'static, V: 'static> {
    slot: Held<K, V>,
}

/// Functions are there for good, and so are their caches.
enum Held<K: 'static, V: 'static> {
    ForGood(&'static Slot<K, V>),
    Shared(Arc<Slot<K, V>>),
}

impl<K, V> Deref for Held<K, V> {
    type Target = Slot<K, V>;

    #[inline]
    fn deref(&self) -> &Slot<K, V> {
        match self {
            Self::ForGood(slot) => slot,
            Self::Shared(slot) => slot,
        }
    }
}

impl<K, V> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        let slot = match &self.slot {
            Held::ForGood(slot) => Held::ForGood(slot),
            Held::Shared(slot) => Held::Shared(Arc::clone(slot)),
        };
        Self { slot }
    }
}

impl<K: Key, V: Keepable> Cache<K, V> {
    pub(super) fn for_good(slot: &'static Slot<K, V>) -> Self {
        let slot = Held::ForGood(slot);
        Self { slot }
    }

    pub(super) fn shared(slot: Arc<Slot<K, V>>) -> Self {
        let slot = Held::Shared(slot);
        Self { slot }
    }

    pub(super) fn slot(&self) -> &Slot<K, V> {
        &self.slot
    }

    /// Makes a cache without a function, under a name for the report and for [`get_cache`](crate::get_cache).
    ///
    /// It has the defaults of `#[cached]`: at most 1000 entries, each for at most 5 minutes. Write the types here, so that
    /// closures given to the builder know theirs.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use perfkit::Cache;
    ///
    /// let users = Cache::<u64, String>::builder("users")
    ///     .ttl(Duration::from_secs(60))
    ///     .max_size(10_000)
    ///     .build()?;
    ///
    /// let name = users.get_or_load(7, || "Ada".to_owned());
    /// assert_eq!(name, "Ada");
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn builder(name: impl Into<String>) -> CacheBuilder<K, V> {
        CacheBuilder::new(name.into())
    }

    /// The value under a key, counted as a lookup: a hit or a miss.
    ///
    /// ```
    /// # let users: perfkit::Cache<String, u32> = perfkit::Cache::builder("doc: get").build()?;
    /// users.insert("ada".to_owned(), 1815);
    /// assert_eq!(users.get("ada"), Some(1815));
    /// assert_eq!(users.get("bob"), None);
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn get(&self, key: impl Lookup<K>) -> Option<V> {
        self.with(key, V::clone)
    }

    /// What `read` makes of the value under a key, which is not cloned; counted as a lookup.
    ///
    /// `read` may use the cache. What is taken out of any cache meanwhile is dropped after it, so it had better not wait.
    ///
    /// ```
    /// # let pages: perfkit::Cache<u64, String> = perfkit::Cache::builder("doc: with").build()?;
    /// pages.insert(1, "a long page".to_owned());
    /// assert_eq!(pages.with(1, |page| page.len()), Some(11));
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    #[inline]
    pub fn with<R>(&self, key: impl Lookup<K>, read: impl FnOnce(&V) -> R) -> Option<R> {
        let slot = self.slot();
        let found = slot.find(slot.store.hash(&key), &key, read).ok();
        if found.is_none() {
            slot.core.count(Count::Miss);
        }
        found
    }

    /// The value under a key. Nobody hears that it was asked for: it is not counted, and it does not keep the value from
    /// being evicted or from idling.
    ///
    /// ```
    /// # let users: perfkit::Cache<u64, String> = perfkit::Cache::builder("doc: peek").build()?;
    /// users.insert(7, "Ada".to_owned());
    /// assert_eq!(users.peek(7).as_deref(), Some("Ada"));
    /// assert_eq!(users.stats().hits, 0);
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn peek(&self, key: impl Lookup<K>) -> Option<V> {
        let hash = self.slot.store.hash(&key);
        self.slot.peek(hash, |kept| key.is(kept), V::clone)
    }

    /// Whether there is a value under a key; nobody hears of it, as with [`peek`](Self::peek).
    pub fn contains(&self, key: impl Lookup<K>) -> bool {
        let hash = self.slot.store.hash(&key);
        let found = self.slot.peek(hash, |kept| key.is(kept), |_| ());
        found.is_some()
    }

    /// Keeps a value under a key, for as long as any, in the place of the one there was.
    ///
    /// A load of this key that began before is not kept.
    pub fn insert(&self, key: K, value: V) {
        self.put(key, value, None, &[]);
    }

    /// Keeps a value under a key for a time of its own, in place of the `ttl`; `Duration::MAX` is for good.
    ///
    /// Such an end is kept to as exactly as the cache keeps time, to a hundredth of its shortest time and at worst a tenth
    /// of a second; in a cache where nothing else expires, to a hundredth of a second.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # let sessions: perfkit::Cache<u64, String> = perfkit::Cache::builder("doc: insert_with_ttl").build()?;
    /// sessions.insert_with_ttl(7, "short".to_owned(), Duration::from_secs(30));
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn insert_with_ttl(&self, key: K, value: V, ttl: Duration) {
        self.put(key, value, Some(ttl), &[]);
    }

    /// Keeps a value that carries tags, by which it can be taken out with all others that carry one of them: see
    /// [`invalidate_tag`](Self::invalidate_tag).
    ///
    /// ```
    /// # let users: perfkit::Cache<u64, String> = perfkit::Cache::builder("doc: insert_tagged").build()?;
    /// users.insert_tagged(7, "Ada".to_owned(), ["users", "team:1"]);
    /// users.insert_tagged(8, "Bob".to_owned(), ["users", "team:2"]);
    /// assert_eq!(users.invalidate_tag("team:1"), 1);
    /// assert!(users.contains(8));
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn insert_tagged(&self, key: K, value: V, tags: impl IntoIterator<Item = impl AsRef<str>>) {
        let tags: Vec<_> = tags.into_iter().map(|tag| Tag::of(tag.as_ref())).collect();
        self.put(key, value, None, &tags);
    }

    /// Keeps a value under a key if there is none; true when it did. What is being loaded comes in its place, when it is
    /// there: for filling a cache before it is used.
    ///
    /// ```
    /// # let users: perfkit::Cache<u64, &str> = perfkit::Cache::builder("doc: prime").build()?;
    /// assert!(users.prime(7, "from the snapshot"));
    /// assert!(!users.prime(7, "from an older one"));
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn prime(&self, key: K, value: V) -> bool {
        let slot = self.slot();
        let hash = slot.store.hash_of(&key);
        if slot.peek(hash, |kept| *kept == key, |_| ()).is_some() {
            return false;
        }
        // Asked again under the lock: another value may have come while this one was weighed.
        let is_new = Cell::new(true);
        self.put_at(hash, key, value, None, &[], |key| {
            is_new.set(slot.peek(hash, |kept| kept == key, |_| ()).is_none());
            is_new.get()
        });
        is_new.get()
    }

    /// Shows every entry, none of them cloned: in no order, those whose time is over not, and of those that come or go
    /// meanwhile some. `see` may use the cache.
    ///
    /// ```
    /// # let stock: perfkit::Cache<u64, u32> = perfkit::Cache::builder("doc: for_each").build()?;
    /// stock.insert_many([(1, 10), (2, 20)]);
    /// let mut all = 0;
    /// stock.for_each(|_, count| all += count);
    /// assert_eq!(all, 30);
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn for_each(&self, mut see: impl FnMut(&K, &V)) {
        let now = self.slot.now();
        self.slot.store.for_each(|entry| {
            if !entry.is_expired(now) {
                see(entry.key(), entry.value());
            }
        });
    }

    /// Clones of the entries, in no order: of those that come or go while it is used some.
    ///
    /// Clones a part of them at a time, and not all at once.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, K, V>
    where
        K: Clone,
    {
        Iter::new(self.slot())
    }

    /// What the cache has done and holds.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        CacheStats::of(self.slot.core, self.slot())
    }

    /// What the cache needs, in bytes: its tables, its entries, and what they weigh if they are weighed. What keys and
    /// values own elsewhere is known to nobody else. An estimate; exact to about a tenth.
    #[must_use]
    pub fn memory_estimate(&self) -> u64 {
        self.slot.memory()
    }

    /// Saves what is kept in the file that `persist` names, now and on this thread: what a new start of the program will
    /// know. A save that runs already is waited for, and another one made. Blocks for as long as the disk takes.
    ///
    /// It is not needed for anything to be saved: that happens in the background, a minute after the first change at the
    /// latest, and when the program ends. Only a cache made by hand, whose last handle is dropped before that, is saved in
    /// no other way.
    ///
    /// # Errors
    /// When nothing was saved, because the cache has no file or for another reason: see [`PersistError`]. The cache goes on,
    /// what was saved before is still there, and another attempt is made in the background.
    ///
    /// ```
    /// use perfkit::{PersistError, cached};
    ///
    /// #[cached]
    /// fn load(id: u64) -> String {
    ///     format!("user {id}")
    /// }
    ///
    /// let error = load_cache().save().unwrap_err();
    /// assert!(matches!(error, PersistError::NotPersisted { .. }));
    /// ```
    #[cfg(feature = "persist")]
    pub fn save(&self) -> Result<Saved, PersistError> {
        self.slot.save()
    }

    /// How many entries there are, those included whose time is over and that have not been taken out yet.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.slot.store.entries()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries there can be; nothing where there is no bound on their number.
    #[must_use]
    pub fn capacity(&self) -> Option<u64> {
        self.slot.settings.max_size
    }

    /// What the report calls it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.slot.core.op
    }
}

impl<'c, K: Key + Clone, V: Keepable> IntoIterator for &'c Cache<K, V> {
    type Item = (K, V);
    type IntoIter = Iter<'c, K, V>;

    fn into_iter(self) -> Iter<'c, K, V> {
        self.iter()
    }
}

impl<K: Key, V: Keepable> fmt::Debug for Cache<K, V> {
    /// Its name and size; keys and values are nobody's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("name", &self.name())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
