//! `#[cached]` at run time: a [cache](crate::cache) behind an annotated function.

use crate::answers::Answers;
use crate::cache::{Access, Hooks, Refreshed, report};
use crate::kept::Kept;
use crate::parts::key::{Key, Lookup};
use crate::site::Instrument;
use crate::snapshot::{Meta, Metric, Section};

pub use crate::cache::Settings;

/// The instrument.
pub struct Cached {
    access: Access,
}

impl Cached {
    /// What is kept under a key, or the way to it, and with it the refresh of what was found, if it is this call's to start.
    /// `hooks` is a closure inside of the function, by which its instances are told apart; it is called once for each of them.
    #[inline]
    pub fn look_up_or_refresh<K, A, L, H>(
        &self,
        hooks: H,
        lookup: L,
        is_error: fn(&A::Answer) -> bool,
    ) -> Refreshed<K, A::Answer, A::Value>
    where
        K: Key,
        A: Kept,
        L: Lookup<K>,
        H: FnOnce() -> Hooks<K, A::Value> + 'static,
    {
        self.access
            .look_up_or_refresh::<K, A, L, H>(hooks, lookup, is_error)
    }
}

impl Answers for Cached {
    fn access(&self) -> &Access {
        &self.access
    }
}

impl Instrument for Cached {
    // Asked for them only if the handle of the function has not made the cache.
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
