//! The instances of a generic function, found by the function itself and by its handle.

use std::any::Any;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What each instance has: there for good, as the function is.
///
/// The function knows an instance by an `I`. Its handle has closures of its own and knows the name, and of the types of an
/// instance at most that of its keys: `W` is what it does to any, and a `&'static dyn` of some trait of the keys what it does
/// to one key.
pub(crate) struct Instances<I, W: ?Sized + 'static>(Mutex<Vec<Known<I, W>>>);

struct Known<I, W: ?Sized + 'static> {
    id: I,
    name: &'static str,
    typed: &'static (dyn Any + Send + Sync),
    all: &'static W,
    /// A `&'static` of what is done to one key.
    by_key: &'static (dyn Any + Send + Sync),
}

/// An instance that is new: what it has, and the ways to it.
pub(crate) struct New<T: 'static, W: ?Sized + 'static, B: ?Sized + 'static> {
    pub(crate) name: &'static str,
    pub(crate) typed: &'static T,
    pub(crate) all: &'static W,
    pub(crate) by_key: &'static B,
}

impl<I: PartialEq, W: ?Sized> Instances<I, W> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// What the instance has that is known by `id`; `make` makes it, while the list is locked.
    pub(crate) fn of<T, B>(&self, id: I, make: impl FnOnce() -> New<T, W, B>) -> &'static T
    where
        T: Send + Sync + 'static,
        B: ?Sized + Send + Sync + 'static,
    {
        let mut instances = self.lock();
        let known = instances.iter().find(|known| known.id == id);
        if let Some(typed) = known.and_then(|known| known.typed.downcast_ref()) {
            return typed;
        }
        let New {
            name,
            typed,
            all,
            by_key,
        } = make();
        instances.push(Known {
            id,
            name,
            typed,
            all,
            by_key: Box::leak(Box::new(by_key)),
        });
        typed
    }

    /// Those of that name; two functions in two blocks of a third can have one.
    pub(crate) fn named(&self, name: &str) -> Vec<&'static W> {
        let instances = self.lock();
        let named = instances.iter().filter(|known| known.name == name);
        named.map(|known| known.all).collect()
    }

    /// Those of them that have keys of the type of `B`.
    pub(crate) fn named_by_key<B: ?Sized + 'static>(&self, name: &str) -> Vec<&'static B> {
        let instances = self.lock();
        let named = instances.iter().filter(|known| known.name == name);
        let by_key = named.filter_map(|known| known.by_key.downcast_ref::<&'static B>().copied());
        by_key.collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Known<I, W>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
