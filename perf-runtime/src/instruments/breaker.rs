//! `#[breaker]` at run time: a [breaker](crate::breaker) around an annotated function.

use crate::beside::{self, Named, Shared};
use crate::breaker::{self, BreakerPermit, Core, KeyedPermit};
use crate::classify::Class;
use crate::clock::Start;
use crate::parts::key::{Key, Lookup};
use crate::rejected::Rejected;
use crate::site::Instrument;
use crate::snapshot::{Meta, Metric, Section};

pub use crate::breaker::{Breaker as Handle, Cancelled, Mode, Panics, Recent, Settings};
pub use crate::breaker::{ByDebug, ByDisplay, BySilence, Text, Told};
pub use crate::eventually::{ByFuture, ByValue, Eventually};
pub use crate::parts::key::owned;

/// Asks the user, once.
pub type GiveSettings = fn() -> Settings;

/// The instrument.
pub struct Breaker {
    core: &'static Core,
}

impl Breaker {
    /// Whether a call may run.
    ///
    /// # Errors
    /// Why not.
    #[inline]
    pub fn admit(&self) -> Result<BreakerPermit<'static>, Rejected> {
        self.core.admit(0)
    }

    /// The same where calls are timed.
    ///
    /// # Errors
    /// Why not.
    #[inline]
    pub fn admit_from(&self, start: Start) -> Result<BreakerPermit<'static>, Rejected> {
        self.core.admit(breaker::began(start))
    }

    /// What a call said that has failed; `text` is asked of one whose class is a failure.
    #[cold]
    pub fn told(&self, class: Option<Class>, text: impl FnOnce() -> Option<Text>) {
        self.core.told(class, text);
    }

    /// Whether a call of this key may run.
    ///
    /// # Errors
    /// Why not.
    #[inline]
    pub fn admit_key<K: Key, L: Lookup<K>>(
        &self,
        lookup: L,
    ) -> Result<KeyedPermit<'static, K, L>, Rejected> {
        self.core.admit_key(lookup, 0)
    }

    /// The same where calls are timed.
    ///
    /// # Errors
    /// Why not.
    #[inline]
    pub fn admit_key_from<K: Key, L: Lookup<K>>(
        &self,
        lookup: L,
        start: Start,
    ) -> Result<KeyedPermit<'static, K, L>, Rejected> {
        self.core.admit_key(lookup, breaker::began(start))
    }
}

impl Instrument for Breaker {
    // Asked for them only if the handle of the function has not made the breaker.
    type Options = GiveSettings;

    const SECTION: &'static Section = breaker::SECTION;

    fn new(meta: &'static Meta, settings: GiveSettings) -> Self {
        Self {
            core: Core::of_function(meta, settings),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        breaker::metrics(this.map(|this| this.core))
    }

    fn reset(&self) {
        self.core.reset_numbers();
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

    /// The breaker of the function.
    pub fn breaker(&'static self) -> Handle {
        Handle::for_good(self.0.core())
    }
}
