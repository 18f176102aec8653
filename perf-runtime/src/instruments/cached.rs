//! `#[cached]` at run time: a [cache](crate::cache) behind an annotated function.

use crate::cache::{Access, Hooks, Looked, Refreshed, report};
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
    /// What is kept under a key, or the way to it. `hooks` is a closure inside of the function, by which its instances
    /// are told apart; it is called once for each of them.
    #[expect(
        clippy::inline_always,
        reason = "there is one place for each function, and a call from there costs as much as the hash"
    )]
    #[inline(always)]
    pub fn look_up<K, A, L, H>(
        &self,
        hooks: H,
        lookup: L,
    ) -> Looked<'static, K, A::Answer, A::Value>
    where
        K: Key,
        A: Kept,
        L: Lookup<K>,
        H: FnOnce() -> Hooks<K, A::Value> + 'static,
    {
        self.access.look_up::<K, A, L, H>(hooks, lookup)
    }

    /// The same, and with it the refresh of what was found, if it is this call's to start.
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

    /// A call that is not to be looked up.
    #[inline]
    #[must_use]
    pub fn bypass<K: Key, A: Kept>(&self) -> Looked<'static, K, A::Answer, A::Value> {
        self.access.bypass::<K, A>()
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
