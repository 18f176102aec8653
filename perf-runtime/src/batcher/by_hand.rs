//! Batchers without a function: their rows.
//!
//! What one counted stays when it is gone, as the row of its name. There is room for 1,000 names, and all others share the
//! row `other`. Batchers of one name are one row.

use std::sync::OnceLock;

use super::books::Books;
use super::report::{self, SECTION};
use crate::parts::names::{Names, cut};
use crate::registry::{self, Observed};
use crate::snapshot::Snapshot;

/// Rows that a program may have.
const MOST: usize = 1000;
/// What counts of a name, in bytes.
const LONGEST: usize = 256;
/// The row of all others.
const OTHER: &str = "other";

/// What is counted under a name.
pub(super) struct Row {
    pub(super) op: &'static str,
    pub(super) books: &'static Books,
}

impl Row {
    /// The row of that name.
    pub(super) fn of(name: &str) -> &'static Self {
        static NAMES: OnceLock<Names<&'static Row>> = OnceLock::new();
        static REST: OnceLock<&'static Row> = OnceLock::new();

        let rest = || *REST.get_or_init(|| Self::listed(OTHER));
        let name = cut(name, LONGEST);
        if name == OTHER {
            return rest();
        }
        let names = NAMES.get_or_init(|| Names::new(MOST));
        names
            .find(name.as_bytes(), || Self::listed(name))
            .copied()
            .unwrap_or_else(rest)
    }

    /// A new row of the report, which is there for good.
    fn listed(name: &str) -> &'static Self {
        let row: &'static Self = Box::leak(Box::new(Self {
            op: name.to_owned().leak(),
            books: Box::leak(Box::new(Books::new())),
        }));
        registry::add(row);
        row
    }
}

impl Observed for Row {
    fn snapshot(&self) -> Snapshot {
        Snapshot {
            op: self.op.into(),
            attribute: "batcher",
            location: None,
            section: SECTION,
            metrics: report::metrics(Some(self.books)),
            by: Vec::new(),
        }
    }

    fn reset(&self) {
        self.books.reset();
    }
}
