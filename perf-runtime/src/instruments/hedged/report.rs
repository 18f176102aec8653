//! What a hedge tells the report.

use crate::instruments::hedged::Hedged;
use crate::snapshot::{Balance, Cell, Column, Metric, Section, Unit, Value};

/// The counters of a site, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    Started,
    /// A call that got company.
    Hedged,
    /// An attempt beyond the first.
    Hedges,
    Denied,
    First,
    Hedge,
    Failed,
    Cancelled,
    Panicked,
}

pub(super) const COUNTERS: usize = Count::Panicked as usize + 1;

const ENDS: [(&str, Count); 5] = [
    ("first", Count::First),
    ("hedge", Count::Hedge),
    ("failed", Count::Failed),
    ("cancelled", Count::Cancelled),
    ("panicked", Count::Panicked),
];

pub(super) const SECTION: Section = Section {
    key: "hedges",
    title: "Hedges",
    rate_of: Some("calls"),
    share_of: None,
    columns: &[
        Column::new("after", Cell::Of("after"), 1),
        Column::new("calls", Cell::Of("calls"), 0),
        Column::new("/s", Cell::Rate, 4),
        Column::new("hedged", Cell::Of("hedged"), 0),
        Column::new("won", Cell::Part("ends", "hedge"), 0),
        Column::new("denied", Cell::Of("denied"), 1),
        Column::new("failed", Cell::Part("ends", "failed"), 2),
        Column::new("cancelled", Cell::Part("ends", "cancelled"), 3).quiet(),
        Column::new("panicked", Cell::Part("ends", "panicked"), 3).quiet(),
        Column::new("in flight", Cell::Of("inflight"), 3).quiet(),
    ],
    balance: &[Balance::equal(&["calls"], &["ends"])],
};

pub(super) fn metrics(this: Option<&Hedged>) -> Vec<Metric> {
    let since_reset =
        |count: Count| this.map_or(0, |this| this.counters.since_reset(count as usize));
    let ends: Vec<_> = ENDS
        .iter()
        .map(|(name, end)| (*name, since_reset(*end)))
        .collect();
    let calls = ends.iter().map(|(_, count)| count).sum();
    let ever = |count: Count| this.map_or(0, |this| this.counters.ever(count as usize));
    // Ends first: whose end is seen, the start is seen too.
    let ended: u64 = ENDS.iter().map(|(_, end)| ever(*end)).sum();
    let inflight = ever(Count::Started).saturating_sub(ended);
    let after = this.and_then(Hedged::delay);
    let after = after.map(|after| u64::try_from(after.as_nanos()).unwrap_or(u64::MAX));
    let counter = |name, value| Metric::new(name, Unit::Count, Value::Counter(value));
    vec![
        Metric::new("after", Unit::Nanoseconds, Value::Level(after)),
        counter("calls", calls),
        Metric::new(
            "ends",
            Unit::Count,
            Value::Counters {
                label: "end",
                parts: ends,
            },
        ),
        counter("hedged", since_reset(Count::Hedged)),
        counter("hedges", since_reset(Count::Hedges)),
        counter("denied", since_reset(Count::Denied)),
        Metric::new("inflight", Unit::Count, Value::Level(Some(inflight))),
    ]
}
