//! What workers tell the report.

use super::Core;
use super::books::{Count, ENDS};
use crate::latency::latency;
use crate::parts::series::Series;
use crate::parts::totals::Totals;
use crate::snapshot::{Balance, Cell, Column, Metric, Section, Unit, Value};

/// Where its row stands.
pub(crate) const SECTION: &Section = &Section {
    key: "workers",
    title: "Workers",
    rate_of: Some("calls"),
    share_of: None,
    columns: &[
        Column::new("calls", Cell::Of("calls"), 0),
        Column::new("/s", Cell::Rate, 4),
        Column::new("threads", Cell::Of("threads"), 1),
        Column::new("busy", Cell::Of("busy"), 1),
        Column::new("queued", Cell::Of("queued"), 1),
        Column::new("wait p95", Cell::Quantile("wait", 0.95), 1),
        Column::new("run p95", Cell::Quantile("run", 0.95), 0),
        Column::new("err %", Cell::PartRatio("outcomes", &["error", "panic"]), 2).quiet(),
        Column::new("rejected", Cell::Part("outcomes", "rejected"), 2).quiet(),
        Column::new("cancelled", Cell::Part("outcomes", "cancelled"), 3).quiet(),
    ],
    balance: &[Balance::equal(&["calls"], &["outcomes"])],
};

/// Its numbers; of a function that nobody has called they are all there and all zero.
pub(crate) fn metrics(core: Option<&Core>) -> Vec<Metric> {
    let of = |count| core.map_or(0, |core| core.books.since_reset(count));
    let counter = |name, value| Metric::new(name, Unit::Count, Value::Counter(value));
    let level = |name, value: usize| {
        let value = Value::Level(u64::try_from(value).ok());
        Metric::new(name, Unit::Count, value)
    };
    let times = |name, series: Option<&Series>| {
        let totals = series.map_or_else(Totals::new, Series::totals);
        Metric::new(name, Unit::Nanoseconds, Value::Histogram(latency(&totals)))
    };
    let parts: Vec<_> = ENDS.iter().map(|(end, count)| (*end, of(*count))).collect();
    let (queued, threads) = core.map_or((0, 0), |core| {
        let line = core.lock();
        (line.jobs.len(), line.threads)
    });
    let outcomes = Value::Counters {
        label: "outcome",
        parts: parts.clone(),
    };
    vec![
        counter("calls", parts.iter().map(|(_, count)| count).sum()),
        Metric::new("outcomes", Unit::Count, outcomes),
        level("threads", threads),
        level("max_threads", core.map_or(0, |core| core.most)),
        Metric::new(
            "busy",
            Unit::Count,
            Value::Level(Some(core.map_or(0, |core| core.books.busy()))),
        ),
        level("queued", queued),
        counter("queue_full", of(Count::Full)),
        counter("run_inline", of(Count::Inline)),
        times("wait", core.map(|core| &core.books.wait)),
        times("run", core.map(|core| &core.books.run)),
    ]
}
