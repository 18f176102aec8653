//! `#[memoized]` at run time: a [cache](crate::cache) of answers that are good for ever.
//!
//! A pure function may run twice at once, so no call waits for another one; that is what recursion needs, which is the
//! main use.

use crate::cache::{Access, Hooks, Looked, Settings, report};
use crate::kept::Kept;
use crate::parts::key::{Key, Lookup};
use crate::site::Instrument;
use crate::snapshot::{Meta, Metric, Section};

/// The instrument.
pub struct Memoized {
    access: Access,
}

/// What `#[memoized]` is told: how many answers are kept; nothing for as many as there are.
#[must_use]
pub fn settings(max_size: Option<u64>) -> Settings {
    Settings::forever(max_size)
}

impl Memoized {
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
}

impl Instrument for Memoized {
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
