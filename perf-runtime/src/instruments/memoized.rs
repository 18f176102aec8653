//! `#[memoized]` at run time: a [cache](crate::cache) of answers that are good for ever.
//!
//! A pure function may run twice at once, so no call waits for another one; that is what recursion needs, which is the
//! main use.

use crate::answers::Answers;
use crate::cache::{Access, Settings, report};
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

impl Answers for Memoized {
    fn access(&self) -> &Access {
        &self.access
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
