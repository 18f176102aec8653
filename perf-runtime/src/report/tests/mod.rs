//! The report without a program around it: answers are written down, so that every number is known.

mod golden;
mod promises;
mod properties;

use std::time::Duration;

use super::Report;
use super::collect::{Frame, assemble};
use super::value::{Collection, Service};
use crate::snapshot::{
    Balance, Bucket, Cell, Column, Histogram, Metric, Section, Snapshot, Unit, Value,
};

const fn column(title: &'static str, cell: Cell, rank: u8) -> Column {
    Column::new(title, cell, rank)
}

pub(super) static OPERATIONS: Section = Section {
    key: "operations",
    title: "Operations",
    rate_of: Some("calls"),
    share_of: Some("self"),
    columns: &[
        column("calls", Cell::Of("calls"), 0),
        column("/s", Cell::Rate, 2),
        column("err %", Cell::PartRatio("outcomes", &["error", "panic"]), 0),
        column("panics", Cell::Part("outcomes", "panic"), 1).quiet(),
        column("in flight", Cell::Of("in_flight"), 2).quiet(),
        column("mean", Cell::Mean("latency"), 5),
        column("p50", Cell::Quantile("latency", 0.5), 1),
        column("p90", Cell::Quantile("latency", 0.9), 4),
        column("p99", Cell::Quantile("latency", 0.99), 1),
        column("p99.9", Cell::Quantile("latency", 0.999), 6),
        column("max", Cell::Max("latency"), 3),
        column("self", Cell::Of("self"), 5),
        column("share", Cell::Share, 1),
    ],
    balance: &[
        Balance::equal(&["calls"], &["outcomes"]),
        Balance::at_most(&["latency.count"], &["calls"]),
    ],
};

pub(super) static TIMEOUTS: Section = Section {
    key: "timeouts",
    title: "Timeouts",
    rate_of: Some("calls"),
    share_of: None,
    columns: &[
        column("calls", Cell::Of("calls"), 0),
        column("timed out", Cell::Of("timed_out"), 0),
        column("limit", Cell::Of("limit"), 1),
        column("in flight", Cell::Of("in_flight"), 2).quiet(),
    ],
    balance: &[Balance::equal(
        &["calls"],
        &["completed", "timed_out", "cancelled"],
    )],
};

pub(super) static BREAKERS: Section = Section {
    key: "breakers",
    title: "Breakers",
    rate_of: None,
    share_of: None,
    columns: &[
        column("state", Cell::Of("state"), 0),
        column("fail", Cell::Of("failure"), 1),
        column("memory", Cell::Of("memory"), 2),
    ],
    balance: &[],
};

/// Durations: how many of how many nanoseconds, each in a bucket of its own.
pub(super) fn histogram(durations: &[(u64, u64)]) -> Histogram {
    let bucket = |(ns, count): &(u64, u64)| Bucket {
        low_ns: *ns,
        high_ns: ns + 1,
        count: *count,
    };
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let sum_ns = durations
        .iter()
        .map(|(ns, count)| (ns * count) as f64)
        .sum();
    Histogram {
        count: durations.iter().map(|(_, count)| count).sum(),
        sum_ns,
        min_ns: durations.first().map(|(ns, _)| *ns),
        max_ns: durations.last().map(|(ns, _)| *ns),
        buckets: durations.iter().map(bucket).collect(),
    }
}

pub(super) fn answer(
    section: &'static Section,
    op: impl Into<String>,
    metrics: Vec<Metric>,
) -> Snapshot {
    Snapshot {
        op: op.into().into(),
        attribute: if section.key == "operations" {
            "measured"
        } else {
            "timeout"
        },
        location: Some(("src/lib.rs", 7)),
        section,
        metrics,
        by: Vec::new(),
    }
}

