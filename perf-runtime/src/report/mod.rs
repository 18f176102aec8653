//! One report over everything annotated: a value, a table for people, JSON for programs.
//!
//! [`report()`] asks every site of the registry for its numbers and joins the answers of one name to rows. The report
//! knows no instrument: an instrument describes its section with data (`snapshot::Section`), and whatever shows or ships
//! numbers reads this value. The way of the numbers:
//!
//! ```text
//! registry -> collect (ask, merge) -> fields (keys, rates, shares) -> Report -> table | json | form (serde)
//!                                                                           -> verify
//! ```

mod collect;
mod exit;
mod fields;
mod form;
#[cfg(feature = "json")]
mod json;
mod keys;
mod latency;
mod layout;
mod merge;
mod node;
mod path;
mod row;
mod summary;
mod table;
#[cfg(test)]
mod tests;
mod time;
mod value;
mod verify;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use exit::{ExitReport, report_on_exit};
#[cfg(feature = "json")]
pub use json::ParseError;
pub use latency::Latency;
pub use row::{Field, Location, Row};
pub use table::Table;
pub use value::{Collection, Report, SCHEMA, Service, Summary};
pub use verify::Imbalance;

use crate::registry;

/// Everything annotated and what it did, now.
///
/// Annotations that were never called are in it, with zeros. Taking it stops no caller and changes no number. It runs
/// user code only where labels of the user's are shown; a panic there costs that one answer, which is counted in
/// `perfkit.failed` and shown as unknown.
///
/// ```
/// let report = perfkit::report();
/// println!("{report}");
/// assert!(report.verify().is_ok());
/// ```
#[must_use]
pub fn report() -> Report {
    collect::collect()
}

/// Starts all numbers anew, and with them the window that rates refer to. What is running stays in flight, and what is
/// kept (cached answers, pooled connections) stays.
///
/// A call that ends while this runs is counted before or after.
///
/// ```
/// perfkit::reset();
/// assert!(perfkit::report().window_seconds <= perfkit::report().service.uptime_seconds);
/// ```
pub fn reset() {
    for site in registry::all() {
        // One that panics keeps its numbers; the others must not keep theirs because of it.
        let _ = catch_unwind(AssertUnwindSafe(|| site.reset()));
    }
    time::reset();
}
