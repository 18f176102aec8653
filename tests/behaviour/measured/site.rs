//! Sites made by hand, for what an attribute's function cannot do or must not depend on.

use std::fmt::Display;

use perfkit::__private::measured::{Labelled, Measured, Options};
use perfkit::__private::{Meta, Observed, Site};
use perfkit::snapshot::{Metric, Value};

pub(super) type Measuring = Site<Measured>;

const fn meta(name: &'static str) -> Meta {
    Meta {
        attribute: "measured",
        name: Some(name),
        part: None,
        place: || "",
        file: file!(),
        line: 1,
    }
}

/// A site of its own, for one test.
pub(super) fn site(options: fn() -> Options) -> &'static Measuring {
    Box::leak(Box::new(Site::new(meta("test"), options)))
}

pub(super) fn plain() -> &'static Measuring {
    site(Options::new)
}

pub(super) fn value<'m>(metrics: &'m [Metric], name: &str) -> &'m Value {
    let found = metrics.iter().find(|metric| metric.name == name);
    &found.expect("a metric of that name").value
}

pub(super) fn counter(site: &Measuring, name: &str) -> u64 {
    match value(&site.snapshot().metrics, name) {
        Value::Counter(count) | Value::Level(Some(count)) => *count,
        other => panic!("{name} is no count: {other:?}"),
    }
}

/// ok, error, panic, cancelled
pub(super) fn outcomes(site: &Measuring) -> [u64; 4] {
    outcomes_of(&site.snapshot().metrics)
}

pub(super) fn outcomes_of(metrics: &[Metric]) -> [u64; 4] {
    match value(metrics, "outcomes") {
        Value::Counters { parts, .. } => [0, 1, 2, 3].map(|part| parts[part].1),
        other => panic!("no outcomes: {other:?}"),
    }
}

/// The handle of a call with a label that has to show itself.
pub(super) fn by(site: &'static Measuring, label: &(impl Display + ?Sized)) -> Labelled {
    site.get().by(label, |_| None)
}

pub(super) fn call(site: &'static Measuring) {
    site.get().call(|| (), |()| false);
}
