//! What an annotated function and its handle share, found by where the function stands.
//!
//! An annotation has a static inside of the function. The handle beside the function cannot name it, and not even the
//! function: in an `impl` it is `Self::load`, in a block `load`, and which of them is not known while expanding. But it
//! knows its own place, and from that the function's: the same path with another name at the end. Both ask one table for
//! the core of that place; whoever comes first makes it.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::{Mutex, OnceLock, PoisonError};

mod instances;

pub(crate) use self::instances::{Instances, New};
use crate::snapshot::Meta;

/// The path of a function, its file and its line.
type Place = (String, &'static str, u32);

/// What is shared: the part of a breaker, a cache, a pool that knows no types.
pub(crate) trait Shared: Sized + Sync + 'static {
    /// What the user is asked for, once.
    type Options;
    /// Those of all functions with this attribute.
    fn places() -> &'static Places<Self>;
    /// A new one for a function of this name. Runs no code of the user's: the table is locked.
    fn make(op: &'static str, options: Self::Options) -> &'static Self;

    /// That of an annotated function.
    ///
    /// Two functions in two blocks of a third can have one path, and one line if a macro made them. The second of them
    /// gets one of its own.
    fn of_function(meta: &Meta, options: fn() -> Self::Options) -> &'static Self {
        Self::places().of_function(meta, options)
    }
}

/// What all functions with one attribute share with their handles.
pub(crate) struct Places<C: 'static>(Mutex<Option<HashMap<Place, Known<C>>>>);

struct Known<C: 'static> {
    core: &'static C,
    /// Whether a function has it, and not only the handle of one.
    is_owned: bool,
}

impl<C> Places<C> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// All of them, with the paths of their functions.
    pub(crate) fn all(&self) -> Vec<(String, &'static C)> {
        self.with(|places| {
            let each = places.iter();
            each.map(|((path, ..), known)| (path.clone(), known.core))
                .collect()
        })
    }

    fn with<R>(&self, work: impl FnOnce(&mut HashMap<Place, Known<C>>) -> R) -> R {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(places.get_or_insert_default())
    }
}

impl<C: Shared> Places<C> {
    fn of_function(&self, meta: &Meta, options: fn() -> C::Options) -> &'static C {
        let path = function_of((meta.place)());
        let core = self.at(path, meta, options, |_| ());
        let place = place(path, meta);
        let is_second = self.with(|places| {
            let known = places.get_mut(&place);
            known.is_some_and(|known| std::mem::replace(&mut known.is_owned, true))
        });
        if is_second {
            return C::make(name(path, meta), options());
        }
        core
    }

    /// What there is at this place; `first` is told of what is made for it.
    fn at(
        &self,
        path: &str,
        meta: &Meta,
        options: fn() -> C::Options,
        first: impl Fn(&'static C),
    ) -> &'static C {
        let place = place(path, meta);
        if let Some(core) = self.with(|places| places.get(&place).map(|known| known.core)) {
            return core;
        }
        let make = |options| {
            let core = C::make(name(path, meta), options);
            first(core);
            core
        };
        // Expressions of the user's: not while the table is locked, and what of it is not needed goes afterwards.
        let mut given = Some(options());
        self.with(|places| {
            if let Some(known) = places.get(&place) {
                return Some(known.core);
            }
            let core = make(given.take()?);
            let known = Known {
                core,
                is_owned: false,
            };
            places.insert(place.clone(), known);
            Some(core)
        })
        .unwrap_or_else(|| make(options()))
    }
}

fn place(path: &str, meta: &Meta) -> Place {
    (path.to_owned(), meta.file, meta.line)
}

/// Once per function, which is there for good anyway.
fn name(path: &str, meta: &Meta) -> &'static str {
    meta.name.unwrap_or_else(|| path.to_owned().leak())
}

/// What a handle knows of the function beside it.
pub struct Named {
    /// The function's, but for the place, which is the handle's.
    meta: Meta,
    /// Of the handle and of the function.
    names: (&'static str, &'static str),
}

impl Named {
    /// The handle at the place of this call; `names` are those of the handle and of the function.
    #[must_use]
    #[track_caller]
    pub const fn here(
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
        }
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

/// The way of a handle to what its function has.
pub(crate) struct Beside<C: Shared> {
    named: Named,
    options: fn() -> C::Options,
    core: OnceLock<&'static C>,
}

impl<C: Shared> Beside<C> {
    pub(crate) const fn new(named: Named, options: fn() -> C::Options) -> Self {
        Self {
            named,
            options,
            core: OnceLock::new(),
        }
    }

    /// What the function has.
    pub(crate) fn core(&self) -> &'static C {
        self.core_or_first(|_| ())
    }

    /// The same; `first` is told of it where the handle comes before the function.
    pub(crate) fn core_or_first(&self, first: impl Fn(&'static C)) -> &'static C {
        self.core.get_or_init(|| {
            let path = self.named.renamed(function_of((self.named.meta.place)()));
            C::places().at(&path, &self.named.meta, self.options, first)
        })
    }

    /// The instance of the function that has the name of this instance of the handle; `closure` is the type of a closure
    /// inside of it.
    pub(crate) fn instance(&self, closure: &'static str) -> String {
        self.named.renamed(instance(closure))
    }
}

/// The path of the function around a type.
fn function_of(place: &'static str) -> &'static str {
    instance(place.rsplit_once("::").map_or(place, |(path, _)| path))
}

/// The instance of a function by the type of a closure inside of it.
pub(crate) fn instance(closure: &'static str) -> &'static str {
    let mut path = closure;
    while let Some(outer) = path.strip_suffix("::{{closure}}") {
        path = outer;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kind of core with places of its own.
    macro_rules! core {
        ($places:ident) => {
            static $places: Places<Core> = Places::new();

            struct Core(&'static str);

            impl Shared for Core {
                type Options = ();

                fn places() -> &'static Places<Self> {
                    &$places
                }

                fn make(name: &'static str, (): ()) -> &'static Self {
                    Box::leak(Box::new(Self(name)))
                }
            }
        };
    }

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
        core!(PLACES);
        let mut named = Named::here(
            "breaker",
            None,
            || "shop::Till<T>::charge_breaker::Here",
            ("charge_breaker", "charge"),
        );
        named.meta.file = "shop.rs";
        named.meta.line = 7;
        let of_handle = Beside::<Core>::new(named, || ()).core();
        let place = || "shop::Till<T>::charge::{{closure}}::Here";
        let of_function = Core::of_function(&meta(place, 7), || ());
        assert!(std::ptr::eq(of_handle, of_function));
        assert_eq!(of_function.0, "shop::Till<T>::charge");
    }

    #[test]
    fn two_functions_in_one_place_have_two_cores() {
        core!(PLACES);
        let made = || Core::of_function(&meta(|| "shop::charge::Here", 7), || ());
        let (one, other) = (made(), made());
        assert!(!std::ptr::eq(one, other));
        assert_eq!((one.0, other.0), ("shop::charge", "shop::charge"));
        assert_eq!(PLACES.all().len(), 1);
    }
}
