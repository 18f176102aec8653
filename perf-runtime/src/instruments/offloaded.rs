//! `#[offloaded]` at run time: [threads of our own](crate::workers) behind an annotated function.

use std::future::Future;

use crate::beside::{self, Named, Shared};
use crate::site::Instrument;
use crate::snapshot::{Meta, Metric, Section};
use crate::workers::{self, Core};

pub use crate::batcher::Full;
pub use crate::carried::{Answer, Carries, CarriesNone, Carry};
pub use crate::workers::{Settings, Workers};

/// Asks the user, once.
pub type GiveSettings = fn() -> Settings;

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
            core: Core::of_function(meta, settings),
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

/// The static of a handle.
pub struct Beside(beside::Beside<Core>);

impl Beside {
    /// The handle of `named`.
    #[must_use]
    pub const fn new(named: Named, settings: GiveSettings) -> Self {
        Self(beside::Beside::new(named, settings))
    }

    /// The workers of the function.
    pub fn workers(&'static self) -> Workers {
        Workers::of(self.0.core())
    }
}
