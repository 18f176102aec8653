//! What `#[measured]` tells the report.

use std::time::Duration;

use super::{Measured, Options};
use crate::clock;
use crate::latency::latency;
use crate::parts::totals::Totals;
use crate::site::Instrument;
use crate::snapshot::{Balance, Cell, Column, Meta, Metric, Section, Unit, Value};

impl Instrument for Measured {
    type Options = Options;

    const SECTION: &'static Section = &Section {
        key: "operations",
        title: "Operations",
        rate_of: Some("calls"),
        share_of: Some("self"),
        columns: &[
            Column::new("calls", Cell::Of("calls"), 0),
            Column::new("/s", Cell::Rate, 2),
            Column::new("err %", Cell::PartRatio("outcomes", &["error", "panic"]), 0),
            Column::new("panics", Cell::Part("outcomes", "panic"), 1).quiet(),
            Column::new("cancelled", Cell::Part("outcomes", "cancelled"), 2).quiet(),
            Column::new("slow", Cell::Of("slow"), 2).quiet(),
            Column::new("in flight", Cell::Of("inflight"), 3).quiet(),
            Column::new("p50", Cell::Quantile("latency", 0.5), 0),
            Column::new("p90", Cell::Quantile("latency", 0.9), 5),
            Column::new("p99", Cell::Quantile("latency", 0.99), 0),
            Column::new("max", Cell::Max("latency"), 1),
            Column::new("self", Cell::Of("self"), 4),
            Column::new("share", Cell::Share, 3),
        ],
        balance: &[
            Balance::equal(&["calls"], &["outcomes"]),
            Balance::equal(&["timed"], &["latency.count"]),
        ],
    };

    fn new(meta: &'static Meta, options: Options) -> Self {
        Self::at(meta, options)
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        let Some(this) = this else {
            return metrics(&Totals::new(), &Options::new(), 0);
        };
        let mut totals = this.series.totals();
        let mut overflow = 0;
        if let Some(labels) = this.labels.get() {
            for (_, label) in labels.totals() {
                totals.add(&label);
            }
            overflow = labels.other().calls();
        }
        metrics(&totals, &this.options, overflow)
    }

    fn by(&self) -> Vec<(String, Vec<Metric>)> {
        let labels = self.labels.get().map(|labels| labels.totals());
        let row = |(label, totals)| (label, metrics(&totals, &self.options, 0));
        labels.unwrap_or_default().into_iter().map(row).collect()
    }

    fn reset(&self) {
        self.series.reset();
        if let Some(labels) = self.labels.get() {
            labels.reset();
        }
    }
}

/// The row of a series. `overflow` is how many calls had no label of their own.
fn metrics(totals: &Totals, options: &Options, overflow: u64) -> Vec<Metric> {
    let calls = totals.calls();
    let [ok, error, panic, cancelled] = totals.outcomes;
    let outcomes = Value::Counters {
        label: "outcome",
        parts: vec![
            ("ok", ok),
            ("error", error),
            ("panic", panic),
            ("cancelled", cancelled),
        ],
    };
    let count = |name, value| Metric::new(name, Unit::Count, value);
    let time = |name, ticks: u64| {
        let seconds = clock::nanos_of_sum(ticks.into(), clock::factor()) / 1e9;
        let all = seconds * per_timed(totals, options);
        Metric::new(name, Unit::Seconds, Value::Time(all))
    };
    vec![
        count("calls", Value::Counter(calls)),
        count("inflight", Value::Level(Some(totals.in_flight()))),
        count("outcomes", outcomes),
        count("timed", Value::Counter(totals.timed)),
        count("slow", Value::Counter(totals.slow)),
        Metric::new(
            "slow_threshold",
            Unit::Nanoseconds,
            Value::Level(options.slow.map(nanoseconds)),
        ),
        Metric::new(
            "latency",
            Unit::Nanoseconds,
            Value::Histogram(latency(totals)),
        ),
        time("self", totals.own),
        time("busy", totals.busy),
        count("label_overflow", Value::Counter(overflow)),
    ]
}

/// How many calls stand behind a timed one. Times that are compared between sites must not depend on `sample`.
#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio of counts, beyond 2^53 of which nothing is lost that matters"
)]
fn per_timed(totals: &Totals, options: &Options) -> f64 {
    if options.sample > 1 && totals.timed > 0 {
        totals.calls() as f64 / totals.timed as f64
    } else {
        1.0
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
