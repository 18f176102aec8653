//! A bulkhead for each key.
//!
//! A key has one while somebody holds a permit of it or waits for one: whoever goes last takes it along, so that a key that
//! is idle leaves nothing behind. There is room for [`MOST`] keys at a time; all others share one bulkhead, so that they
//! are limited together, and never not at all.

use std::any::{Any, TypeId};
use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::report::Count;
use super::{Book, Core, Settings};
use crate::parts::key::Key;

/// So many keys have a bulkhead of their own at a time.
const MOST: usize = 10_000;

/// The bulkheads of all keys of one function, whose instances may have keys of several types.
pub(super) struct AllKeys {
    typed: Mutex<Vec<(TypeId, &'static dyn Untyped)>>,
}

/// What can be asked of keys of any type.
trait Untyped: Any + Send + Sync {
    fn each(&'static self) -> Vec<Box<dyn Deref<Target = Core>>>;
    fn any(&'static self) -> &'static (dyn Any + Send + Sync);
}

impl AllKeys {
    pub(super) const fn new() -> Self {
        Self {
            typed: Mutex::new(Vec::new()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(TypeId, &'static dyn Untyped)>> {
        self.typed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of one type; there for good, as the function is.
    pub(super) fn of<K: Key>(&self, book: &'static Book, settings: Settings) -> &'static Keys<K> {
        let kind = TypeId::of::<K>();
        let mut typed = self.lock();
        let known = typed.iter().find(|(known, _)| *known == kind);
        if let Some(keys) = known.and_then(|(_, keys)| keys.any().downcast_ref()) {
            return keys;
        }
        let keys: &'static Keys<K> = Box::leak(Box::new(Keys {
            book,
            settings,
            others: Core::new(book, settings),
            cores: Mutex::new(HashSet::new()),
        }));
        typed.push((kind, keys));
        keys
    }

    /// Those that there are now; nothing where there never was one.
    pub(super) fn each(&self) -> Option<Vec<Box<dyn Deref<Target = Core>>>> {
        let typed = self.lock().clone();
        let each = typed.iter().flat_map(|(_, keys)| keys.each());
        (!typed.is_empty()).then(|| each.collect())
    }
}

/// See the module.
pub(crate) struct Keys<K: Key> {
    book: &'static Book,
    settings: Settings,
    others: Core,
    cores: Mutex<HashSet<Named<K>>>,
}

/// A bulkhead, and whose it is.
struct Of<K> {
    key: K,
    core: Core,
}

impl<K> Deref for Of<K> {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

/// Found by its key.
struct Named<K>(Arc<Of<K>>);

impl<K> Borrow<K> for Named<K> {
    fn borrow(&self) -> &K {
        &self.0.key
    }
}

impl<K: Hash> Hash for Named<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.key.hash(state);
    }
}

impl<K: Eq> PartialEq for Named<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0.key == other.0.key
    }
}

impl<K: Eq> Eq for Named<K> {}

impl<K: Key> Keys<K> {
    fn lock(&self) -> MutexGuard<'_, HashSet<Named<K>>> {
        // Of the user's only `Hash` and `Eq` run under it.
        self.cores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bulkhead of `key`, for as long as the handle is there.
    pub(super) fn core(&'static self, key: K) -> OfKey<K> {
        let mut cores = self.lock();
        let own = if let Some(known) = cores.get(&key) {
            Some(Arc::clone(&known.0))
        } else if cores.len() < MOST {
            let core = Core::new(self.book, self.settings);
            let own = Arc::new(Of { key, core });
            cores.insert(Named(Arc::clone(&own)));
            return OfKey {
                keys: self,
                own: Some(own),
            };
        } else {
            self.book.count(Count::KeyWithoutRoom);
            None
        };
        // Before the key goes, which is the user's.
        drop(cores);
        OfKey { keys: self, own }
    }
}

impl<K: Key> Untyped for Keys<K> {
    fn each(&'static self) -> Vec<Box<dyn Deref<Target = Core>>> {
        let cores = self.lock();
        let each = cores.iter().map(|named| {
            let own = Some(Arc::clone(&named.0));
            let core: Box<dyn Deref<Target = Core>> = Box::new(OfKey { keys: self, own });
            core
        });
        each.collect()
    }

    fn any(&'static self) -> &'static (dyn Any + Send + Sync) {
        self
    }
}

/// A handle to the bulkhead of one key.
pub struct OfKey<K: Key> {
    keys: &'static Keys<K>,
    /// Nothing where there was no room.
    own: Option<Arc<Of<K>>>,
}

impl<K: Key> Deref for OfKey<K> {
    type Target = Core;

    fn deref(&self) -> &Core {
        self.own.as_ref().map_or(&self.keys.others, |own| &own.core)
    }
}

impl<K: Key> Clone for OfKey<K> {
    fn clone(&self) -> Self {
        Self {
            keys: self.keys,
            own: self.own.clone(),
        }
    }
}

impl<K: Key> Drop for OfKey<K> {
    fn drop(&mut self) {
        /// The table's and this one: more come only from the table, which is locked, or from another handle.
        const LAST: usize = 2;
        let Some(own) = self.own.take() else {
            return;
        };
        let mut cores = self.keys.lock();
        if Arc::strong_count(&own) > LAST {
            // Under the lock, or two that go at once would each take the other for the last.
            drop(own);
            return;
        }
        let gone = cores.take(&own.key);
        // The key is the user's.
        drop(cores);
        drop((gone, own));
    }
}
