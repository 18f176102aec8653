//! What an annotated function and its handle share, found by where the function stands.
//!
//! An annotation has a static inside of the function. The handle beside the function cannot name it, and not even the
//! function: in an `impl` it is `Self::load`, in a block `load`, and which of them is not known while expanding. But it
//! knows its own place, and from that the function's: the same path with another name at the end. Both ask one table for
//! the core of that place; whoever comes first makes it.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::snapshot::Meta;

/// The path of a function, its file and its line.
type Place = (String, &'static str, u32);

/// The cores of all functions with one attribute.
pub(crate) struct Places<C: 'static>(Mutex<Option<HashMap<Place, Known<C>>>>);

struct Known<C: 'static> {
    core: &'static C,
    /// Whether a function has it, and not only the handle of one.
    is_owned: bool,
}

/// How a core is made.
pub(crate) struct Making<C: 'static, O> {
    /// Asks the user.
    pub(crate) options: fn() -> O,
    /// Of the function's name. Runs no code of the user's: the table is locked.
    pub(crate) make: fn(&'static str, O) -> &'static C,
}

impl<C, O> Clone for Making<C, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C, O> Copy for Making<C, O> {}

impl<C> Places<C> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// The core of an annotated function.
    ///
    /// Two functions in two blocks of a third can have one path, and one line if a macro made them. The second of them
    /// gets a core of its own.
    pub(crate) fn of_function<O>(&self, meta: &Meta, making: Making<C, O>) -> &'static C {
        let path = function_of((meta.place)());
        let core = self.at(path, meta, making);
        let place = place(path, meta);
        let is_second = self.with(|places| {
            let known = places.get_mut(&place);
            known.is_some_and(|known| std::mem::replace(&mut known.is_owned, true))
        });
        if is_second {
            return (making.make)(name(path, meta), (making.options)());
        }
        core
    }

    /// All of them, with the paths of their functions.
    pub(crate) fn all(&self) -> Vec<(String, &'static C)> {
        self.with(|places| {
            let each = places.iter();
            each.map(|((path, ..), known)| (path.clone(), known.core))
                .collect()
        })
    }

    fn at<O>(&self, path: &str, meta: &Meta, making: Making<C, O>) -> &'static C {
        let place = place(path, meta);
        if let Some(core) = self.with(|places| places.get(&place).map(|known| known.core)) {
            return core;
        }
        // Expressions of the user's: not while the table is locked, and what of it is not needed goes afterwards.
        let mut options = Some((making.options)());
        self.with(|places| {
            if let Some(known) = places.get(&place) {
                return Some(known.core);
            }
            let core = (making.make)(name(path, meta), options.take()?);
            let known = Known {
                core,
                is_owned: false,
            };
            places.insert(place.clone(), known);
            Some(core)
        })
        .unwrap_or_else(|| (making.make)(name(path, meta), (making.options)()))
    }

    fn with<R>(&self, work: impl FnOnce(&mut HashMap<Place, Known<C>>) -> R) -> R {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(places.get_or_insert_default())
    }
}

fn place(path: &str, meta: &Meta) -> Place {
    (path.to_owned(), meta.file, meta.line)
}

/// Once per function, which is there for good anyway.
fn name(path: &str, meta: &Meta) -> &'static str {
    meta.name.unwrap_or_else(|| path.to_owned().leak())
}

/// The static of a handle: what it knows of the function beside it.
pub(crate) struct Beside<C: 'static> {
    /// The function's, but for the place, which is the handle's.
    meta: Meta,
    /// Of the handle and of the function.
    names: (&'static str, &'static str),
    core: OnceLock<&'static C>,
}

impl<C> Beside<C> {
    /// The handle at the place of this call.
    #[track_caller]
    pub(crate) const fn here(
        attribute: &'static str,
        name: Option<&'static str>,
        place: fn() -> &'static str,
        names: (&'static str, &'static str),
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
            core: OnceLock::new(),
        }
    }

    /// The core of the function.
    pub(crate) fn core<O>(&self, places: &Places<C>, making: Making<C, O>) -> &'static C {
        self.core.get_or_init(|| {
            let path = self.renamed(function_of((self.meta.place)()));
            places.at(&path, &self.meta, making)
        })
    }

    /// A path with the name of the function in the place of that of its handle.
    pub(crate) fn renamed(&self, path: &str) -> String {
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
    let mut path = place.rsplit_once("::").map_or(place, |(path, _)| path);
    while let Some(outer) = path.strip_suffix("::{{closure}}") {
        path = outer;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Core(&'static str);

    const MAKING: Making<Core, ()> = Making {
        options: || (),
        make: |name, ()| Box::leak(Box::new(Core(name))),
    };

    fn meta(place: fn() -> &'static str, line: u32) -> Meta {
        Meta {
            attribute: "breaker",
            name: None,
            part: None,
            place,
            file: "shop.rs",
            line,
        }
    }

    #[test]
    fn a_function_and_its_handle_have_one_core() {
        static PLACES: Places<Core> = Places::new();
        let mut beside = Beside::here(
            "breaker",
            None,
            || "shop::Till<T>::charge_breaker::Here",
            ("charge_breaker", "charge"),
        );
        beside.meta.file = "shop.rs";
        beside.meta.line = 7;
        let of_handle = beside.core(&PLACES, MAKING);
        let place = || "shop::Till<T>::charge::{{closure}}::Here";
        let of_function = PLACES.of_function(&meta(place, 7), MAKING);
        assert!(std::ptr::eq(of_handle, of_function));
        assert_eq!(of_function.0, "shop::Till<T>::charge");
    }

    #[test]
    fn two_functions_in_one_place_have_two_cores() {
        static PLACES: Places<Core> = Places::new();
        let made = || PLACES.of_function(&meta(|| "shop::charge::Here", 7), MAKING);
        assert!(!std::ptr::eq(made(), made()));
        assert_eq!(PLACES.all().len(), 1);
    }
}
