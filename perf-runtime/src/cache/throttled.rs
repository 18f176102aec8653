//! A throttled function is a cache of one answer, or of one for each key, that is good for as long as the function is not
//! to run again: what it keeps, and what it tells the report.

use std::time::Duration;

use super::trailing::{self, AllTrails, Trailing};
use super::{Core, Count, Settings};
use crate::latency::latency;
use crate::parts::edge::Edge;
use crate::parts::totals::Totals;
use crate::snapshot::{Balance, Cell, Column, Metric, Section, Unit, Value};

/// Where its row stands.
pub(crate) const SECTION: &Section = &Section {
    key: "throttles",
    title: "Throttled",
    rate_of: Some("calls"),
    share_of: None,
    columns: &[
        Column::new("every", Cell::Of("every"), 0),
        Column::new("calls", Cell::Of("calls"), 0),
        Column::new("/s", Cell::Rate, 4),
        Column::new("ran", Cell::Part("answered", "ran"), 0),
        Column::new("repeated", Cell::Part("answered", "repeated"), 0),
        Column::new("joined", Cell::Part("answered", "joined"), 1).quiet(),
        Column::new("trailing", Cell::Of("trailing"), 1).quiet(),
        Column::new("run", Cell::Mean("run"), 2),
        Column::new("err %", Cell::PartRatio("runs", &["error", "panic"]), 2).quiet(),
    ],
    balance: &[Balance::equal(&["calls"], &["answered"])],
};

impl Settings {
    /// What `#[throttled]` is told: one answer for so long, of whatever kind.
    #[must_use]
    pub fn throttled(every: Duration) -> Self {
        Self {
            ttl: every,
            errors: Some(every),
            max_size: Some(10_000),
            ..Self::new()
        }
    }

    /// The same where the last of the calls that did not run does later, and the first at once if it `leads`. Its time is
    /// that of the timers.
    #[must_use]
    pub fn trailing(every: Duration, leads: bool) -> Self {
        Self {
            clock: &trailing::TIME,
            edge: if leads { Edge::Both } else { Edge::Trailing },
            ..Self::throttled(every)
        }
    }
}

/// Its numbers; of a function that nobody has called they are all there and all zero.
pub(crate) fn metrics(core: Option<&Core>, trails: Option<&AllTrails>) -> Vec<Metric> {
    let of = |count: Count| core.map_or(0, |core| core.counters.since_reset(count as usize));
    let (repeated, missed) = (of(Count::Hit), of(Count::Miss));
    let joined = of(Count::Coalesced).min(missed);
    let totals = core.map_or_else(Totals::new, |core| core.loads.totals());
    let [ok, error, panic, cancelled] = totals.outcomes;
    let every = core.and_then(|core| u64::try_from(core.settings.ttl.as_nanos()).ok());
    let trailing = |what| {
        let count = trails.map_or(0, |trails| trails.counted(what));
        Value::Counter(count)
    };
    let family =
        |name, label, parts| Metric::new(name, Unit::Count, Value::Counters { label, parts });
    vec![
        Metric::new("every", Unit::Nanoseconds, Value::Level(every)),
        Metric::new("calls", Unit::Count, Value::Counter(repeated + missed)),
        family(
            "answered",
            "how",
            vec![
                ("ran", missed - joined),
                ("repeated", repeated),
                ("joined", joined),
            ],
        ),
        family(
            "runs",
            "outcome",
            vec![
                ("ok", ok),
                ("error", error),
                ("panic", panic),
                ("cancelled", cancelled),
            ],
        ),
        Metric::new("trailing", Unit::Count, trailing(Trailing::Ran)),
        Metric::new("left_out", Unit::Count, trailing(Trailing::LeftOut)),
        Metric::new("taken_back", Unit::Count, trailing(Trailing::Cancelled)),
        Metric::new("run", Unit::Nanoseconds, Value::Histogram(latency(&totals))),
    ]
}
