//! `#[lazy]` at run time: a [lazy value](crate::Lazy) behind an annotated function.

use crate::cache::lazy::report;
use crate::cache::{Access, Hooks, Looked};
use crate::kept::Kept;
use crate::parts::key::{Key, Lookup};
use crate::site::Instrument;
use crate::snapshot::{Meta, Metric, Section};

pub use crate::cache::Settings;

/// The instrument.
pub struct Lazy {
    access: Access,
}

impl Lazy {
    /// What has been loaded, or the way to it. `hooks` is a closure inside of the function, by which its instances are
    /// told apart.
    #[inline]
    pub fn look_up<K, A, L, H>(&self, hooks: H, lookup: L) -> Looked<'_, K, A::Answer, A::Value>
    where
        K: Key,
        A: Kept,
        L: Lookup<K>,
        H: FnOnce() -> Hooks<K, A::Value> + 'static,
    {
        self.access.look_up::<K, A, L, H>(hooks, lookup)
    }
}

impl Instrument for Lazy {
    type Options = fn() -> Settings;

    const SECTION: &'static Section = report::SECTION;

    fn new(meta: &'static Meta, settings: fn() -> Settings) -> Self {
        Self {
            access: Access::new(meta, settings),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        report::metrics(this.map(|this| this.access.core()))
    }

    fn reset(&self) {
        self.access.core().reset();
    }
}
