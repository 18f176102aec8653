//! `#[rate_limited]` at run time: a limit on how often a function is called.
//!
//! All there is to it is in [`limiter`](crate::limiter), which the limits made by hand share.
//!
//! # What is counted
//! `calls` are those that the limit has decided on; each is `allowed`, `rejected` or `cancelled` (dropped while it waited).
//! `queue_full` are those of the rejected that would have waited, and as many did as may. `waited` are those of the allowed that did, `wait` is how long, `waiting` how many do now. With keys, `keys` have a bucket
//! of their own, and `overflowed` are the calls for whose key there was no room.

use std::ops::Deref;

use crate::beside::{self, Named, Shared};
use crate::limiter::{self, Core};
use crate::site::Instrument;
use crate::snapshot::{Meta, Metric, Section};

pub use crate::limiter::{Options, RateLimiter as Handle, Settings};

/// Asks the user, once.
pub type GiveOptions = fn() -> Options;

/// The instrument.
pub struct RateLimited {
    core: &'static Core,
}

impl Deref for RateLimited {
    type Target = Core;

    #[inline]
    fn deref(&self) -> &Core {
        self.core
    }
}

impl Instrument for RateLimited {
    // Asked for them only if the handle of the function has not made the limit.
    type Options = GiveOptions;
    const SECTION: &'static Section = limiter::SECTION;

    fn new(meta: &'static Meta, options: GiveOptions) -> Self {
        Self {
            core: Core::of_function(meta, options),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        let core = this.map(|this| this.core);
        limiter::metrics(core.map(Core::book), core.as_slice())
    }

    fn reset(&self) {
        self.core.book().reset();
    }
}

/// The static of a handle.
pub struct Beside(beside::Beside<Core>);

impl Beside {
    /// The handle of `named`.
    #[must_use]
    pub const fn new(named: Named, options: GiveOptions) -> Self {
        Self(beside::Beside::new(named, options))
    }

    /// The limit of the function.
    pub fn limiter(&'static self) -> Handle {
        Handle::for_good(self.0.core())
    }
}
