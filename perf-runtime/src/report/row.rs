//! One row of the report: the numbers of one function under one attribute.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::latency::Latency;

/// Text that is usually part of the program and owned only when it was parsed.
pub(super) type Text = Cow<'static, str>;

/// Where an annotation stands in the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Location {
    /// The file as the compiler names it.
    pub file: Text,
    /// The line of the function's name, counted from 1.
    pub line: u32,
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Field {
    /// Not known; `null` in JSON.
    Unknown,
    /// A whole number: a counter, a level.
    Integer(u64),
    /// Any other number: seconds, ratios, rates. Always finite.
    Number(f64),
    /// One of a few words: a state.
    Text(Text),
    /// A counter split into its parts.
    Family(Vec<(Text, u64)>),
    /// Durations by frequency.
    Histogram(Box<Latency>),
}

impl Field {
    /// A number, or unknown where it is none.
    pub(super) fn number(value: f64) -> Self {
        if value.is_finite() {
            Self::Number(value + 0.0) // which makes -0.0 what people call it
        } else {
            Self::Unknown
        }
    }
}

/// The numbers of one function under one attribute, joined with other rows by [`Row::op`].
///
/// Metrics are asked for by their name without unit. What is not there and what is not known are both `None`.
///
/// ```
/// let report = perfkit::report();
/// if let Some(load) = report.operation("shop::orders::load") {
///     let calls = load.count("calls");
///     let failed = load.part("outcomes", "error");
///     let p99_ns = load.histogram("latency").and_then(|latency| latency.p99_ns);
///     println!("{calls:?} calls, {failed:?} failed, p99 {p99_ns:?} ns");
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub(super) op: Text,
    pub(super) location: Option<Location>,
    pub(super) attributes: Vec<Text>,
    pub(super) fields: Vec<(Text, Field)>,
    pub(super) by: Vec<(String, Row)>,
}

impl Row {
    /// The name under which the function is listed: its path, or the `name = "…"` it was given.
    #[must_use]
    pub fn op(&self) -> &str {
        &self.op
    }

    /// Where the annotation stands; nothing for what was made by hand, and for a name that several places share.
    #[must_use]
    pub fn location(&self) -> Option<&Location> {
        self.location.as_ref()
    }

    /// Every attribute that has a row under this name, in alphabetical order, that of this row included.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(AsRef::as_ref)
    }

    /// Every value with its name and unit as in JSON (`calls`, `self_seconds`), in the instrument's order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Field)> {
        self.fields.iter().map(|(key, field)| (key.as_ref(), field))
    }

    /// The value of that name and unit: `field("self_seconds")`.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields().find(|(k, _)| *k == key).map(|(_, f)| f)
    }

    /// A counter or level of things: `count("calls")`.
    #[must_use]
    pub fn count(&self, name: &str) -> Option<u64> {
        integer(self.field(name)?)
    }

    /// One part of a family of counters: `part("outcomes", "error")`.
    #[must_use]
    pub fn part(&self, family: &str, part: &str) -> Option<u64> {
        let parts = self.family(family)?;
        parts.iter().find(|(p, _)| p == part).map(|(_, n)| *n)
    }

    /// A time in seconds, whichever unit it is kept in: `seconds("self")`.
    #[must_use]
    pub fn seconds(&self, name: &str) -> Option<f64> {
        match self.with_unit(name, "_seconds").and_then(number) {
            Some(seconds) => Some(seconds),
            None => self
                .with_unit(name, "_ns")
                .and_then(number)
                .map(|ns| ns / 1e9),
        }
    }

    /// A size in bytes: `bytes("memory")`.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<u64> {
        integer(self.with_unit(name, "_bytes")?)
    }

    /// A share between 0 and 1: `ratio("share")`.
    #[must_use]
    pub fn ratio(&self, name: &str) -> Option<f64> {
        number(self.with_unit(name, "_ratio")?)
    }

    /// How often a counter rose per second of the report's window: `per_second("calls")`.
    #[must_use]
    pub fn per_second(&self, name: &str) -> Option<f64> {
        number(self.with_unit(name, "_per_second")?)
    }

    /// One of a few words: `state("state")`.
    #[must_use]
    pub fn state(&self, name: &str) -> Option<&str> {
        match self.field(name)? {
            Field::Text(state) => Some(state),
            _ => None,
        }
    }

    /// Durations by frequency: `histogram("latency")`.
    #[must_use]
    pub fn histogram(&self, name: &str) -> Option<&Latency> {
        match self.field(name)? {
            Field::Histogram(latency) => Some(latency),
            _ => None,
        }
    }

    /// The same numbers for one label, where the annotation has `by = …`.
    #[must_use]
    pub fn by(&self, label: &str) -> Option<&Row> {
        self.labels().find(|(l, _)| *l == label).map(|(_, row)| row)
    }

    /// Every label with its numbers, in alphabetical order.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &Row)> {
        self.by.iter().map(|(label, row)| (label.as_str(), row))
    }

    pub(super) fn family(&self, name: &str) -> Option<&[(Text, u64)]> {
        match self.field(name)? {
            Field::Family(parts) => Some(parts),
            _ => None,
        }
    }

    /// The value of a name with that unit, without building the joined text.
    pub(super) fn with_unit(&self, name: &str, unit: &str) -> Option<&Field> {
        self.fields()
            .find(|(key, _)| key.strip_suffix(unit) == Some(name))
            .map(|(_, field)| field)
    }

    /// True when nothing of it was counted: no call, no time, nothing in flight. Sizes and limits do not count, and a
    /// row of which nothing is known is not idle.
    pub(super) fn is_idle(&self) -> bool {
        let known = self.fields.is_empty() || self.fields().any(|(_, f)| *f != Field::Unknown);
        known
            && self.fields().all(|(key, field)| match field {
                Field::Integer(n) => {
                    *n == 0
                        || ["_ns", "_seconds", "_bytes"]
                            .iter()
                            .any(|unit| key.ends_with(unit))
                }
                Field::Number(n) => *n == 0.0 || !key.ends_with("_seconds"),
                Field::Family(parts) => parts.iter().all(|(_, n)| *n == 0),
                Field::Histogram(latency) => latency.count == 0,
                Field::Text(_) | Field::Unknown => true,
            })
    }
}

pub(super) fn integer(field: &Field) -> Option<u64> {
    match field {
        Field::Integer(n) => Some(*n),
        _ => None,
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "for showing and for seconds, where 53 bits do"
)]
pub(super) fn number(field: &Field) -> Option<f64> {
    match field {
        Field::Integer(n) => Some(*n as f64),
        Field::Number(n) => Some(*n),
        _ => None,
    }
}
