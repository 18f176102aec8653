//! `#[offloaded]` at run time: [threads of our own](crate::workers) behind an annotated function.

use std::future::Future;

use crate::beside::{Beside as Place, Making};
use crate::site::Instrument;
use crate::snapshot::{Meta, Metric, Section};
use crate::workers::{self, Core, PLACES};

pub use crate::batcher::Full;
pub use crate::carried::{Answer, Carries, CarriesNone, Carry};
pub use crate::workers::{Settings, Workers};

/// Asks the user, once.
pub type GiveSettings = fn() -> Settings;

const fn making(settings: GiveSettings) -> Making<Core, Settings> {
    Making {
        options: settings,
        make: Core::new,
    }
}

/// The instrument.
pub struct Offloaded {
    core: &'static Core,
}

impl Offloaded {
    /// Runs the body on a thread that may be busy with it.
    #[inline]
    pub fn run<F, A>(
        &self,
        body: F,
        is_error: fn(&A) -> bool,
    ) -> impl Future<Output = Answer<A>> + Send + use<F, A>
    where
        F: FnOnce() -> A + Send + 'static,
        A: Send + 'static,
    {
        self.core.run(body, is_error)
    }
}

impl Instrument for Offloaded {
    // Asked for them only if the handle of the function has not made the workers.
    type Options = GiveSettings;

    const SECTION: &'static Section = workers::SECTION;

    fn new(meta: &'static Meta, settings: GiveSettings) -> Self {
        Self {
            core: PLACES.of_function(meta, making(settings)),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        workers::metrics(this.map(|this| this.core))
    }

    fn reset(&self) {
        self.core.reset();
    }
}

/// What may go to another thread.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be offloaded",
    label = "the body runs on another thread, so this is `Send + 'static`",
    note = "take an owned value, or an `Arc`"
)]
pub trait Offloadable: Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Offloadable for T {}

/// Asks a type whether it may go to another thread.
#[inline]
pub fn sent<T: Offloadable>() {}

/// The static of a handle: what it knows of the function beside it.
pub struct Beside {
    place: Place<Core>,
    settings: GiveSettings,
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
        settings: GiveSettings,
    ) -> Self {
        Self {
            place: Place::here(attribute, name, place, names),
            settings,
        }
    }

    /// The workers of the function.
    pub fn workers(&'static self) -> Workers {
        Workers::of(self.place.core(&PLACES, making(self.settings)))
    }
}
