//! What a debounced function and its handle share: the bursts of all its instances.

use std::any::{Any, TypeId};

use super::burst::Withdrawn;
use super::keyed::Instance;
use super::{Book, Options, Shared};
use crate::beside::{self, Instances, New, Places};
use crate::ended::Ended;
use crate::parts::key::Key;
use crate::rejected::Rejected;

/// See the module.
pub(super) struct Core {
    pub(super) op: &'static str,
    pub(super) options: Options,
    pub(super) book: Book,
    /// One for each instance of a generic function, by the type of a closure inside of it.
    instances: Instances<TypeId, dyn Bursts>,
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
            instances: Instances::new(),
        }))
    }
}

impl Core {
    /// The bursts of one instance.
    pub(super) fn instance<K: Key, A: Shared>(
        &'static self,
        kind: TypeId,
        name: impl FnOnce() -> &'static str,
    ) -> &'static Instance<K, Ended<A>> {
        self.instances.of(kind, || {
            let bursts: &'static Instance<K, Ended<A>> =
                Box::leak(Box::new(Instance::new(self.options.pace(), &self.book)));
            New {
                name: name(),
                typed: bursts,
                all: bursts as &dyn Bursts,
                by_key: bursts as &dyn BurstsOf<K>,
            }
        })
    }

    /// Those of the instances of that name.
    pub(super) fn named(&self, name: &str) -> Vec<&'static dyn Bursts> {
        self.instances.named(name)
    }

    /// Those of them that have keys of this type.
    pub(super) fn named_by_key<K: Key>(&self, name: &str) -> Vec<&'static dyn BurstsOf<K>> {
        self.instances.named_by_key(name)
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
