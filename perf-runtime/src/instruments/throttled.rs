//! `#[throttled]` at run time: a function that runs at most once in a time, and gives its last answer in between.
//!
//! # What is counted
//! Each of the `calls` `ran` the body, `repeated` the last answer, or `joined` a run that was under way. `runs` are told apart
//! by how they ended; those of them that ran in the background, for the last of the calls that came too soon, are `trailing`.
//! `left_out` are calls for which there was no room to do that, and `taken_back` those that the handle has cancelled.

use crate::answers::Answers;
use crate::beside::Shared as _;
use crate::cache::throttled::{SECTION, metrics};
use crate::cache::{Access, AllTrails, Hooks, TrailedOrLeft};
use crate::kept::Kept;
use crate::parts::key::{Key, Lookup};
use crate::site::Instrument;
use crate::snapshot::{Meta, Metric, Section};

pub use crate::cache::{BesideTrails as Beside, Settings, Throttle};

/// The instrument.
pub struct Throttled {
    access: Access,
    trails: &'static AllTrails,
}

impl Throttled {
    /// The last answer, or the way to the next, and that to leave what is to run for the last of the calls that do not.
    /// `hooks` is a closure inside of the function, by which its instances are told apart.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "it is made for this one call, of a few references"
    )]
    pub fn look_up_or_refresh<K, A, L, H>(
        &self,
        hooks: H,
        lookup: L,
        _: fn(&A::Answer) -> bool,
    ) -> TrailedOrLeft<K, A::Answer, A::Value>
    where
        K: Key + Clone,
        A: Kept<Answer: Send + 'static>,
        L: Lookup<K>,
        H: FnOnce() -> Hooks<K, A::Value> + 'static,
    {
        self.access
            .look_up_or_leave::<K, A, L, H>(self.trails, hooks, &lookup)
    }
}

impl Answers for Throttled {
    fn access(&self) -> &Access {
        &self.access
    }
}

impl Instrument for Throttled {
    type Options = fn() -> Settings;

    const SECTION: &'static Section = SECTION;

    fn new(meta: &'static Meta, settings: fn() -> Settings) -> Self {
        Self {
            access: Access::new(meta, settings),
            trails: AllTrails::of_function(meta, || ()),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        metrics(
            this.map(|this| this.access.core()),
            this.map(|this| this.trails),
        )
    }

    fn reset(&self) {
        self.access.core().reset();
        self.trails.reset();
    }
}
