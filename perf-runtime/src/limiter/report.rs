//! What a limit counts, and what it tells the report.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
#[cfg(feature = "tracing")]
use std::time::Duration;

use super::Core;
use crate::latency::{latency, record_shared};
use crate::parts::counter::Counters;
#[cfg(feature = "tracing")]
use crate::parts::event_limit::EventLimit;
use crate::parts::series::Series;
use crate::parts::totals::Totals;
#[cfg(feature = "tracing")]
use crate::rejected::Rejected;
use crate::rejected::When;
use crate::snapshot::{Balance, Cell, Column, Metric, Section, Unit, Value};

/// Where its row stands.
pub(crate) const SECTION: &Section = &Section {
    key: "limiters",
    title: "Rate limits",
    rate_of: Some("calls"),
    share_of: None,
    columns: &[
        Column::new("allowed", Cell::Of("allowed"), 0),
        Column::new("/s", Cell::Rate, 4),
        Column::new("rejected", Cell::Of("rejected"), 0),
        Column::new("waited", Cell::Of("waited"), 1).quiet(),
        Column::new("wait p95", Cell::Quantile("wait", 0.95), 2).quiet(),
        Column::new("waiting", Cell::Of("waiting"), 3).quiet(),
        Column::new("cancelled", Cell::Of("cancelled"), 3).quiet(),
        Column::new("keys", Cell::Of("keys"), 3).quiet(),
        Column::new("no room", Cell::Of("overflowed"), 3).quiet(),
    ],
    balance: &[
        Balance::equal(&["calls"], &["allowed", "rejected", "cancelled"]),
        Balance::at_most(&["waited"], &["allowed"]),
    ],
};

/// The counters, by index.
#[derive(Clone, Copy)]
pub(super) enum Count {
    Allowed,
    Waited,
    Rejected,
    Cancelled,
    Overflowed,
    NoRoom,
}

/// What is counted under one name.
pub(crate) struct Book {
    op: &'static str,
    counters: Counters<6>,
    waiting: AtomicU64,
    waits: Series,
    #[cfg(feature = "tracing")]
    events: EventLimit,
}

impl Book {
    pub(crate) fn new(op: &'static str) -> Self {
        Self {
            op,
            counters: Counters::new(),
            waiting: AtomicU64::new(0),
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

    /// How many wait now.
    pub(super) fn begin_waiting(&self) -> u64 {
        self.waiting.fetch_add(1, Relaxed) + 1
    }

    pub(super) fn end_waiting(&self) {
        self.waiting.fetch_sub(1, Relaxed);
    }

    /// A call has waited so many ticks.
    pub(super) fn waited(&self, ticks: u64) {
        record_shared(&self.waits, ticks);
    }

    /// A call is rejected, which may come again then.
    #[cfg_attr(
        not(feature = "tracing"),
        expect(unused_variables, reason = "only told")
    )]
    pub(super) fn reject(&self, when: When) {
        self.count(Count::Rejected);
        #[cfg(feature = "tracing")]
        if tracing::enabled!(target: "perfkit::rate_limited", tracing::Level::WARN) {
            self.tell(Rejected::rate_limited_until(self.op, when).retry_after());
        }
    }

    #[cfg(feature = "tracing")]
    #[cold]
    fn tell(&self, retry_after: Option<Duration>) {
        self.events.tell(crate::clock::now(), |suppressed| {
            tracing::warn!(
                target: "perfkit::rate_limited",
                op = self.op,
                ?retry_after,
                suppressed,
                "call rejected: more calls than the rate allows"
            );
        });
    }

    /// Starts its numbers anew; who waits still does.
    pub(crate) fn reset(&self) {
        self.counters.reset();
        self.waits.reset();
    }
}

/// The numbers of a book and of the limits that share it.
pub(crate) fn metrics(book: Option<&Book>, cores: &[&Core]) -> Vec<Metric> {
    let of = |count: Count| book.map_or(0, |book| book.counters.since_reset(count as usize));
    // First: who is seen to have waited is seen to have been let through.
    let waited = of(Count::Waited);
    let [allowed, rejected, cancelled] =
        [Count::Allowed, Count::Rejected, Count::Cancelled].map(of);
    let waits = book.map_or_else(Totals::new, |book| book.waits.totals());
    let count = |name, value| Metric::new(name, Unit::Count, Value::Counter(value));
    let level = |name, value| Metric::new(name, Unit::Count, Value::Level(value));
    let common = |of: fn(&Core) -> Option<u64>| {
        let mut all = cores.iter().map(|core| of(core));
        let first = all.next().flatten();
        first.filter(|first| all.all(|other| other == Some(*first)))
    };
    let keyed = || cores.iter().filter_map(|core| core.keyed.as_deref());
    let keys = keyed().map(|keyed| keyed.len() as u64);
    let keys = keys.reduce(u64::saturating_add);
    let per = common(|core| u64::try_from(core.settings.rate.1.as_nanos()).ok());
    vec![
        level("rate", common(|core| Some(core.settings.rate.0))),
        Metric::new("per", Unit::Nanoseconds, Value::Level(per)),
        level("burst", common(|core| Some(core.quota.burst().into()))),
        count("calls", allowed + rejected + cancelled),
        count("allowed", allowed),
        count("waited", waited),
        count("rejected", rejected),
        count("queue_full", of(Count::NoRoom)),
        count("cancelled", cancelled),
        level(
            "waiting",
            Some(book.map_or(0, |book| book.waiting.load(Relaxed))),
        ),
        Metric::new("wait", Unit::Nanoseconds, Value::Histogram(latency(&waits))),
        level(
            "available",
            common(|core| core.keyed.is_none().then(|| core.available(None).into())),
        ),
        level("keys", keys),
        level(
            "max_keys",
            keys.and_then(|_| common(|core| Some(core.settings.max_keys))),
        ),
        count("overflowed", of(Count::Overflowed)),
    ]
}
