//! What an instrument says of itself: plain values with units, no behaviour.
//!
//! Every instrument answers with a list of [`Metric`]s. The report, and whatever shows or ships numbers, matches on
//! [`Value`] and knows no instrument; an instrument describes its own table with [`Section`] and [`Column`], which are
//! data too. This module imports nothing of ours.

use std::borrow::Cow;

/// Where an annotation stands in the source.
#[derive(Debug)]
pub struct Meta {
    /// The attribute as written, `"measured"`.
    pub attribute: &'static str,
    /// The `name = "…"` option.
    pub name: Option<&'static str>,
    /// What tells it from another annotation of its kind on the same function.
    pub part: Option<&'static str>,
    /// The path of a private type inside the function, which is how an attribute learns the `impl` it stands in.
    pub place: fn() -> &'static str,
    /// Source file as the compiler names it.
    pub file: &'static str,
    /// Line of the function's name, counted from 1.
    pub line: u32,
}

impl Meta {
    /// The name under which the report lists the site: `name` when given, else the path of the function,
    /// `shop::orders::load`, `shop::Cart::add` or `<shop::Cart as shop::Priced>::total`; and the part behind the path,
    /// `shop::orders::load (attempt)`.
    #[must_use]
    pub fn op(&self) -> Cow<'static, str> {
        let name = self.name.unwrap_or_else(|| function_of((self.place)()));
        match self.part {
            Some(part) if self.name.is_none() => Cow::Owned(format!("{name} ({part})")),
            _ => Cow::Borrowed(name),
        }
    }
}

/// The private type is the last segment; closures and async bodies around it are not part of the name.
fn function_of(place: &'static str) -> &'static str {
    // Looking for one byte is much cheaper than looking for two, and a path has no single colon.
    let end = place.rfind(':').and_then(|colon| place.get(..colon));
    let mut path = end.and_then(|end| end.strip_suffix(':')).unwrap_or(place);
    while let Some(outer) = path.strip_suffix("::{{closure}}") {
        path = outer;
    }
    path
}

/// The answer of one site at one time.
///
/// ```
/// use perfkit::snapshot::{Metric, Section, Snapshot, Unit, Value};
///
/// static JOBS: Section = Section {
///     key: "jobs",
///     title: "Jobs",
///     rate_of: Some("done"),
///     share_of: None,
///     columns: &[],
///     balance: &[],
/// };
/// let answer = Snapshot {
///     op: "mail::send".into(),
///     attribute: "job",
///     location: None,
///     section: &JOBS,
///     metrics: vec![Metric::new("done", Unit::Count, Value::Counter(7))],
///     by: Vec::new(),
/// };
/// assert_eq!(answer.metrics[0].value, Value::Counter(7));
/// ```
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The name that joins every row about one function.
    pub op: Cow<'static, str>,
    /// The attribute as written.
    pub attribute: &'static str,
    /// Source file and line; nothing for what was made by hand.
    pub location: Option<(&'static str, u32)>,
    /// The array of the report this row belongs to.
    pub section: &'static Section,
    /// What the instrument knows.
    pub metrics: Vec<Metric>,
    /// The same split by label, for sites that ask for it (`by = …`).
    pub by: Vec<(String, Vec<Metric>)>,
}

/// One number, or one family of numbers, with its unit.
///
/// Names are unique within one answer, and `op`, `location`, `attributes`, `label` and `by` are taken: the report writes
/// metrics beside these keys, and the first of a name is the one it keeps.
///
/// ```
/// use perfkit::snapshot::{Metric, Unit, Value};
///
/// let own = Metric::new("self", Unit::Seconds, Value::Time(1.5));
/// assert_eq!(format!("{}{}", own.name, own.unit.suffix()), "self_seconds");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Name without unit: `self`, not `self_seconds`.
    pub name: &'static str,
    /// What the value counts in; the report appends it to the name.
    pub unit: Unit,
    /// The value.
    pub value: Value,
}

