//! The report as a value: what there is in it, and how it is asked.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::layout::Layout;
use super::path::{Found, matches};
use super::row::{Row, Text};

/// The name and version of the report's form. Within `/1` keys are only added.
pub const SCHEMA: &str = "perfkit.report/1";

/// The arrays that every report has, in their order, those of attributes nobody uses too.
pub(super) const KEYS: [&str; 14] = [
    "operations",
    "timeouts",
    "caches",
    "pools",
    "batches",
    "breakers",
    "limiters",
    "retries",
    "fallbacks",
    "hedges",
    "debounces",
    "lazies",
    "workers",
    "balancers",
];

/// Everything annotated and what it did, at one time.
///
/// A plain value: it prints as a table, serialises with serde, can be kept, compared and sent. What it says is
/// described by its JSON form: [`Report::schema`] names it, numbers are numbers, units are in the names (`_ns`,
/// `_seconds`, `_bytes`, `_ratio`), what is not known is `null`, and arrays are sorted by `op`.
///
/// ```
/// let report = perfkit::report();
/// println!("{report}"); // a table
/// println!("{:?} calls", report.summary.total_operations);
/// for row in report.section("operations") {
///     println!("{} {:?}", row.op(), row.count("calls"));
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// `perfkit.report/1`.
    pub schema: Text,
    /// When it was taken, RFC 3339 in UTC.
    pub generated_at: String,
    /// The program it is of.
    pub service: Service,
    /// How long the numbers have been counted: since perfkit was first used or [`perfkit::reset`](crate::reset) was
    /// called. Everything per second refers to it.
    pub window_seconds: f64,
    /// The whole program in a few numbers.
    pub summary: Summary,
    /// What taking the report saw of itself.
    pub perfkit: Collection,
    pub(super) sections: Vec<(Text, Vec<Row>)>,
    pub(super) layout: Vec<Layout>,
}

/// The program a report is of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Service {
    /// `OTEL_SERVICE_NAME`, else the name of the executable without its extension.
    pub name: Option<String>,
    /// The program's own version, where it is known.
    pub version: Option<String>,
    /// Which of several, where it is known.
    pub instance: Option<String>,
    /// The process.
    pub pid: Option<u32>,
    /// When the process started, RFC 3339 in UTC; on systems other than Linux, when perfkit was first used.
    pub started_at: Option<String>,
    /// How long ago that was.
    pub uptime_seconds: f64,
}

/// The whole program in a few numbers. What no attribute of the program counts is `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Summary {
    /// Calls of everything measured.
    pub total_operations: Option<u64>,
    /// The same per second of the window.
    pub operations_per_second: Option<f64>,
    /// Time spent in everything measured, each moment counted once however deep the calls.
    pub total_seconds: Option<f64>,
    /// Share of the calls that gave an error or panicked.
    pub error_ratio: Option<f64>,
    /// Share of all cache look-ups that were hits.
    pub hit_ratio: Option<f64>,
    /// Share of all pooled things that are in use.
    pub pool_utilisation_ratio: Option<f64>,
    /// Circuit breakers that are open now.
    pub open_breakers: Option<u64>,
}

/// What taking a report saw of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Collection {
    /// The version of perfkit.
    pub version: Text,
    /// How many annotations there are, and things made by hand.
    pub sites: u64,
    /// How many of them panicked when asked, in a `Display` of the user's; what they had to say is missing.
    pub failed: u64,
    /// How long asking took.
    pub collect_seconds: f64,
}

impl Report {
    /// The rows of one array, sorted by name: `section("operations")`. Empty when nothing fills it.
    #[must_use]
    pub fn section(&self, key: &str) -> &[Row] {
        self.sections()
            .find(|(k, _)| *k == key)
            .map_or(&[], |(_, rows)| rows)
    }

    /// Every array with its key.
    pub fn sections(&self) -> impl Iterator<Item = (&str, &[Row])> {
        self.sections
            .iter()
            .map(|(key, rows)| (key.as_ref(), rows.as_slice()))
    }

    /// The row of a measured function: `find("operations", op)`.
    #[must_use]
    pub fn operation(&self, op: &str) -> Option<&Row> {
        self.find("operations", op)
    }

    /// The row of one array for a function, by its whole name or by the end of it.
    ///
    /// `load`, `orders::load` and `shop::orders::load` all find `shop::orders::load`, as `Cart::total` finds
    /// `<shop::Cart as shop::Priced>::total`, unless another row ends the same; then only the whole name finds it.
    ///
    /// ```
    /// let report = perfkit::report();
    /// assert!(report.find("timeouts", "nobody::wrote_this").is_none());
    /// ```
    #[must_use]
    pub fn find(&self, section: &str, op: &str) -> Option<&Row> {
        let mut found = None;
        let mut ambiguous = false;
        for row in self.section(section) {
            match matches(&row.op, op) {
                Found::Exactly => return Some(row),
                Found::AtItsEnd => ambiguous |= found.replace(row).is_some(),
                Found::Not => {}
            }
        }
        found.filter(|_| !ambiguous)
    }

    pub(super) fn layout(&self, key: &str, rows: &[Row]) -> Cow<'_, Layout> {
        let known = self.layout.iter().find(|layout| layout.key == key);
        known.map_or_else(|| Cow::Owned(Layout::derived(key, rows)), Cow::Borrowed)
    }
}
