//! The cache of a function, for who asks its handle, or by its name.

use std::any::type_name;

use super::slot::Slot;
use super::{Cache, Core, Hooks, Lazy, Settings};
use crate::beside::{self, Named, Places, Shared};
use crate::kept::Keepable;
use crate::parts::key::Key;
use crate::parts::known::Known;

impl Shared for Core {
    type Options = Settings;

    fn places() -> &'static Places<Self> {
        static PLACES: Places<Core> = Places::new();
        &PLACES
    }

    fn make(op: &'static str, settings: Settings) -> &'static Self {
        Self::new(op, settings)
    }
}

/// The slot of a function by its name or path, or by that of an instance.
pub(super) fn find<K: Key, V: Keepable>(name: &str) -> Option<&'static Slot<K, V>> {
    let cores = Core::places().all().into_iter().map(|(path, core)| {
        let is_it = core.op == name || path == name;
        (core, is_it)
    });
    let mut found = cores.filter_map(|(core, is_it)| {
        let instance = core.slots.only(Some(name));
        instance.or_else(|| is_it.then(|| core.slots.only(None)).flatten())
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The static of a handle.
pub struct Beside {
    place: beside::Beside<Core>,
    known: Known,
}

impl Beside {
    /// The handle of `named`.
    #[must_use]
    pub const fn new(named: Named, settings: fn() -> Settings) -> Self {
        Self {
            place: beside::Beside::new(named, settings),
            known: Known::new(),
        }
    }

    /// The cache of the function's instance that `hooks` is a closure of.
    pub fn cache<K, V, H>(&'static self, hooks: H) -> Cache<K, V>
    where
        K: Key,
        V: Keepable,
        H: FnOnce() -> Hooks<K, V> + 'static,
    {
        Cache::for_good(self.slot(hooks))
    }

    /// The lazy value of the function's instance that `hooks` is a closure of.
    pub fn lazy<V, H>(&'static self, hooks: H) -> Lazy<V>
    where
        V: Keepable,
        H: FnOnce() -> Hooks<(), V> + 'static,
    {
        Lazy::of(self.slot(hooks))
    }

    fn slot<K, V, H>(&'static self, hooks: H) -> &'static Slot<K, V>
    where
        K: Key,
        V: Keepable,
        H: FnOnce() -> Hooks<K, V> + 'static,
    {
        if let Some(slot) = self.known.get::<H, Slot<K, V>>() {
            return slot;
        }
        let core = self.place.core();
        let instance = self.place.instance(type_name::<H>());
        let slot = core.slots.named(core, &instance, hooks);
        self.known.set::<H, Slot<K, V>>(slot);
        slot
    }
}
