//! An annotation at run time: one static that knows its place and builds its instrument on first use.
//!
//! A site is made by a `const fn`, so it costs nothing until it is called; a call that finds the instrument built pays
//! one load and one branch. The instrument is built before anything else hears of it, so a panic in a user's option
//! expression leaves the site as it was, and the next call tries again. A report reads what is there and builds nothing.

use std::panic::Location;
use std::sync::OnceLock;

use crate::registry::{self, Observed};
use crate::snapshot::{Meta, Metric, Section, Snapshot};

/// What an attribute does while the program runs.
///
/// An instrument answers with plain values and describes its part of the report with a [`Section`]; nothing that shows
/// numbers knows it.
pub trait Instrument: Send + Sync + 'static {
    /// The attribute's options, evaluated once.
    type Options;
    /// Where its rows stand in the report.
    const SECTION: &'static Section;
    /// Builds the instrument; called once per site, on its first use.
    fn new(meta: &'static Meta, options: Self::Options) -> Self;
    /// Its numbers now; `None` stands for a site that nothing has used yet, whose numbers are all there and all zero.
    fn metrics(this: Option<&Self>) -> Vec<Metric>;
    /// The same split by label. May run the user's `Display`; see [`Observed::snapshot`] for what a panic costs.
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

    /// The site of an annotation, at the place of this call: one small expression for the compiler, which meets it once
    /// for each annotation.
    #[must_use]
    #[track_caller]
    pub const fn here(
        attribute: &'static str,
        name: Option<&'static str>,
        place: fn() -> &'static str,
        options: fn() -> I::Options,
    ) -> Self {
        let here = Location::caller();
        Self::new(
            Meta {
                attribute,
                name,
                part: None,
                place,
                file: here.file(),
                line: here.line(),
            },
            options,
        )
    }

    /// The same as one of two sites of one attribute on one function.
    #[must_use]
    pub const fn within(mut self, part: &'static str) -> Self {
        self.meta.part = Some(part);
        self
    }

    /// The instrument, built on first use.
    ///
    /// # Panics
    /// When an option expression of the user's panics; nothing is kept of the attempt.
    #[inline]
    pub fn get(&'static self) -> &'static I {
        match self.instrument.get() {
            Some(instrument) => instrument,
            None => self.build(),
        }
    }

    /// The instrument, where something has used it.
    #[inline]
    pub(crate) fn peek(&'static self) -> Option<&'static I> {
        self.instrument.get()
    }

    #[cold]
    #[inline(never)]
    fn build(&'static self) -> &'static I {
        let instrument = self.instrument.get_or_init(|| {
            let instrument = I::new(&self.meta, (self.options)());
            if !registry::COMPLETE {
                registry::add(self);
            }
            instrument
        });
        registry::used();
        instrument
    }

    fn answer(&self, metrics: Vec<Metric>, by: Vec<(String, Vec<Metric>)>) -> Snapshot {
        Snapshot {
            op: self.meta.op(),
            attribute: self.meta.attribute,
            location: Some((self.meta.file, self.meta.line)),
            section: I::SECTION,
            metrics,
            by,
        }
    }
}

impl<I: Instrument> Observed for Site<I> {
    fn snapshot(&self) -> Snapshot {
        // A report must not run the user's option expressions, so a site nobody has used is not built here.
        let instrument = self.instrument.get();
        self.answer(
            I::metrics(instrument),
            instrument.map(I::by).unwrap_or_default(),
        )
    }

    fn unknown(&self) -> Option<Snapshot> {
        Some(self.answer(I::metrics(None), Vec::new()))
    }

    fn reset(&self) {
        if let Some(instrument) = self.instrument.get() {
            instrument.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use super::{Instrument, Site};
    use crate::registry::Observed;
    use crate::snapshot::{Meta, Metric, Section, Unit, Value};

    struct Clicks(AtomicU64);

    impl Instrument for Clicks {
        type Options = u64;
        const SECTION: &'static Section = &Section {
            key: "clicks",
            title: "Clicks",
            rate_of: None,
            share_of: None,
            columns: &[],
            balance: &[],
        };

        fn new(_: &'static Meta, start: u64) -> Self {
            Self(AtomicU64::new(start))
        }

        fn metrics(this: Option<&Self>) -> Vec<Metric> {
            let clicks = this.map_or(0, |this| this.0.load(Relaxed));
            vec![Metric::new("clicks", Unit::Count, Value::Counter(clicks))]
        }

        fn reset(&self) {
            self.0.store(0, Relaxed);
        }
    }

    const fn meta() -> Meta {
        Meta {
            attribute: "clicks",
            name: Some("click"),
            part: None,
            place: || "",
            file: "site.rs",
            line: 7,
        }
    }

    fn clicks(site: &Site<Clicks>) -> Value {
        site.snapshot().metrics.remove(0).value
    }

    #[test]
    fn a_report_builds_nothing() {
        static SITE: Site<Clicks> = Site::new(meta(), || panic!("an option was evaluated"));
        assert_eq!(clicks(&SITE), Value::Counter(0));
        SITE.reset();
        assert_eq!(SITE.snapshot().location, Some(("site.rs", 7)));
    }

    #[test]
    fn a_site_is_built_once_and_reset_in_place() {
        static BUILT: AtomicU64 = AtomicU64::new(0);
        static SITE: Site<Clicks> = Site::new(meta(), || {
            BUILT.fetch_add(1, Relaxed);
            3
        });
        SITE.get().0.fetch_add(1, Relaxed);
        assert_eq!(clicks(&SITE), Value::Counter(4));
        SITE.reset();
        assert_eq!(clicks(&SITE), Value::Counter(0));
        SITE.get();
        assert_eq!(BUILT.load(Relaxed), 1);
    }

    #[test]
    fn an_option_that_panics_is_tried_again() {
        static TRIES: AtomicU64 = AtomicU64::new(0);
        static SITE: Site<Clicks> = Site::new(meta(), || {
            assert!(TRIES.fetch_add(1, Relaxed) > 0, "the first try fails");
            5
        });
        assert!(std::panic::catch_unwind(|| SITE.get()).is_err());
        assert_eq!(clicks(&SITE), Value::Counter(0));
        SITE.get();
        assert_eq!(clicks(&SITE), Value::Counter(5));
    }
}
