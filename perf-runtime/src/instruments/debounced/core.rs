//! What a debounced function and its handle share: the bursts of all its instances.

use std::any::{Any, TypeId};
use std::sync::{Mutex, PoisonError};

use super::burst::Withdrawn;
use super::keyed::Instance;
use super::{Book, Options, Shared};
use crate::beside::{self, Places};
use crate::ended::Ended;
use crate::parts::key::Key;
use crate::rejected::Rejected;

/// See the module.
pub(super) struct Core {
    pub(super) op: &'static str,
    pub(super) options: Options,
    pub(super) book: Book,
    /// One for each instance of a generic function, by the type of a closure inside of it.
    instances: Mutex<Vec<Known>>,
}

#[derive(Clone, Copy)]
struct Known {
    kind: TypeId,
    /// The instance, for a handle, which has closures of its own.
    name: &'static str,
    typed: &'static (dyn Any + Send + Sync),
    all: &'static dyn Bursts,
    /// A `&'static dyn BurstsOf<K>`.
    by_key: &'static (dyn Any + Send + Sync),
}

/// The bursts of one instance, whatever their keys and answers are.
pub(super) trait Bursts: Send + Sync {
    /// How many calls wait.
    fn waiting(&self) -> usize;
    /// Those that wait run now; how many they are.
    fn flush(&self) -> usize;
    /// Those that wait do not run; how many they are. `make` is the `fn(Rejected) -> A` of their answers.
    fn cancel(&self, rejected: Rejected, make: &dyn Any) -> usize;
}

/// The same of one key.
pub(super) trait BurstsOf<K>: Send + Sync {
    fn waiting(&self, key: &K) -> usize;
    fn flush(&self, key: &K) -> usize;
    fn cancel(&self, key: &K, rejected: Rejected, make: &dyn Any) -> usize;
}

impl beside::Shared for Core {
    type Options = Options;

    fn places() -> &'static Places<Self> {
        static PLACES: Places<Core> = Places::new();
        &PLACES
    }

    fn make(op: &'static str, options: Options) -> &'static Self {
        Box::leak(Box::new(Self {
            op,
            options,
            book: Book::new(),
            instances: Mutex::new(Vec::new()),
        }))
    }
}

impl Core {
    /// The bursts of one instance; there for good, as the function is.
    pub(super) fn instance<K: Key, A: Shared>(
        &'static self,
        kind: TypeId,
        name: impl FnOnce() -> &'static str,
    ) -> &'static Instance<K, Ended<A>> {
        let mut instances = self.lock();
        let known = instances.iter().find(|known| known.kind == kind);
        if let Some(instance) = known.and_then(|known| known.typed.downcast_ref()) {
            return instance;
        }
        let instance: &'static Instance<K, Ended<A>> =
            Box::leak(Box::new(Instance::new(self.options.pace(), &self.book)));
        let by_key: &'static dyn BurstsOf<K> = instance;
        instances.push(Known {
            kind,
            name: name(),
            typed: instance,
            all: instance,
            by_key: Box::leak(Box::new(by_key)),
        });
        instance
    }

    /// Those of the instances of that name; two functions in two blocks of a third can have one.
    pub(super) fn named(&self, name: &str) -> Vec<&'static dyn Bursts> {
        let instances = self.lock();
        let named = instances.iter().filter(|known| known.name == name);
        named.map(|known| known.all).collect()
    }

    /// Those of them that have keys of this type.
    pub(super) fn named_by_key<K: Key>(&self, name: &str) -> Vec<&'static dyn BurstsOf<K>> {
        let instances = self.lock();
        let named = instances.iter().filter(|known| known.name == name);
        let by_key = named.filter_map(|known| known.by_key.downcast_ref().copied());
        by_key.collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Known>> {
        self.instances
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Key, A: Shared> Instance<K, Ended<A>> {
    fn cancel_with(&self, only: Option<&K>, rejected: Rejected, make: &dyn Any) -> usize {
        // Of another type only where two functions have one name.
        let Some(make) = make.downcast_ref::<fn(Rejected) -> A>().copied() else {
            return 0;
        };
        let withdrawn = Withdrawn::new(move || Ended::Refused(make(rejected), rejected));
        self.cancel(only, &withdrawn)
    }
}

impl<K: Key, A: Shared> Bursts for Instance<K, Ended<A>> {
    fn waiting(&self) -> usize {
        Self::waiting(self, None)
    }

    fn flush(&self) -> usize {
        Self::flush(self, None)
    }

    fn cancel(&self, rejected: Rejected, make: &dyn Any) -> usize {
        self.cancel_with(None, rejected, make)
    }
}

impl<K: Key, A: Shared> BurstsOf<K> for Instance<K, Ended<A>> {
    fn waiting(&self, key: &K) -> usize {
        Self::waiting(self, Some(key))
    }

    fn flush(&self, key: &K) -> usize {
        Self::flush(self, Some(key))
    }

    fn cancel(&self, key: &K, rejected: Rejected, make: &dyn Any) -> usize {
        self.cancel_with(Some(key), rejected, make)
    }
}
