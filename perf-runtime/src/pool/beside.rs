//! The pool of a function, for who asks its handle, or by its name.

use std::any::type_name;
use std::hash::Hash;

use super::machines::Machines;
use super::settings::Settings;
use super::user::Hooks;
use super::{Handle, Pool};
use crate::beside::{self, Named, Shared};
use crate::rejected::Rejected;

/// The static of a handle.
pub struct Beside(beside::Beside<Machines>);

impl Beside {
    /// The handle of `named`.
    #[must_use]
    pub const fn new(named: Named, settings: fn() -> Settings) -> Self {
        Self(beside::Beside::new(named, settings))
    }

    fn machines(&'static self) -> &'static Machines {
        self.0.core_or_first(Machines::list)
    }

    /// The pool of the function's instance that `hooks` is a closure of.
    pub fn only<T, F>(&'static self, hooks: F) -> Pool<T>
    where
        T: Send + 'static,
        F: FnOnce() -> Hooks<T> + 'static,
    {
        let instance = self.0.instance(type_name::<F>());
        let core = self.machines().find_only(&instance, None, hooks);
        Pool::of(Handle::ForGood(core))
    }

    /// The pool of these arguments.
    ///
    /// # Errors
    /// When there are as many pools in use as there may be.
    pub fn keyed<K, T, F>(&'static self, key: K, hooks: F) -> Result<Pool<T>, Rejected>
    where
        K: Eq + Hash + Clone + Send + Sync + 'static,
        T: Send + 'static,
        F: Fn(&K) -> Hooks<T> + Send + Sync + 'static,
    {
        let instance = self.0.instance(type_name::<F>());
        let machine = self.machines().find_keyed(&instance, None, hooks);
        machine.pool(key).map(Pool::of)
    }
}

/// The pool of a function without arguments, by its name in the report. Nothing where there are several.
pub(super) fn find<T: Send + 'static>(name: &str) -> Option<Pool<T>> {
    let all = Machines::places().all().into_iter();
    let named = all.filter(|(path, machines)| machines.op == name || path == name);
    let mut found = named.flat_map(|(_, machines)| machines.of_type());
    let first = found.next()?;
    let is_only = found.next().is_none();
    is_only.then_some(Pool::of(Handle::ForGood(first)))
}
