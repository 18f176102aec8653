//! What a retry tells the report.

use std::sync::atomic::Ordering::Relaxed;

use crate::instruments::retry::Retry;
use crate::snapshot::{Balance, Cell, Column, Metric, Section, Unit, Value};

/// The counters of a site, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// A first attempt failed.
    Started,
    Second,
    Third,
    Fourth,
    Fifth,
    Later,
    Recovered,
    Exhausted,
    NotRepeatable,
    Rejected,
    OverBudget,
    Late,
    Nested,
    Cancelled,
    Panicked,
}

pub(super) const COUNTERS: usize = Count::Panicked as usize + 1;

const ATTEMPTS: [(&str, Count); 5] = [
    ("second", Count::Second),
    ("third", Count::Third),
    ("fourth", Count::Fourth),
    ("fifth", Count::Fifth),
    ("later", Count::Later),
];

const ENDS: [(&str, Count); 9] = [
    ("recovered", Count::Recovered),
    ("exhausted", Count::Exhausted),
    ("not_repeatable", Count::NotRepeatable),
    ("rejected", Count::Rejected),
    ("over_budget", Count::OverBudget),
    ("late", Count::Late),
    ("nested", Count::Nested),
    ("cancelled", Count::Cancelled),
    ("panicked", Count::Panicked),
];

/// What an attempt is counted as.
pub(super) fn attempt(number: u32) -> Count {
    match number {
        0..=2 => Count::Second,
        3 => Count::Third,
        4 => Count::Fourth,
        5 => Count::Fifth,
        _ => Count::Later,
    }
}

/// The ends of calls that somebody should hear of: they might have been repeated, and were not, or in vain.
#[cfg(feature = "tracing")]
pub(super) fn told(end: Count) -> Option<&'static str> {
    match end {
        Count::Exhausted => Some("all attempts failed"),
        Count::OverBudget => Some("the budget of repetitions is used up"),
        Count::Late => Some("the next attempt would be too late"),
        _ => None,
    }
}

pub(super) const SECTION: Section = Section {
    key: "retries",
    title: "Retries",
    rate_of: Some("calls"),
    share_of: None,
    columns: &[
        Column::new("max", Cell::Of("max_attempts"), 3),
        Column::new("failed once", Cell::Of("calls"), 0),
        Column::new("/s", Cell::Rate, 5),
        Column::new("recovered", Cell::Part("ends", "recovered"), 0),
        Column::new("exhausted", Cell::Part("ends", "exhausted"), 0),
        Column::new("retries", Cell::Of("retries"), 1),
        Column::new("waited", Cell::Of("delay"), 2),
        Column::new("permanent", Cell::Part("ends", "not_repeatable"), 2).quiet(),
        Column::new("over budget", Cell::Part("ends", "over_budget"), 1).quiet(),
        Column::new("late", Cell::Part("ends", "late"), 2).quiet(),
        Column::new("rejected", Cell::Part("ends", "rejected"), 3).quiet(),
        Column::new("nested", Cell::Part("ends", "nested"), 4).quiet(),
        Column::new("cancelled", Cell::Part("ends", "cancelled"), 4).quiet(),
        Column::new("panicked", Cell::Part("ends", "panicked"), 4).quiet(),
        Column::new("in flight", Cell::Of("inflight"), 4).quiet(),
    ],
    balance: &[
        Balance::equal(&["calls"], &["ends"]),
        Balance::equal(&["retries"], &["attempts"]),
    ],
};

#[expect(
    clippy::cast_precision_loss,
    reason = "a time in seconds and a ratio, which need not be exact"
)]
pub(super) fn metrics(this: Option<&Retry>) -> Vec<Metric> {
    // Ends first: whose end is seen, what it has tried is seen too.
    let ends = counted(this, ENDS);
    let attempts = counted(this, ATTEMPTS);
    let sum = |parts: &[(&str, u64)]| parts.iter().map(|(_, count)| count).sum();
    let (calls, retries): (u64, u64) = (sum(&ends), sum(&attempts));
    let inflight = this.map_or(0, |this| {
        let ended: u64 = ENDS
            .iter()
            .map(|(_, end)| this.counters.ever(*end as usize))
            .sum();
        let started = this.counters.ever(Count::Started as usize);
        started.saturating_sub(ended)
    });
    let waited = this.map_or(0, |this| this.waited.load(Relaxed));
    let per_call = (calls > 0).then(|| 1.0 + retries as f64 / calls as f64);
    let family =
        |name, label, parts| Metric::new(name, Unit::Count, Value::Counters { label, parts });
    vec![
        Metric::new(
            "max_attempts",
            Unit::Count,
            Value::Level(this.map(|this| this.attempts.into())),
        ),
        Metric::new("calls", Unit::Count, Value::Counter(calls)),
        family("ends", "end", ends),
        Metric::new("retries", Unit::Count, Value::Counter(retries)),
        family("attempts", "attempt", attempts),
        Metric::new("amplification", Unit::Ratio, Value::Gauge(per_call)),
        Metric::new("delay", Unit::Seconds, Value::Time(waited as f64 / 1e9)),
        Metric::new("inflight", Unit::Count, Value::Level(Some(inflight))),
    ]
}

fn counted<const N: usize>(
    this: Option<&Retry>,
    counts: [(&'static str, Count); N],
) -> Vec<(&'static str, u64)> {
    let since_reset =
        |count: Count| this.map_or(0, |this| this.counters.since_reset(count as usize));
    counts
        .iter()
        .map(|(name, count)| (*name, since_reset(*count)))
        .collect()
}
