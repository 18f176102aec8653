//! The typed parts of a function's cache: one for each instance of it.
//!
//! A `static` cannot be generic, and what a function is generic over cannot always be named: it may belong to the `impl`
//! around it. But a closure inside of the function has a type for each instance, and this type has an id. So the
//! expansion hands over such a closure, and the slot is found by its type. The first one, which is the only one of a
//! function that is not generic, is found at once; the others follow in a list that only grows.
//!
//! The handle of a function is a function of its own, with closures of its own. It finds the slot by the name of the
//! instance, `shop::Repo<shop::Users>::count`, and by the types of key and value.

use std::any::{Any, TypeId, type_name};
use std::sync::OnceLock;

use super::Core;
use super::hooks::Hooks;
use super::slot::{Keeps, Slot};
use crate::beside::instance;
use crate::kept::Keepable;
use crate::parts::key::Key;

/// See the module.
pub(crate) struct Slots {
    first: OnceLock<Box<Node>>,
}

struct Node {
    /// The closure of the function's own; nothing while only a handle has asked.
    owner: OnceLock<TypeId>,
    /// The name of the instance.
    instance: String,
    typed: &'static (dyn Any + Send + Sync),
    keeps: &'static dyn Keeps,
    next: OnceLock<Box<Node>>,
}

impl Slots {
    pub(crate) const fn new() -> Self {
        Self {
            first: OnceLock::new(),
        }
    }

    /// The slot of the function's instance that `hooks` is a closure of.
    pub(crate) fn of<K, V, H>(&self, core: &'static Core, hooks: H) -> &'static Slot<K, V>
    where
        K: Key,
        V: Keepable,
        H: FnOnce() -> Hooks<K, V> + 'static,
    {
        let closure = TypeId::of::<H>();
        let known = self.all().find(|node| node.owner.get() == Some(&closure));
        if let Some(slot) = known.and_then(|node| node.typed.downcast_ref()) {
            return slot;
        }
        let instance = instance(type_name::<H>());
        self.get_or_add(core, instance, hooks, |node| {
            *node.owner.get_or_init(|| closure) == closure
        })
    }

    /// The slot of the instance of that name.
    pub(crate) fn named<K, V, H>(
        &self,
        core: &'static Core,
        instance: &str,
        hooks: H,
    ) -> &'static Slot<K, V>
    where
        K: Key,
        V: Keepable,
        H: FnOnce() -> Hooks<K, V>,
    {
        self.get_or_add(core, instance, hooks, |_| true)
    }

    /// The first slot of these types and this name that can be `taken`, else a new one.
    fn get_or_add<K, V, H>(
        &self,
        core: &'static Core,
        instance: &str,
        hooks: H,
        taken: impl Fn(&Node) -> bool,
    ) -> &'static Slot<K, V>
    where
        K: Key,
        V: Keepable,
        H: FnOnce() -> Hooks<K, V>,
    {
        let take = |node: &Node| {
            let slot = node.typed.downcast_ref();
            slot.filter(|_| node.instance == instance && taken(node))
        };
        if let Some(slot) = self.all().find_map(take) {
            return slot;
        }
        // Made before it is put on the list, because making it asks the user.
        let hooks = hooks();
        #[cfg(feature = "persist")]
        let (name, opened) = super::persisted::open_function(core, instance, &hooks);
        #[cfg(feature = "persist")]
        if matches!(opened, Some(Err(_)))
            && let Some(slot) = self.all().find_map(take)
        {
            return slot;
        }
        let slot = Box::leak(Box::new(Slot::new(core, core.settings.clone(), hooks)));
        // Until it can be found, others wait for it.
        #[cfg(feature = "persist")]
        let _opening = opened.and_then(|opened| slot.restore(&name, opened));
        let slot: &'static Slot<K, V> = slot;
        let mut new = Box::new(Node {
            owner: OnceLock::new(),
            instance: instance.to_owned(),
            typed: slot,
            keeps: slot,
            next: OnceLock::new(),
        });
        taken(&new);
        let mut place = &self.first;
        loop {
            if let Some(node) = place.get() {
                if let Some(slot) = take(node) {
                    return slot;
                }
                place = &node.next;
                continue;
            }
            match place.set(new) {
                Ok(()) => return slot,
                // Another thread was faster. Its slot may be the one that is wanted.
                Err(not_put) => new = not_put,
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = &Node> {
        std::iter::successors(self.first.get().map(|node| &**node), |node| {
            node.next.get().map(|node| &**node)
        })
    }

    /// The one slot of these types, of the instance of that name if one is given. Nothing where there are several.
    pub(crate) fn only<K, V>(&self, instance: Option<&str>) -> Option<&'static Slot<K, V>>
    where
        K: Key,
        V: Keepable,
    {
        let wanted = self
            .all()
            .filter(|node| instance.is_none_or(|instance| node.instance == instance));
        let mut typed = wanted.filter_map(|node| node.typed.downcast_ref());
        let first = typed.next()?;
        typed.next().is_none().then_some(first)
    }

    /// What all of them keep.
    pub(crate) fn each(&self) -> impl Iterator<Item = &'static dyn Keeps> {
        self.all().map(|node| node.keeps)
    }
}
