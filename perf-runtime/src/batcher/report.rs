//! What a batcher tells the report.

use super::books::{Books, ENDS, Item, SIZES, TRIGGERS, totals};
use crate::latency::latency;
use crate::snapshot::{Balance, Cell, Column, Metric, Section, Unit, Value};

/// Where its row stands.
pub(crate) const SECTION: &Section = &Section {
    key: "batches",
    title: "Batches",
    rate_of: Some("items"),
    share_of: None,
    columns: &[
        Column::new("items", Cell::Of("items"), 0),
        Column::new("/s", Cell::Rate, 4),
        Column::new("batches", Cell::Of("batches"), 0),
        Column::new("mean size", Cell::Of("mean_size"), 1),
        Column::new("full", Cell::Part("triggers", "full"), 3).quiet(),
        Column::new("wait p95", Cell::Quantile("wait", 0.95), 1),
        Column::new("batch p95", Cell::Quantile("batch", 0.95), 1),
        Column::new(
            "err %",
            Cell::PartRatio("outcomes", &["error", "panic", "lost"]),
            2,
        )
        .quiet(),
        Column::new("rejected", Cell::Part("outcomes", "rejected"), 2).quiet(),
        Column::new("cancelled", Cell::Part("outcomes", "cancelled"), 3).quiet(),
        Column::new("deduped", Cell::Of("deduped"), 3).quiet(),
        Column::new("queued", Cell::Of("queued"), 2).quiet(),
    ],
    balance: &[
        Balance::equal(&["items"], &["outcomes"]),
        Balance::equal(&["batches"], &["triggers"]),
        Balance::at_most(&["batch.count"], &["batches"]),
    ],
};

/// Its numbers; of a function that nobody has called they are all there and all zero.
pub(crate) fn metrics(books: Option<&Books>) -> Vec<Metric> {
    let of = |item: Item| books.map_or(0, |books| books.since_reset(item));
    let count = |name, value| Metric::new(name, Unit::Count, Value::Counter(value));
    let family =
        |name, label, parts| Metric::new(name, Unit::Count, Value::Counters { label, parts });
    let times = |name, series| {
        let value = Value::Histogram(latency(&totals(series)));
        Metric::new(name, Unit::Nanoseconds, value)
    };
    // First: a batch that is seen to have ended is seen to have begun.
    let (wait, run) = (
        times("wait", books.map(|books| &books.wait)),
        times("batch", books.map(|books| &books.run)),
    );
    let outcomes: Vec<_> = ENDS.iter().map(|(end, item)| (*end, of(*item))).collect();
    let triggered = |trigger| books.map_or(0, |books| books.triggered(trigger));
    let triggers: Vec<_> = TRIGGERS
        .iter()
        .map(|(name, trigger)| (*name, triggered(*trigger)))
        .collect();
    let of_size = |class| books.map_or(0, |books| books.sized(class));
    let classes = SIZES.iter().enumerate();
    let by_size: Vec<_> = classes
        .map(|(class, (name, _))| (*name, of_size(class)))
        .collect();
    let batches = triggers.iter().map(|(_, count)| count).sum();
    let taken = of(Item::Taken);
    vec![
        count("items", outcomes.iter().map(|(_, count)| count).sum()),
        family("outcomes", "outcome", outcomes),
        Metric::new(
            "queued",
            Unit::Count,
            Value::Level(Some(books.map_or(0, Books::queued))),
        ),
        count("queue_full", of(Item::Full)),
        count("deduped", of(Item::Deduped)),
        count("batches", batches),
        family("triggers", "trigger", triggers),
        count("batched", taken),
        Metric::new("mean_size", Unit::Count, Value::Gauge(mean(taken, batches))),
        family("sizes", "size", by_size),
        wait,
        run,
    ]
}

#[expect(clippy::cast_precision_loss, reason = "an average")]
fn mean(items: u64, batches: u64) -> Option<f64> {
    (batches > 0).then(|| items as f64 / batches as f64)
}
