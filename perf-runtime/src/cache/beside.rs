//! The cache of a function, found by where the function stands.
//!
//! An annotation has a static inside of the function. The handle beside the function cannot name it, and not even the
//! function: in an `impl` it is `Self::load`, in a block `load`, and which of them is not known while expanding. But it
//! knows its own place, and from that the function's: the same path with another name at the end. Both ask one table for
//! the core of that place; whoever comes first makes it.

use std::any::type_name;
use std::collections::HashMap;
use std::panic::Location;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::slot::Slot;
use super::slots::instance;
use super::{Cache, Core, Hooks, Lazy, Settings};
use crate::kept::Keepable;
use crate::parts::key::Key;
use crate::parts::known::Known;
use crate::snapshot::Meta;

/// The path of a function, its file and its line.
type Place = (String, &'static str, u32);

static CORES: Mutex<Option<HashMap<Place, &'static Core>>> = Mutex::new(None);

/// The core of the function that stands at `path`; a new one has these settings.
fn core_at(path: &str, meta: &Meta, settings: fn() -> Settings) -> &'static Core {
    let place = (path.to_owned(), meta.file, meta.line);
    let known = |cores: &HashMap<Place, &'static Core>| cores.get(&place).copied();
    if let Some(core) = with_cores(|cores| known(cores)) {
        return core;
    }
    // The settings are expressions of the user's: not while the table is locked.
    let settings = settings();
    with_cores(|cores| {
        known(cores).unwrap_or_else(|| {
            let op = meta.name.unwrap_or_else(|| path.to_owned().leak());
            let core = Core::new(op, settings);
            cores.insert(place.clone(), core);
            core
        })
    })
}

fn with_cores<R>(work: impl FnOnce(&mut HashMap<Place, &'static Core>) -> R) -> R {
    let mut cores = CORES.lock().unwrap_or_else(PoisonError::into_inner);
    work(cores.get_or_insert_default())
}

/// The core of an annotated function.
///
/// Two functions in two blocks of a third can have one path, and one line if a macro made them. The second of them gets
/// a core of its own.
pub(crate) fn core_of(meta: &Meta, settings: fn() -> Settings) -> &'static Core {
    let path = function_of((meta.place)());
    let core = core_at(path, meta, settings);
    if core.is_owned.swap(true, Relaxed) {
        return Core::new(core.op, settings());
    }
    core
}

/// The slot of a function by its name or path, or by that of an instance.
pub(super) fn find<K: Key, V: Keepable>(name: &str) -> Option<&'static Slot<K, V>> {
    let cores: Vec<_> = with_cores(|cores| {
        let named = |((path, ..), core): (&Place, &&'static Core)| {
            let is_it = core.op == name || path == name;
            (*core, is_it)
        };
        cores.iter().map(named).collect()
    });
    let mut found = cores.into_iter().filter_map(|(core, is_it)| {
        let instance = core.slots.only(Some(name));
        instance.or_else(|| is_it.then(|| core.slots.only(None)).flatten())
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// The static of a handle: what it knows of the function beside it.
pub struct Beside {
    /// The function's, but for the place, which is the handle's.
    meta: Meta,
    names: (&'static str, &'static str),
    settings: fn() -> Settings,
    core: OnceLock<&'static Core>,
    known: Known,
}

impl Beside {
    /// `names` are those of the handle and of the function.
    #[must_use]
    #[track_caller]
    pub const fn here(
        attribute: &'static str,
        name: Option<&'static str>,
        place: fn() -> &'static str,
        names: (&'static str, &'static str),
        settings: fn() -> Settings,
    ) -> Self {
        let here = Location::caller();
        Self {
            meta: Meta {
                attribute,
                name,
                part: None,
                place,
                file: here.file(),
                line: here.line(),
            },
            names,
            settings,
            core: OnceLock::new(),
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
        let core = *self.core.get_or_init(|| {
            let path = self.renamed(function_of((self.meta.place)()));
            core_at(&path, &self.meta, self.settings)
        });
        let instance = self.renamed(instance(type_name::<H>()));
        let slot = core.slots.named(core, &instance, hooks);
        self.known.set::<H, Slot<K, V>>(slot);
        slot
    }

    /// A path with the name of the function in the place of that of its handle.
    fn renamed(&self, path: &str) -> String {
        let (handle, function) = self.names;
        let of_a_name = |c: char| c.is_alphanumeric() || c == '_';
        let last = path.rmatch_indices(handle).find(|(at, _)| {
            let before = path.get(..*at).unwrap_or_default();
            let after = path.get(at + handle.len()..).unwrap_or_default();
            (before.is_empty() || before.ends_with("::")) && !after.starts_with(of_a_name)
        });
        match last {
            Some((at, _)) => {
                let (before, rest) = path.split_at(at);
                let after = rest.get(handle.len()..).unwrap_or_default();
                format!("{before}{function}{after}")
            }
            None => path.to_owned(),
        }
    }
}

/// The path of the function around a type.
fn function_of(place: &'static str) -> &'static str {
    instance(place.rsplit_once("::").map_or(place, |(path, _)| path))
}