/// What a measured function says.
pub(super) fn calls(ok: u64, error: u64, own: f64, durations: &[(u64, u64)]) -> Vec<Metric> {
    let parts = vec![("ok", ok), ("error", error), ("panic", 0), ("cancelled", 0)];
    let label = "outcome";
    vec![
        Metric::new("calls", Unit::Count, Value::Counter(ok + error)),
        Metric::new("outcomes", Unit::Count, Value::Counters { label, parts }),
        Metric::new("in_flight", Unit::Count, Value::Level(Some(0))),
        Metric::new("self", Unit::Seconds, Value::Time(own)),
        Metric::new(
            "latency",
            Unit::Nanoseconds,
            Value::Histogram(histogram(durations)),
        ),
    ]
}

/// What a timeout says.
pub(super) fn timeout(completed: u64, timed_out: u64, limit: Option<u64>) -> Vec<Metric> {
    vec![
        Metric::new("calls", Unit::Count, Value::Counter(completed + timed_out)),
        Metric::new("completed", Unit::Count, Value::Counter(completed)),
        Metric::new("timed_out", Unit::Count, Value::Counter(timed_out)),
        Metric::new("cancelled", Unit::Count, Value::Counter(0)),
        Metric::new("in_flight", Unit::Count, Value::Level(Some(0))),
        Metric::new("limit", Unit::Nanoseconds, Value::Level(limit)),
    ]
}

pub(super) fn report_of(answers: Vec<Snapshot>) -> Report {
    let sites = u64::try_from(answers.len()).unwrap_or_default();
    assemble(
        answers,
        Frame {
            generated_at: "2026-11-21T12:19:58.123Z".to_owned(),
            service: Service {
                name: Some("shop".to_owned()),
                version: Some("1.4.2".to_owned()),
                instance: None,
                pid: Some(4242),
                started_at: Some("2026-11-21T11:19:58.123Z".to_owned()),
                uptime_seconds: 3600.0,
            },
            window: Duration::from_secs(3600),
            perfkit: Collection {
                version: "0.1.0".into(),
                sites,
                failed: 0,
                collect_seconds: 0.000_5,
            },
        },
    )
}

/// A program that did something of everything.
pub(super) fn shop() -> Vec<Snapshot> {
    let us = 1_000;
    let ms = 1_000_000;
    let mut load = answer(
        &OPERATIONS,
        "shop::orders::load",
        calls(
            8_118_376,
            1_624,
            5_100.0,
            &[
                (410, 6_000_000),
                (2_100 * us, 1_900_000),
                (18 * ms, 219_999),
                (412 * ms, 1),
            ],
        ),
    );
    let half = |own| calls(4_059_188, 812, own, &[(410, 4_060_000)]);
    load.by = vec![
        ("eu".to_owned(), half(4_000.0)),
        ("us".to_owned(), half(1_100.0)),
    ];
    let mut charge = answer(
        &OPERATIONS,
        "shop::pay::charge",
        calls(
            1_074_480,
            135_520,
            4_700.0,
            &[(8_100 * us, 1_000_000), (41 * ms, 209_999), (210 * ms, 1)],
        ),
    );
    charge.location = None;
    let mut breaker = answer(
        &BREAKERS,
        "shop::pay::charge",
        vec![
            Metric::new("state", Unit::Count, Value::State("open")),
            Metric::new("failure", Unit::Ratio, Value::Gauge(Some(0.61))),
            Metric::new("memory", Unit::Bytes, Value::Level(Some(6_186_598))),
            Metric::new("rejected", Unit::Count, Value::Counter(9_120)),
        ],
    );
    breaker.attribute = "breaker";
    let mut answers = vec![
        load,
        charge,
        answer(
            &OPERATIONS,
            "<shop::stock::Cart as shop::stock::Priced>::total",
            calls(2_256, 0, 3.4, &[(1_240, 2_255), (88 * us, 1)]),
        ),
        answer(
            &TIMEOUTS,
            "shop::pay::charge",
            timeout(1_209_988, 12, Some(2_000_000_000)),
        ),
        answer(&TIMEOUTS, "shop::mail::send", timeout(0, 0, None)),
        breaker,
    ];
    for n in 0..12 {
        answers.push(answer(
            &OPERATIONS,
            format!("shop::admin::task_{n}"),
            calls(0, 0, 0.0, &[]),
        ));
    }
    answers
}
