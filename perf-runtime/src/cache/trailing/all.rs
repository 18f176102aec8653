//! What the calls of all instances of a function have left, shared by the function and its handle.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::handle::{Waiting, WaitingOf};
use super::{Trailing, Trails};
use crate::beside::{Places, Shared, instance};
use crate::cache::landing::Way;
use crate::cache::slot::Slot;
use crate::kept::Kept;
use crate::parts::counter::Counters;
use crate::parts::key::Key;

/// See the module.
pub(crate) struct AllTrails {
    op: &'static str,
    counters: Counters<3>,
    /// One for each slot, by where that is.
    each: Mutex<Vec<Known>>,
}

struct Known {
    place: usize,
    /// The instance, for a handle, which has closures of its own.
    name: &'static str,
    typed: &'static (dyn Any + Send + Sync),
    all: &'static dyn Waiting,
    /// A `&'static dyn WaitingOf<K>`.
    by_key: &'static (dyn Any + Send + Sync),
}

impl Shared for AllTrails {
    type Options = ();

    fn places() -> &'static Places<Self> {
        static PLACES: Places<AllTrails> = Places::new();
        &PLACES
    }

    fn make(op: &'static str, (): ()) -> &'static Self {
        Box::leak(Box::new(Self {
            op,
            counters: Counters::new(),
            each: Mutex::new(Vec::new()),
        }))
    }
}

impl AllTrails {
    pub(super) fn op(&self) -> &'static str {
        self.op
    }

    pub(in crate::cache) fn counted(&self, what: Trailing) -> u64 {
        self.counters.since_reset(what as usize)
    }

    pub(crate) fn reset(&self) {
        self.counters.reset();
    }

    /// Those of the instance with this slot, that a closure of this type is in.
    pub(super) fn of<K, A>(
        &'static self,
        slot: &'static Slot<K, A::Value>,
        closure: &'static str,
    ) -> &'static Trails<K, A::Answer, A::Value>
    where
        K: Key + Clone,
        A: Kept<Answer: Send + 'static>,
    {
        let place = std::ptr::from_ref(slot).addr();
        let mut each = self.lock();
        let known = each.iter().find(|known| known.place == place);
        if let Some(trails) = known.and_then(|known| known.typed.downcast_ref()) {
            return trails;
        }
        let trails: &'static Trails<K, A::Answer, A::Value> = Box::leak(Box::new(Trails {
            slot,
            way: Way::of::<A>,
            counters: &self.counters,
            issued: AtomicU64::new(0),
            keys: Mutex::new(HashMap::new()),
        }));
        let by_key: &'static dyn WaitingOf<K> = trails;
        each.push(Known {
            place,
            name: instance(closure),
            typed: trails,
            all: trails,
            by_key: Box::leak(Box::new(by_key)),
        });
        trails
    }

    /// Those of the instances of that name; two functions in two blocks of a third can have one.
    pub(super) fn named(&self, name: &str) -> Vec<&'static dyn Waiting> {
        let each = self.lock();
        let named = each.iter().filter(|known| known.name == name);
        named.map(|known| known.all).collect()
    }

    /// Those of them that have keys of this type.
    pub(super) fn named_by_key<K: Key>(&self, name: &str) -> Vec<&'static dyn WaitingOf<K>> {
        let each = self.lock();
        let named = each.iter().filter(|known| known.name == name);
        let by_key = named.filter_map(|known| known.by_key.downcast_ref().copied());
        by_key.collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Known>> {
        self.each.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
