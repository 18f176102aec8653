//! One value that is loaded when it is first asked for: a cache of the key `()` whose entry has no end.
//!
//! So what holds for a cache holds here: one caller loads while the others wait for it, a panic and a cancelled load
//! leave nothing behind, and nobody waits for ever.

pub(crate) mod report;

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use super::future::lazily;
use super::slot::Slot;
use super::{Cache, Core, Hooks, Settings};
use crate::kept::{Keepable, Success, Whole};
use crate::registry::{self, Observed};
use crate::snapshot::Snapshot;

impl Settings {
    /// The defaults of `#[lazy]`: what is loaded stays.
    #[must_use]
    pub fn lazy() -> Self {
        Self {
            ttl: Duration::MAX,
            max_size: None,
            ..Self::new()
        }
    }

    /// An error stays as well, and is what every later call gets.
    #[must_use]
    pub fn and_errors(mut self) -> Self {
        self.errors = Some(Duration::MAX);
        self
    }
}

/// A value that is loaded when it is first asked for, and shared from then on.
///
/// Unlike `std::sync::LazyLock` and `OnceLock` it is never poisoned and never hangs: a loader that panics, fails or is
/// cancelled leaves it as it was, and the next caller loads; a loader that asks for its own value runs a second time
/// instead of waiting for itself. It can be [reset](Self::reset), works in threads and futures alike, and has a row in the
/// report (`lazies`).
///
/// A function `config` under `#[lazy]` has `config_lazy()` beside it, which gives this. Made by hand it is a static, or
/// lives as long as the program all the same once it has been used.
///
/// ```
/// static WORDS: perfkit::Lazy<Vec<&'static str>> = perfkit::Lazy::new("words");
///
/// let words = WORDS.get_or_load(|| vec!["loaded", "once"]);
/// assert_eq!(WORDS.get_or_load(|| unreachable!()), words);
///
/// WORDS.reset();
/// assert_eq!(WORDS.get(), None);
/// ```
pub struct Lazy<V: Keepable> {
    name: &'static str,
    slot: OnceLock<&'static Slot<(), V>>,
}

impl<V: Keepable> Lazy<V> {
    /// Nothing loaded yet. The report calls it `name`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            slot: OnceLock::new(),
        }
    }

    pub(super) fn of(slot: &'static Slot<(), V>) -> Self {
        Self {
            name: slot.core.op,
            slot: OnceLock::from(slot),
        }
    }

    #[inline]
    fn slot(&self) -> &'static Slot<(), V> {
        match self.slot.get() {
            Some(slot) => slot,
            None => self.list(),
        }
    }

    #[cold]
    #[inline(never)]
    fn list(&self) -> &'static Slot<(), V> {
        self.slot.get_or_init(|| {
            let core = Core::new(self.name, Settings::lazy());
            registry::add(Box::leak(Box::new(ByHand(core))));
            registry::used();
            core.slots.named(core, "", Hooks::new)
        })
    }

    /// The value, when it has been loaded. Counts as no access.
    pub fn get(&self) -> Option<V> {
        Cache::for_good(self.slot()).peek(())
    }

    /// Whether it has been loaded.
    pub fn is_loaded(&self) -> bool {
        self.slot().store.entries() > 0
    }

    /// The value; `load` is run for it when it is not there, by one caller at a time.
    ///
    /// Blocks while another caller loads, for 10 seconds at most; then `load` is run for this caller alone. A panic of
    /// `load` passes through, and the next caller loads.
    ///
    /// ```
    /// static PORT: perfkit::Lazy<u16> = perfkit::Lazy::new("port");
    /// assert_eq!(PORT.get_or_load(|| 8080), 8080);
    /// ```
    #[inline]
    pub fn get_or_load(&self, load: impl FnOnce() -> V) -> V {
        let looked = self.slot().look_up::<Whole<V>, _>(&());
        looked.or_load(|_| false, None, load)
    }

    /// The same for what can fail. An error is not kept: the next caller loads.
    ///
    /// # Errors
    /// That of `load`.
    ///
    /// ```
    /// static PORT: perfkit::Lazy<u16> = perfkit::Lazy::new("port::parsed");
    /// assert!(PORT.get_or_try_load(|| "80a".parse::<u16>()).is_err());
    /// assert_eq!(PORT.get_or_try_load(|| "80".parse::<u16>()), Ok(80));
    /// ```
    #[inline]
    pub fn get_or_try_load<E>(&self, load: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        let looked = self.slot().look_up::<Success<Result<V, E>>, _>(&());
        looked.or_load(Result::is_err, None, load)
    }

    /// [`Lazy::get_or_load`] for a future, which is polled only when the value is not there.
    ///
    /// Cancel safe: when it is dropped while it loads for others, one of them loads.
    ///
    /// ```
    /// static GREETING: perfkit::Lazy<String> = perfkit::Lazy::new("greeting");
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let greeting = GREETING.get_or_load_async(async { "hello".to_owned() }).await;
    /// assert_eq!(greeting, "hello");
    /// # });
    /// ```
    pub fn get_or_load_async<F: Future<Output = V>>(&self, load: F) -> impl Future<Output = V> {
        lazily(move || {
            let looked = self.slot().look_up::<Whole<V>, _>(&());
            looked.or_load_async(|_| false, None, load)
        })
    }

    /// [`Lazy::get_or_try_load`] for a future. Cancel safe in the same way.
    ///
    /// # Errors
    /// That of `load`.
    pub fn get_or_try_load_async<F, E>(&self, load: F) -> impl Future<Output = Result<V, E>>
    where
        F: Future<Output = Result<V, E>>,
    {
        lazily(move || {
            let looked = self.slot().look_up::<Success<Result<V, E>>, _>(&());
            looked.or_load_async(Result::is_err, None, load)
        })
    }

    /// This is the value from now on; what is being loaded is not kept.
    pub fn set(&self, value: V) {
        Cache::for_good(self.slot()).insert((), value);
    }

    /// Forgets the value, and what is being loaded: the next caller loads anew.
    pub fn reset(&self) {
        self.slot().clear();
    }
}

impl<V: Keepable + std::fmt::Debug> std::fmt::Debug for Lazy<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lazy")
            .field("name", &self.name)
            .field("value", &self.get())
            .finish_non_exhaustive()
    }
}

/// The row of one without an annotation.
struct ByHand(&'static Core);

impl Observed for ByHand {
    fn snapshot(&self) -> Snapshot {
        Snapshot {
            op: self.0.op.into(),
            attribute: "lazy",
            location: None,
            section: report::SECTION,
            metrics: report::metrics(Some(self.0)),
            by: Vec::new(),
        }
    }

    fn reset(&self) {
        self.0.reset();
    }
}
