//! Batchers without a function: their rows.
//!
//! What one counted stays when it is gone, as the row of its name. There is room for 1,000 names, and all others share the
//! row `other`. Batchers of one name are one row.

use super::books::Books;
use super::report::{self, SECTION};
use crate::registry::Observed;
use crate::rows::ByName;
use crate::snapshot::Snapshot;

/// What is counted under a name.
pub(super) struct Row {
    pub(super) op: &'static str,
    pub(super) books: &'static Books,
}

impl Row {
    /// The row of that name.
    pub(super) fn of(name: &str) -> &'static Self {
        static ROWS: ByName<Row> = ByName::new();

        ROWS.row(name, |op| {
            Box::leak(Box::new(Self {
                op,
                books: Box::leak(Box::new(Books::new())),
            }))
        })
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
