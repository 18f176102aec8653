//! What a bulkhead counts, and what it tells the report.

use super::Core;
use crate::latency::{latency, record_shared};
use crate::parts::counter::Counters;
#[cfg(feature = "tracing")]
use crate::parts::event_limit::EventLimit;
use crate::parts::series::Series;
use crate::parts::totals::Totals;
use crate::snapshot::{Balance, Cell, Column, Metric, Section, Unit, Value};

/// Where its row stands.
pub(crate) const SECTION: &Section = &Section {
    key: "bulkheads",
    title: "Bulkheads",
    rate_of: Some("calls"),
    share_of: None,
    columns: &[
        Column::new("max", Cell::Of("max"), 0),
        Column::new("in use", Cell::Of("in_use"), 0),
        Column::new("peak", Cell::Of("peak"), 1),
        Column::new("entered", Cell::Of("entered"), 0),
        Column::new("/s", Cell::Rate, 4),
        Column::new("full", Cell::Part("rejected", "full"), 0),
        Column::new("timed out", Cell::Part("rejected", "timed_out"), 1).quiet(),
        Column::new("waited", Cell::Of("waited"), 1).quiet(),
        Column::new("wait p95", Cell::Quantile("wait", 0.95), 2).quiet(),
        Column::new("waiting", Cell::Of("waiting"), 2).quiet(),
        Column::new("cancelled", Cell::Of("cancelled"), 3).quiet(),
        Column::new("reentrant", Cell::Of("reentrant"), 3).quiet(),
        Column::new("keys", Cell::Of("keys"), 2).quiet(),
    ],
    balance: &[
        Balance::equal(&["calls"], &["entered", "rejected", "cancelled"]),
        // Of a bulkhead that was made smaller, more may be in use than there are.
        Balance::at_most(&["in_use"], &["highest_max"]),
        Balance::at_most(&["peak"], &["highest_max"]),
    ],
};

/// The counters, by index.
#[derive(Clone, Copy)]
pub(super) enum Count {
    Entered,
    Waited,
    Full,
    TimedOut,
    Cancelled,
    Reentrant,
    KeyWithoutRoom,
}

/// What is counted under one name.
pub(crate) struct Book {
    op: &'static str,
    counters: Counters<7>,
    waits: Series,
    #[cfg(feature = "tracing")]
    events: EventLimit,
}

impl Book {
    pub(crate) fn new(op: &'static str) -> Self {
        Self {
            op,
            counters: Counters::new(),
            waits: Series::new(None, 1),
            #[cfg(feature = "tracing")]
            events: EventLimit::new(),
        }
    }

    pub(super) fn op(&self) -> &'static str {
        self.op
    }

    #[inline]
    pub(super) fn count(&self, what: Count) {
        self.counters.add_one(what as usize);
    }

    /// A call has waited so many ticks for its permit.
    pub(super) fn waited(&self, ticks: u64) {
        record_shared(&self.waits, ticks);
    }

    pub(super) fn reject(&self, why: Count) {
        self.count(why);
        #[cfg(feature = "tracing")]
        if tracing::enabled!(target: "perfkit::bulkhead", tracing::Level::WARN) {
            self.tell(why);
        }
    }

    #[cfg(feature = "tracing")]
    #[cold]
    fn tell(&self, why: Count) {
        let reason = match why {
            Count::TimedOut => "waited too long",
            _ => "full",
        };
        self.events.tell(crate::clock::now(), |suppressed| {
            tracing::warn!(
                target: "perfkit::bulkhead",
                op = self.op,
                reason,
                suppressed,
                "call rejected: as many run as may run at once"
            );
        });
    }

    /// Starts its numbers anew; what runs and who waits still does.
    pub(crate) fn reset(&self) {
        self.counters.reset();
        self.waits.reset();
    }
}

/// The numbers of a book and of the bulkheads that share it.
pub(crate) fn metrics(book: Option<&Book>, cores: &[&Core]) -> Vec<Metric> {
    let of = |count: Count| book.map_or(0, |book| book.counters.since_reset(count as usize));
    let [entered, full, timed_out, cancelled] = [
        Count::Entered,
        Count::Full,
        Count::TimedOut,
        Count::Cancelled,
    ]
    .map(of);
    let waits = book.map_or_else(Totals::new, |book| book.waits.totals());
    let count = |name, value| Metric::new(name, Unit::Count, Value::Counter(value));
    let level = |name, value| Metric::new(name, Unit::Count, Value::Level(value));
    // Where each key has permits of its own, those are what there is.
    let keyed: Vec<_> = cores.iter().filter_map(|core| core.keys.each()).collect();
    let keys = (!keyed.is_empty()).then(|| keyed.iter().map(|keys| keys.len() as u64).sum());
    let sum = |of: fn(&Core) -> u64| {
        let whole = cores.iter().filter(|_| keys.is_none()).map(|core| of(core));
        let keyed = keyed.iter().flatten().map(|core| of(core));
        whole.chain(keyed).reduce(u64::saturating_add)
    };
    let rejected = vec![("full", full), ("timed_out", timed_out)];
    let in_use = sum(|core| core.permits.in_use()).unwrap_or(0);
    let peak = sum(|core| core.permits.peak());
    vec![
        level("max", sum(|core| core.permits.max().into())),
        // After those that it bounds: it may rise in between.
        level("highest_max", sum(|core| core.permits.highest())),
        level("in_use", Some(in_use)),
        level("peak", peak),
        level("queue", sum(|core| core.permits.places() as u64)),
        level(
            "waiting",
            Some(sum(|core| core.permits.waiting() as u64).unwrap_or(0)),
        ),
        count("calls", entered + full + timed_out + cancelled),
        count("entered", entered),
        count("waited", of(Count::Waited)),
        Metric::new(
            "rejected",
            Unit::Count,
            Value::Counters {
                label: "reason",
                parts: rejected,
            },
        ),
        count("cancelled", cancelled),
        count("reentrant", of(Count::Reentrant)),
        level("keys", keys),
        count("keys_without_room", of(Count::KeyWithoutRoom)),
        Metric::new("wait", Unit::Nanoseconds, Value::Histogram(latency(&waits))),
    ]
}
