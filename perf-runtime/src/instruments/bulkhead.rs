//! `#[bulkhead]` at run time: a limit on how many calls of a function run at once.
//!
//! All there is to it is in [`bulkhead`](crate::bulkhead), which those made by hand share.
//!
//! # What is counted
//! `calls` are those that were decided on; each is `entered`, `rejected` (by reason: `full`, `timed_out`) or `cancelled`
//! (dropped while it waited). Of those that entered, `waited` had to wait, `wait` is how long, and `reentrant` went through
//! without a permit, because their own callers held them all. `in_use`, `waiting` and `peak` are levels, and so are `max`, how many
//! permits there are, and `highest_max`, the most there were since the last reset of the report. With keys, `keys` is how
//! many there are of which a call runs or waits, and the levels and bounds are those of them together.

use crate::beside::{self, Named, Shared};
use crate::bulkhead::{self, Core, OfKey};
pub use crate::bulkhead::{Bulkhead as Handle, Here, Inside, Permit, Settings};
use crate::parts::key::Key;
use crate::rejected::Rejected;
use crate::site::Instrument;
use crate::snapshot::{Meta, Metric, Section};

/// Asks the user, once.
pub type GiveSettings = fn() -> Settings;

/// The instrument.
pub struct Bulkhead {
    core: &'static Core,
}

impl Bulkhead {
    /// A permit for who does not wait.
    ///
    /// # Errors
    /// When there is none.
    #[inline]
    pub fn try_enter(&'static self) -> Result<Permit<&'static Core>, Rejected> {
        Core::try_enter(self.core)
    }

    /// A permit; waits for it as the settings say, asleep.
    ///
    /// # Errors
    /// When the queue is full, at once; when it has waited for too long.
    #[inline]
    pub fn enter(&'static self) -> Result<Permit<&'static Core>, Rejected> {
        Core::enter(self.core)
    }

    /// The same in a future. Cancel safe: who is dropped while it waits leaves the queue.
    ///
    /// # Errors
    /// When the queue is full, at once; when it has waited for too long.
    #[inline]
    pub async fn enter_async(&'static self) -> Result<Permit<&'static Core>, Rejected> {
        Core::enter_async(self.core).await
    }

    /// A permit of this key, for who does not wait.
    ///
    /// # Errors
    /// When there is none.
    pub fn try_enter_key<K: Key>(&self, key: K) -> Result<Permit<OfKey<K>>, Rejected> {
        Core::try_enter(self.core.of(key))
    }

    /// A permit of this key; waits for it as the settings say, asleep.
    ///
    /// # Errors
    /// When the queue is full, at once; when it has waited for too long.
    pub fn enter_key<K: Key>(&self, key: K) -> Result<Permit<OfKey<K>>, Rejected> {
        Core::enter(self.core.of(key))
    }

    /// The same in a future. Cancel safe: who is dropped while it waits leaves the queue.
    ///
    /// # Errors
    /// When the queue is full, at once; when it has waited for too long.
    pub async fn enter_key_async<K: Key>(&self, key: K) -> Result<Permit<OfKey<K>>, Rejected> {
        Core::enter_async(self.core.of(key)).await
    }
}

impl Instrument for Bulkhead {
    // Asked for them only if the handle of the function has not made the bulkhead.
    type Options = GiveSettings;
    const SECTION: &'static Section = bulkhead::SECTION;

    fn new(meta: &'static Meta, settings: GiveSettings) -> Self {
        Self {
            core: Core::of_function(meta, settings),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        let core = this.map(|this| this.core);
        bulkhead::metrics(core.map(Core::book), core.as_slice())
    }

    fn reset(&self) {
        self.core.book().reset();
        self.core.reset_peak();
    }
}

/// The static of a handle.
pub struct Beside(beside::Beside<Core>);

impl Beside {
    /// The handle of `named`.
    #[must_use]
    pub const fn new(named: Named, settings: GiveSettings) -> Self {
        Self(beside::Beside::new(named, settings))
    }

    /// The bulkhead of the function.
    pub fn bulkhead(&'static self) -> Handle {
        Handle::for_good(self.0.core())
    }
}
