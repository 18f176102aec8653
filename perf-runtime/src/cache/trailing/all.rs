//! What the calls of all instances of a function have left, shared by the function and its handle.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use super::handle::{Waiting, WaitingOf};
use super::{Trailing, Trails};
use crate::beside::{Instances, New, Places, Shared, instance};
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
    each: Instances<usize, dyn Waiting>,
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
            each: Instances::new(),
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
        self.each.of(std::ptr::from_ref(slot).addr(), || {
            let trails: &'static _ = Box::leak(Box::new(Trails {
                slot,
                way: Way::of::<A>,
                counters: &self.counters,
                issued: AtomicU64::new(0),
                keys: Mutex::new(HashMap::new()),
            }));
            New {
                name: instance(closure),
                typed: trails,
                all: trails as &dyn Waiting,
                by_key: trails as &dyn WaitingOf<K>,
            }
        })
    }

    /// Those of the instances of that name.
    pub(super) fn named(&self, name: &str) -> Vec<&'static dyn Waiting> {
        self.each.named(name)
    }

    /// Those of them that have keys of this type.
    pub(super) fn named_by_key<K: Key>(&self, name: &str) -> Vec<&'static dyn WaitingOf<K>> {
        self.each.named_by_key(name)
    }
}