impl Metric {
    /// A metric out of its three parts.
    #[must_use]
    pub const fn new(name: &'static str, unit: Unit, value: Value) -> Self {
        Self { name, unit, value }
    }
}

/// What a value counts in. Its suffix becomes part of the field's name in the report.
///
/// ```
/// assert_eq!(perfkit::snapshot::Unit::Bytes.suffix(), "_bytes");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A count of things the name already says (`calls`); no suffix.
    Count,
    /// Nanoseconds; `_ns`.
    Nanoseconds,
    /// Seconds; `_seconds`.
    Seconds,
    /// Bytes; `_bytes`.
    Bytes,
    /// A share between 0 and 1; `_ratio`.
    Ratio,
}

impl Unit {
    /// What the report appends to the metric's name.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Count => "",
            Self::Nanoseconds => "_ns",
            Self::Seconds => "_seconds",
            Self::Bytes => "_bytes",
            Self::Ratio => "_ratio",
        }
    }
}

/// The closed set of things a metric can be. Exporters match on it and on nothing else.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Only ever grows, until a reset.
    Counter(u64),
    /// One counter split by a closed set of labels: `outcome` into `ok`, `error`, `panic`, `cancelled`.
    Counters {
        /// What the parts differ in.
        label: &'static str,
        /// Every part, those at zero included.
        parts: Vec<(&'static str, u64)>,
    },
    /// Goes up and down, in whole units; `None` is unknown. Things and bytes of several sites under one name add up;
    /// times and ratios do not: equal ones stay, others are unknown.
    Level(Option<u64>),
    /// Goes up and down; `None` is unknown. Adds up as a level does.
    Gauge(Option<f64>),
    /// A time that only grows, in seconds.
    Time(f64),
    /// One of a few words.
    State(&'static str),
    /// What somebody said, in his own words; `None` is unknown. Of several sites under one name one is kept.
    Text(Option<String>),
    /// Durations by frequency.
    Histogram(Histogram),
}

/// Durations by frequency, in nanoseconds: exact count, sum, minimum and maximum, the rest within 1 %.
///
/// ```
/// use perfkit::snapshot::{Bucket, Histogram};
///
/// let two_calls = Histogram {
///     count: 2,
///     sum_ns: 300.0,
///     min_ns: Some(100),
///     max_ns: Some(200),
///     buckets: vec![
///         Bucket { low_ns: 100, high_ns: 101, count: 1 },
///         Bucket { low_ns: 200, high_ns: 202, count: 1 },
///     ],
/// };
/// assert_eq!(two_calls.buckets.iter().map(|b| b.count).sum::<u64>(), two_calls.count);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    /// How many durations.
    pub count: u64,
    /// Their sum, in nanoseconds.
    pub sum_ns: f64,
    /// The shortest; unknown when there is none.
    pub min_ns: Option<u64>,
    /// The longest; unknown when there is none.
    pub max_ns: Option<u64>,
    /// The buckets that are not empty, in rising order.
    pub buckets: Vec<Bucket>,
}

/// One bucket of a [`Histogram`]: durations from `low_ns` up to, not including, `high_ns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Lower bound, inclusive.
    pub low_ns: u64,
    /// Upper bound, exclusive.
    pub high_ns: u64,
    /// How many.
    pub count: u64,
}

