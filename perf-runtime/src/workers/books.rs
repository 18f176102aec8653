//! What workers count.

use crate::parts::counter::Counters;
use crate::parts::series::Series;

/// By index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// Stands in line.
    Queued,
    /// Was taken by a thread.
    Taken,
    /// Left the line without.
    Left,
    // How calls end; each does once.
    Ok,
    Error,
    Panic,
    Cancelled,
    Rejected,
    /// Met a full queue.
    Full,
    /// A thread is done with it, whoever is there for that.
    Done,
    /// Was run by the worker that called.
    Inline,
}

const COUNTS: usize = Count::Inline as usize + 1;

/// The ends of a call, in the order of the report.
pub(super) const ENDS: [(&str, Count); 5] = [
    ("ok", Count::Ok),
    ("error", Count::Error),
    ("panic", Count::Panic),
    ("cancelled", Count::Cancelled),
    ("rejected", Count::Rejected),
];

/// See the module.
pub(super) struct Books {
    counters: Counters<COUNTS>,
    /// What calls wait for a thread.
    pub(super) wait: Series,
    /// What bodies take.
    pub(super) run: Series,
}

impl Books {
    pub(super) fn new() -> Self {
        Self {
            counters: Counters::new(),
            wait: Series::new(None, 1),
            run: Series::new(None, 1),
        }
    }

    pub(super) fn count(&self, what: Count) {
        self.counters.add_one(what as usize);
    }

    pub(super) fn since_reset(&self, what: Count) -> u64 {
        self.counters.since_reset(what as usize)
    }

    fn ever(&self, what: Count) -> u64 {
        self.counters.ever(what as usize)
    }

    /// Bodies that run now.
    pub(super) fn busy(&self) -> u64 {
        let done = self.ever(Count::Done);
        self.ever(Count::Taken).saturating_sub(done)
    }

    pub(super) fn reset(&self) {
        self.counters.reset();
        self.wait.reset();
        self.run.reset();
    }
}
