//! `#[lazy]` at run time: a [lazy value](crate::Lazy) behind an annotated function.

use crate::answers::Answers;
use crate::cache::Access;
use crate::cache::lazy::report;
use crate::site::Instrument;
use crate::snapshot::{Meta, Metric, Section};

pub use crate::cache::Settings;

/// The instrument.
pub struct Lazy {
    access: Access,
}

impl Answers for Lazy {
    fn access(&self) -> &Access {
        &self.access
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
