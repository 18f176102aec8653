//! What a lazy value tells the report.

use crate::cache::slot::Keeps;
use crate::cache::{Core, Count};
use crate::latency::latency;
use crate::parts::totals::Totals;
use crate::snapshot::{Balance, Cell, Column, Metric, Section, Unit, Value};

/// Where its row stands.
pub(crate) const SECTION: &Section = &Section {
    key: "lazies",
    title: "Lazy values",
    rate_of: Some("gets"),
    share_of: None,
    columns: &[
        Column::new("state", Cell::Of("state"), 0),
        Column::new("gets", Cell::Of("gets"), 0),
        Column::new("/s", Cell::Rate, 4),
        Column::new("loads", Cell::Part("loads", "ok"), 1),
        Column::new("err %", Cell::PartRatio("loads", &["error", "panic"]), 2).quiet(),
        Column::new("load", Cell::Mean("load"), 1),
        Column::new("coalesced", Cell::Of("coalesced"), 3).quiet(),
        Column::new("resets", Cell::Of("resets"), 3).quiet(),
    ],
    balance: &[Balance::equal(&["gets"], &["found"])],
};

/// Its numbers; of a function that nobody has called they are all there and all zero.
pub(crate) fn metrics(core: Option<&Core>) -> Vec<Metric> {
    let of = |count: Count| core.map_or(0, |core| core.counters.since_reset(count as usize));
    let (loaded, loading) = (of(Count::Hit), of(Count::Miss));
    let totals = core.map_or_else(Totals::new, |core| core.loads.totals());
    let [ok, error, panic, cancelled] = totals.outcomes;
    let entries = core.map_or(0, |core| core.slots.each().map(Keeps::entries).sum());
    let state = match (entries, totals.in_flight()) {
        (1.., _) => "loaded",
        (0, 1..) => "loading",
        (0, 0) => "empty",
    };
    let count = |name, value| Metric::new(name, Unit::Count, Value::Counter(value));
    let family =
        |name, label, parts| Metric::new(name, Unit::Count, Value::Counters { label, parts });
    vec![
        Metric::new("state", Unit::Count, Value::State(state)),
        count("gets", loaded + loading),
        family(
            "found",
            "found",
            vec![("loaded", loaded), ("empty", loading)],
        ),
        family(
            "loads",
            "outcome",
            vec![
                ("ok", ok),
                ("error", error),
                ("panic", panic),
                ("cancelled", cancelled),
            ],
        ),
        Metric::new(
            "load",
            Unit::Nanoseconds,
            Value::Histogram(latency(&totals)),
        ),
        count("coalesced", of(Count::Coalesced)),
        count("resets", of(Count::Invalidated)),
        count("cycles", of(Count::Cycle)),
        count("wait_expired", of(Count::WaitExpired)),
        count("deserted", of(Count::Deserted)),
    ]
}
