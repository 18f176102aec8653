//! `#[throttled]` at run time: a function that runs at most once in a time, and gives its last answer in between.
//!
//! # What is counted
//! Each of the `calls` `ran` the body, `repeated` the last answer, or `joined` a run that was under way. `runs` are told apart
//! by how they ended.

use crate::cache::throttled::{SECTION, metrics};
use crate::cache::{Access, Hooks, Looked};
use crate::kept::Kept;
use crate::parts::key::{Key, Lookup};
use crate::site::Instrument;
use crate::snapshot::{Meta, Metric, Section};

pub use crate::cache::Settings;

/// The instrument.
pub struct Throttled {
    access: Access,
}

impl Throttled {
    /// The last answer, or the way to the next. `hooks` is a closure inside of the function, by which its instances are
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

impl Instrument for Throttled {
    type Options = fn() -> Settings;

    const SECTION: &'static Section = SECTION;

    fn new(meta: &'static Meta, settings: fn() -> Settings) -> Self {
        Self {
            access: Access::new(meta, settings),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        metrics(this.map(|this| this.access.core()))
    }

    fn reset(&self) {
        self.access.core().reset();
    }
}
