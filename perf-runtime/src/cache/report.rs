//! What a cache tells the report.

use std::time::Duration;

use super::slot::Keeps;
use super::{Core, Count, Settings};
use crate::latency::latency;
use crate::parts::totals::Totals;
use crate::snapshot::{Balance, Cell, Column, Histogram, Metric, Section, Unit, Value};

/// Where its row stands.
pub(crate) const SECTION: &Section = &Section {
    key: "caches",
    title: "Caches",
    rate_of: Some("lookups"),
    share_of: None,
    columns: &[
        Column::new("lookups", Cell::Of("lookups"), 0),
        Column::new("/s", Cell::Rate, 4),
        Column::new("hit %", Cell::PartRatio("found", &["hit"]), 0),
        Column::new("entries", Cell::Of("entries"), 1),
        Column::new("bytes", Cell::Of("memory"), 3).quiet(),
        Column::new("evicted", Cell::Part("evictions", "size"), 2).quiet(),
        Column::new("load", Cell::Mean("load"), 2),
        Column::new("err %", Cell::PartRatio("loads", &["error", "panic"]), 3).quiet(),
        Column::new("coalesced", Cell::Of("coalesced"), 3).quiet(),
        Column::new("stale", Cell::Of("stale"), 3).quiet(),
        Column::new("bypassed", Cell::Of("bypassed"), 4).quiet(),
        Column::new("saved", Cell::Of("saved"), 1),
    ],
    balance: &[Balance::equal(&["lookups"], &["found", "bypassed"])],
};

/// Its numbers; of a function that nobody has called they are all there and all zero.
pub(crate) fn metrics(core: Option<&Core>) -> Vec<Metric> {
    let numbers = Numbers::of(core);
    let Numbers {
        hits,
        misses,
        bypassed,
        kept,
        ..
    } = numbers;
    let of = |count: Count| core.map_or(0, |core| core.counters.since_reset(count as usize));
    let [ok, error, panic, cancelled] = numbers.loads.outcomes;

    let count = |name, value| Metric::new(name, Unit::Count, Value::Counter(value));
    let level = |name, value| Metric::new(name, Unit::Count, Value::Level(value));
    let bytes = |name, value| Metric::new(name, Unit::Bytes, Value::Level(value));
    let family =
        |name, label, parts| Metric::new(name, Unit::Count, Value::Counters { label, parts });
    let time = |name, value| Metric::new(name, Unit::Nanoseconds, Value::Level(value));
    #[cfg_attr(
        not(feature = "persist"),
        expect(unused_mut, reason = "a feature adds to it")
    )]
    let mut all = vec![
        count("lookups", hits + misses + bypassed),
        family("found", "found", vec![("hit", hits), ("miss", misses)]),
        Metric::new("hit", Unit::Ratio, Value::Gauge(ratio(hits, hits + misses))),
        count("bypassed", bypassed),
        count("coalesced", of(Count::Coalesced)),
        count("stale", of(Count::Stale)),
        count("refreshes", of(Count::Refresh)),
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
        level("loading", Some(numbers.loads.in_flight())),
        Metric::new("saved", Unit::Seconds, Value::Time(numbers.saved)),
        Metric::new("load", Unit::Nanoseconds, Value::Histogram(numbers.load)),
        level("entries", Some(kept.entries)),
        level("capacity", kept.capacity),
        bytes("memory", Some(kept.memory)),
        bytes("weight", kept.weight_capacity.map(|_| kept.weight)),
        bytes("weight_capacity", kept.weight_capacity),
        family(
            "evictions",
            "cause",
            vec![
                ("size", of(Count::Evicted)),
                ("too_heavy", of(Count::TooHeavy)),
                ("expired", of(Count::Expired)),
                ("invalidated", of(Count::Invalidated)),
                ("replaced", of(Count::Replaced)),
            ],
        ),
        count("cycles", of(Count::Cycle)),
        count("wait_expired", of(Count::WaitExpired)),
        count("deserted", of(Count::Deserted)),
        time("ttl", kept.ttl.and_then(nanoseconds)),
    ];
    #[cfg(feature = "persist")]
    all.extend(core.map(super::persisted::metrics).unwrap_or_default());
    all
}

/// What is read off a cache, for its row and for who asks its handle.
pub(super) struct Numbers {
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) bypassed: u64,
    pub(super) loads: Totals,
    pub(super) load: Histogram,
    /// In seconds.
    pub(super) saved: f64,
    pub(super) kept: Held,
}

impl Numbers {
    pub(super) fn of(core: Option<&Core>) -> Self {
        let of = |count: Count| core.map_or(0, |core| core.counters.since_reset(count as usize));
        let hits = of(Count::Hit);
        let loads = core.map_or_else(Totals::new, |core| core.loads.totals());
        let load = latency(&loads);
        Self {
            hits,
            misses: of(Count::Miss),
            bypassed: of(Count::Bypassed),
            saved: saved(hits, load.sum_ns, load.count),
            loads,
            load,
            kept: core.map_or_else(Held::default, Held::of),
        }
    }
}

/// What the slots of a cache keep together.
#[derive(Default)]
pub(super) struct Held {
    pub(super) entries: u64,
    pub(super) weight: u64,
    pub(super) memory: u64,
    /// Nothing where one of them has no bound.
    pub(super) capacity: Option<u64>,
    pub(super) weight_capacity: Option<u64>,
    /// Nothing where they differ.
    pub(super) ttl: Option<Duration>,
}

impl Held {
    fn of(core: &Core) -> Self {
        let by_hand = core.living.each();
        let by_hand = by_hand.iter().map(|keeps| Self::in_slot(&**keeps));
        let all = core.slots.each().map(Self::in_slot);
        all.chain(by_hand)
            .reduce(|held, other| held.and(&other))
            .unwrap_or_else(|| Self::promised(&core.settings))
    }

    pub(super) fn in_slot(slot: &dyn Keeps) -> Self {
        Self {
            entries: slot.entries(),
            weight: slot.weight(),
            memory: slot.memory(),
            capacity: slot.capacity(),
            weight_capacity: slot.weight_capacity(),
            ttl: Some(slot.ttl()),
        }
    }

    /// Before there is any.
    fn promised(settings: &Settings) -> Self {
        Self {
            capacity: settings.max_size,
            weight_capacity: settings.max_bytes,
            ttl: Some(settings.ttl),
            ..Self::default()
        }
    }

    fn and(self, other: &Self) -> Self {
        let both = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_add(b?));
        Self {
            entries: self.entries.saturating_add(other.entries),
            weight: self.weight.saturating_add(other.weight),
            memory: self.memory.saturating_add(other.memory),
            capacity: both(self.capacity, other.capacity),
            weight_capacity: both(self.weight_capacity, other.weight_capacity),
            ttl: self.ttl.filter(|ttl| other.ttl == Some(*ttl)),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio of counts, beyond 2^53 of which nothing is lost that matters"
)]
pub(super) fn ratio(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

/// How long the hits would have taken, in seconds, if each had taken as long as a load does on average.
#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio of counts, beyond 2^53 of which nothing is lost that matters"
)]
fn saved(hits: u64, sum_ns: f64, loads: u64) -> f64 {
    if loads == 0 {
        return 0.0;
    }
    hits as f64 * (sum_ns / loads as f64) / 1e9
}

/// A time that ends; nothing for one that does not.
fn nanoseconds(duration: Duration) -> Option<u64> {
    u64::try_from(duration.as_nanos()).ok()
}