/// One array of the report and one block of the table, described by the instrument that fills it.
///
/// Sections with the same key are one array; the first one found describes it.
///
/// ```
/// use perfkit::snapshot::{Balance, Cell, Column, Section};
///
/// static TIMEOUTS: Section = Section {
///     key: "timeouts",
///     title: "Timeouts",
///     rate_of: Some("calls"),
///     share_of: None,
///     columns: &[
///         Column::new("calls", Cell::Of("calls"), 0),
///         Column::new("limit", Cell::Of("limit"), 1),
///         Column::new("panicked", Cell::Of("panicked"), 3).quiet(),
///     ],
///     balance: &[Balance::equal(&["calls"], &["completed", "timed_out", "cancelled"])],
/// };
/// ```
#[derive(Debug)]
pub struct Section {
    /// Name of the array: `operations`.
    pub key: &'static str,
    /// Heading of the block: `Operations`.
    pub title: &'static str,
    /// The counter that `…_per_second` is made from.
    pub rate_of: Option<&'static str>,
    /// The time whose share of the total orders the rows: `share_ratio` in the report.
    pub share_of: Option<&'static str>,
    /// Columns after the name, from left to right; which of them a narrow terminal keeps says their rank.
    pub columns: &'static [Column],
    /// What must hold between the numbers of every row; `Report::verify` checks it.
    pub balance: &'static [Balance],
}

/// One rule of a section's bookkeeping: two sums of a row's whole numbers, compared.
///
/// A term is a path into the row: a counter or level (`"calls"`), a whole family (`"outcomes"`, the sum of its parts),
/// one part of it (`"outcomes.ok"`), or the number of durations in a histogram (`"latency.count"`). A rule with an
/// unknown number in it is not checked.
///
/// ```
/// use perfkit::snapshot::{Balance, Relation};
///
/// const BALANCE: &[Balance] = &[
///     Balance::equal(&["calls"], &["completed", "timed_out", "cancelled"]),
///     Balance::at_most(&["latency.count"], &["calls"]),
/// ];
/// assert_eq!(BALANCE[0].relation, Relation::Equal);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Balance {
    /// Terms added up on the left.
    pub left: &'static [&'static str],
    /// How the sums compare.
    pub relation: Relation,
    /// Terms added up on the right.
    pub right: &'static [&'static str],
}

impl Balance {
    /// Both sums are the same.
    #[must_use]
    pub const fn equal(left: &'static [&'static str], right: &'static [&'static str]) -> Self {
        Self {
            left,
            relation: Relation::Equal,
            right,
        }
    }

    /// The left sum is not larger than the right one.
    #[must_use]
    pub const fn at_most(left: &'static [&'static str], right: &'static [&'static str]) -> Self {
        Self {
            left,
            relation: Relation::AtMost,
            right,
        }
    }
}

/// How the two sums of a [`Balance`] compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `left = right`.
    Equal,
    /// `left <= right`.
    AtMost,
}

/// One column of a section's table.
#[derive(Debug)]
pub struct Column {
    /// Heading.
    pub title: &'static str,
    /// What stands in it.
    pub cell: Cell,
    /// Columns with a higher rank leave first when the terminal is narrow; 0 always stays.
    pub rank: u8,
    /// Shown only when some row has a value other than zero in it.
    pub quiet: bool,
}

impl Column {
    /// A column that is shown whatever stands in it.
    #[must_use]
    pub const fn new(title: &'static str, cell: Cell, rank: u8) -> Self {
        Self {
            title,
            cell,
            rank,
            quiet: false,
        }
    }

    /// The column, shown only when some row has a value other than zero in it: for what seldom happens.
    #[must_use]
    pub const fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }
}

/// What a column shows; names are names of metrics, without the unit.
#[derive(Debug, Clone, Copy)]
pub enum Cell {
    /// The metric as it is, in its unit.
    Of(&'static str),
    /// One part of a family of counters: `Part("outcomes", "error")`.
    Part(&'static str, &'static str),
    /// Some parts together as a share of the family's sum, `PartRatio("outcomes", &["error", "panic"])`: `0.02` under a
    /// title with `%` in it, `2 %` under others.
    PartRatio(&'static str, &'static [&'static str]),
    /// A quantile of a histogram: 0.5, 0.9, 0.95, 0.99 or 0.999, which are those the report has.
    Quantile(&'static str, f64),
    /// Mean of a histogram.
    Mean(&'static str),
    /// Longest of a histogram.
    Max(&'static str),
    /// The section's rate.
    Rate,
    /// The section's share.
    Share,
}

#[cfg(test)]
mod tests;
