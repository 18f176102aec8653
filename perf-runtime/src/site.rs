//! An annotation at run time: one static that knows its place and builds its instrument on first use.

use std::sync::OnceLock;

use crate::registry::Observed;
use crate::snapshot::{Meta, Metric, Section, Snapshot};

/// What an attribute does while the program runs.
pub trait Instrument: Send + Sync + 'static {
    /// The attribute's options, evaluated once.
    type Options;
    /// Where its rows stand in the report.
    const SECTION: &'static Section;
    /// Builds the instrument; called once per site, on its first use.
    fn new(meta: &'static Meta, options: Self::Options) -> Self;
    /// Its numbers now; `None` stands for a site that nothing has used yet, whose numbers are all there and all zero.
    fn metrics(this: Option<&Self>) -> Vec<Metric>;
    /// The same split by label.
    fn by(&self) -> Vec<(String, Vec<Metric>)> {
        Vec::new()
    }
    /// Starts its numbers anew.
    fn reset(&self);
}

/// The static behind one annotation.
pub struct Site<I: Instrument> {
    meta: Meta,
    options: fn() -> I::Options,
    instrument: OnceLock<I>,
}

impl<I: Instrument> Site<I> {
    /// A site whose instrument does not exist yet.
    #[must_use]
    pub const fn new(meta: Meta, options: fn() -> I::Options) -> Self {
        Self {
            meta,
            options,
            instrument: OnceLock::new(),
        }
    }

    /// The instrument, built on first use.
    #[inline]
    pub fn get(&'static self) -> &'static I {
        match self.instrument.get() {
            Some(instrument) => instrument,
            None => self.build(),
        }
    }

    #[cold]
    #[inline(never)]
    fn build(&'static self) -> &'static I {
        self.instrument
            .get_or_init(|| I::new(&self.meta, (self.options)()))
    }
}

impl<I: Instrument> Observed for Site<I> {
    fn snapshot(&self) -> Snapshot {
        // A report must not run the user's option expressions, so a site nobody has used is not built here.
        let instrument = self.instrument.get();
        Snapshot {
            op: self.meta.op(),
            attribute: self.meta.attribute,
            location: Some((self.meta.file, self.meta.line)),
            section: I::SECTION,
            metrics: I::metrics(instrument),
            by: instrument.map(I::by).unwrap_or_default(),
        }
    }

    fn reset(&self) {
        if let Some(instrument) = self.instrument.get() {
            instrument.reset();
        }
    }
}
