//! What the value promises, one test each.

use super::super::{Field, Latency, Report};
use super::{OPERATIONS, TIMEOUTS, answer, calls, histogram, report_of, shop, timeout};
use crate::snapshot::{Bucket, Histogram, Metric, Snapshot, Unit, Value};

fn one(metrics: Vec<Metric>) -> Report {
    report_of(vec![answer(&OPERATIONS, "shop::load", metrics)])
}

fn two(a: Vec<Metric>, b: Vec<Metric>) -> Report {
    let rows = [a, b].map(|metrics| answer(&TIMEOUTS, "shop::load", metrics));
    report_of(rows.into())
}

#[test]
fn a_row_is_found_by_its_whole_name_or_an_end_that_is_its_own() {
    let report = report_of(shop());
    for query in ["shop::orders::load", "orders::load", "load"] {
        let found = report.operation(query).map(super::super::Row::op);
        assert_eq!(found, Some("shop::orders::load"));
    }
    assert!(report.operation("Cart::total").is_some());
    assert!(report.operation("oad").is_none());
    assert!(report.find("caches", "load").is_none());
    assert!(report.find("no_such_section", "load").is_none());

    let twice = report_of(
        ["a::load", "b::load", "load"]
            .map(|op| answer(&OPERATIONS, op, calls(1, 0, 0.1, &[])))
            .into(),
    );
    assert_eq!(
        twice.operation("load").map(super::super::Row::op),
        Some("load")
    );
    assert!(twice.operation("a::load").is_some());
    let ambiguous = report_of(
        ["a::load", "b::load"]
            .map(|op| answer(&OPERATIONS, op, calls(1, 0, 0.1, &[])))
            .into(),
    );
    assert!(ambiguous.operation("load").is_none());
}

#[test]
fn numbers_are_asked_for_by_their_names() {
    let report = report_of(shop());
    let load = report.operation("load").expect("it is listed");
    assert_eq!(load.count("calls"), Some(8_120_000));
    assert_eq!(load.part("outcomes", "error"), Some(1_624));
    assert_eq!(load.part("outcomes", "no_such"), None);
    assert_eq!(load.seconds("self"), Some(5_100.0));
    assert_eq!(load.per_second("calls"), Some(8_120_000.0 / 3_600.0));
    assert_eq!(
        load.histogram("latency").and_then(|l| l.max_ns),
        Some(412_000_000)
    );
    assert_eq!(
        load.by("eu").and_then(|eu| eu.count("calls")),
        Some(4_060_000)
    );
    assert_eq!(load.count("latency"), None);
    assert_eq!(load.field("self_seconds"), Some(&Field::Number(5_100.0)));
    assert_eq!(load.location().map(|l| l.line), Some(7));
    let charge = report.find("timeouts", "charge").expect("it is listed");
    assert_eq!(charge.seconds("limit"), Some(2.0));
    assert!(charge.attributes().eq(["breaker", "measured", "timeout"]));
    let breaker = report.find("breakers", "charge").expect("it is listed");
    assert_eq!(breaker.state("state"), Some("open"));
    assert_eq!(breaker.ratio("failure"), Some(0.61));
    assert_eq!(breaker.bytes("memory"), Some(6_186_598));
}

#[test]
fn the_summary_is_null_where_nothing_counts() {
    let empty = report_of(Vec::new()).summary;
    assert_eq!(empty, super::super::Summary::default());
    let shop = report_of(shop()).summary;
    assert_eq!(shop.total_operations, Some(9_332_256));
    assert_eq!(shop.total_seconds, Some(5_100.0 + 4_700.0 + 3.4));
    assert_eq!(shop.error_ratio, Some((1_624.0 + 135_520.0) / 9_332_256.0));
    assert_eq!(shop.open_breakers, Some(1));
    assert_eq!((shop.hit_ratio, shop.pool_utilisation_ratio), (None, None));
}

#[test]
fn every_array_is_there_and_an_instrument_may_bring_its_own() {
    static NEWS: crate::snapshot::Section = crate::snapshot::Section {
        key: "news",
        title: "News",
        rate_of: None,
        share_of: None,
        columns: &[],
        balance: &[],
    };
    let report = report_of(vec![answer(&NEWS, "x", Vec::new())]);
    let keys: Vec<_> = report.sections().map(|(key, _)| key).collect();
    assert_eq!(keys.first(), Some(&"operations"));
    assert_eq!(keys.last(), Some(&"news"));
    assert!(keys.contains(&"breakers") && report.section("breakers").is_empty());
    assert_eq!(report.section("news").len(), 1);
}

#[test]
fn rows_of_one_name_are_one_row() {
    let report = two(timeout(3, 1, Some(50)), timeout(10, 2, Some(50)));
    let row = report.find("timeouts", "load").expect("it is listed");
    assert_eq!(report.section("timeouts").len(), 1);
    assert_eq!(row.count("calls"), Some(16));
    assert_eq!(row.seconds("limit"), Some(50e-9)); // the same on both sides, not the sum
    assert!(report.verify().is_ok());

    let unlike = two(timeout(0, 0, Some(50)), timeout(0, 0, Some(60)));
    let row = unlike.find("timeouts", "load").expect("it is listed");
    assert_eq!(row.field("limit_ns"), Some(&Field::Unknown));

    let not_called_yet = two(timeout(0, 0, None), timeout(0, 0, Some(60)));
    let row = not_called_yet
        .find("timeouts", "load")
        .expect("it is listed");
    assert_eq!(row.seconds("limit"), Some(60e-9));
}

#[test]
fn durations_of_one_name_come_together() {
    let mut second = answer(&OPERATIONS, "load", calls(2, 1, 0.5, &[(5, 2), (9, 1)]));
    second.location = Some(("src/other.rs", 1));
    second.by = vec![
        ("b".to_owned(), calls(1, 0, 0.0, &[])),
        ("a".to_owned(), calls(2, 1, 0.5, &[])),
    ];
    let mut first = answer(&OPERATIONS, "load", calls(2, 0, 0.25, &[(3, 1), (5, 1)]));
    first.by = vec![("a".to_owned(), calls(2, 0, 0.25, &[]))];
    let report = report_of(vec![first, second]);
    let row = report.operation("load").expect("it is listed");
    let latency = row.histogram("latency").expect("it is measured");
    assert_eq!(
        (latency.count, latency.min_ns, latency.max_ns),
        (5, Some(3), Some(9))
    );
    assert_eq!(latency.p50_ns, Some(5));
    let counts: Vec<_> = latency
        .buckets()
        .iter()
        .map(|b| (b.low_ns, b.count))
        .collect();
    assert_eq!(counts, [(3, 1), (5, 3), (9, 1)]);
    assert_eq!(row.part("outcomes", "error"), Some(1));
    assert_eq!(row.location(), None);
    let labels: Vec<_> = row.labels().map(|(l, r)| (l, r.count("calls"))).collect();
    assert_eq!(labels, [("a", Some(5)), ("b", Some(1))]);
}

#[test]
fn values_of_two_kinds_are_unknown_and_not_wrong() {
    let metric = |value| vec![Metric::new("x", Unit::Count, value)];
    for (a, b) in [
        (Value::Counter(1), Value::Level(Some(1))),
        (Value::Counter(1), Value::Histogram(histogram(&[(1, 1)]))),
        (Value::Histogram(histogram(&[(1, 1)])), Value::State("open")),
    ] {
        let report = two(metric(a), metric(b));
        let row = report.find("timeouts", "load").expect("it is listed");
        assert_eq!(row.field("x"), Some(&Field::Unknown));
    }
    let words = two(metric(Value::State("open")), metric(Value::State("closed")));
    let row = words.find("timeouts", "load").expect("it is listed");
    assert_eq!(row.state("x"), Some("mixed"));
}

#[test]
fn no_sum_overflows_and_no_number_is_infinite() {
    let mut metrics = calls(u64::MAX - 1, 0, f64::INFINITY, &[]);
    metrics.push(Metric::new(
        "load",
        Unit::Ratio,
        Value::Gauge(Some(f64::NAN)),
    ));
    let report = report_of(
        [metrics.clone(), metrics]
            .map(|metrics| answer(&OPERATIONS, "load", metrics))
            .into(),
    );
    let row = report.operation("load").expect("it is listed");
    assert_eq!(row.count("calls"), Some(u64::MAX));
    assert_eq!(row.field("self_seconds"), Some(&Field::Unknown));
    assert_eq!(row.field("share_ratio"), Some(&Field::Unknown));
    assert_eq!(row.field("load_ratio"), Some(&Field::Unknown));
}

#[test]
fn the_keys_of_a_row_cannot_be_taken_by_a_metric() {
    let metric = |name| Metric::new(name, Unit::Count, Value::Counter(1));
    let report = one(vec![metric("op"), metric("by"), metric("x"), metric("x")]);
    let row = report.operation("load").expect("it is listed");
    assert!(row.fields().map(|(key, _)| key).eq(["x"]));
}

#[test]
fn books_that_do_not_balance_are_told() {
    assert_eq!(report_of(shop()).verify(), Ok(()));
    let mut wrong = calls(5, 1, 0.0, &[(1, 9)]);
    wrong[0].value = Value::Counter(7);
    let mut answers: Vec<Snapshot> = vec![answer(&OPERATIONS, "load", calls(1, 0, 0.0, &[]))];
    answers[0].by = vec![("eu".to_owned(), wrong)];
    let found = report_of(answers).verify().expect_err("7 is not 6");
    let sentences: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        sentences,
        [
            "the books of `load` in operations for `eu` do not balance: `calls = outcomes` is 7 and 6",
            "the books of `load` in operations for `eu` do not balance: `latency.count <= calls` is 9 and 7",
        ]
    );

    let missing = one(vec![Metric::new("calls", Unit::Count, Value::Counter(1))]);
    assert_eq!(missing.verify().expect_err("no outcomes").len(), 2);
    let unknown = two(
        timeout(0, 0, None),
        vec![Metric::new("calls", Unit::Count, Value::State("x"))],
    );
    assert_eq!(unknown.verify(), Ok(()));

    let mut turned = histogram(&[(5, 3), (9, 1)]);
    turned.max_ns = Some(4);
    let turned = vec![Metric::new(
        "waits",
        Unit::Nanoseconds,
        Value::Histogram(turned),
    )];
    let turned = report_of(vec![answer(&super::BREAKERS, "load", turned)]);
    let found = turned.verify().expect_err("the longest is not the longest");
    assert!(found.iter().all(|i| i.rule == "waits in rising order"));
}

#[test]
fn quantiles_are_nearest_ranks() {
    let latency = Latency::from(histogram(&[(1, 50), (2, 40), (3, 9), (4, 1)]));
    let read = [
        latency.p50_ns,
        latency.p90_ns,
        latency.p95_ns,
        latency.p99_ns,
        latency.p999_ns,
    ];
    assert_eq!(read, [1, 2, 3, 3, 4].map(Some));
    assert_eq!(latency.mean_ns, Some(1.6));
    assert_eq!(latency.stddev_ns, Some(0.7)); // sqrt(0.48) = 0.69
    assert_eq!(latency.quantile_ns(0.99), Some(3));
    assert_eq!(latency.quantile_ns(0.5), Some(1));
    assert_eq!(latency.quantile_ns(0.123), None);
    let none = Latency::from(Histogram::default());
    assert_eq!(none, Latency::default());
}

#[test]
fn a_bucket_never_shows_more_than_its_longest() {
    let latency = Latency::from(Histogram {
        count: 2,
        sum_ns: 2_001.0,
        min_ns: Some(1_000),
        max_ns: Some(1_001),
        buckets: vec![Bucket {
            low_ns: 1_000,
            high_ns: 1_008,
            count: 2,
        }],
    });
    assert_eq!((latency.p50_ns, latency.p99_ns), (Some(1_001), Some(1_001)));
}

#[cfg(feature = "hdrhistogram")]
#[test]
fn an_hdr_histogram_has_every_duration() {
    let hour = 3_600_000_000_000;
    let durations = [(0, 2), (1, 1), (1_000_000, 5), (hour, 1), (3 * hour, 1)];
    let hdr = Latency::from(histogram(&durations))
        .to_hdr()
        .expect("it has buckets");
    assert_eq!(hdr.len(), 10);
    assert_eq!(hdr.min(), 0);
    assert!(hdr.equivalent(hdr.max(), 3 * hour));
    assert!(hdr.equivalent(hdr.value_at_quantile(0.5), 1_000_000));
    let empty = Latency::from(Histogram::default())
        .to_hdr()
        .expect("nothing is no loss");
    assert_eq!(empty.len(), 0);
    let widest = Histogram {
        count: u64::MAX,
        sum_ns: f64::MAX,
        min_ns: Some(0),
        max_ns: Some(u64::MAX),
        buckets: vec![Bucket {
            low_ns: 0,
            high_ns: u64::MAX,
            count: u64::MAX,
        }],
    };
    assert!(Latency::from(widest).to_hdr().is_some());
}

#[cfg(feature = "hdrhistogram")]
#[test]
fn a_parsed_report_has_no_buckets_to_give() {
    let report = report_of(shop());
    let saved = serde_json::to_string(&report).expect("it serialises");
    let read: Report = serde_json::from_str(&saved).expect("it is read back");
    let latency = |report: &Report| report.operation("load")?.histogram("latency").cloned();
    assert!(latency(&report).is_some_and(|l| l.to_hdr().is_some()));
    assert!(latency(&read).is_some_and(|l| l.to_hdr().is_none()));
}

#[test]
fn what_a_later_version_adds_is_skipped() {
    let report: Report = serde_json::from_str(
        r#"{
            "schema": "perfkit.report/1", "weather": {"rain": true}, "notes": ["a", 1], "empty": [],
            "generated_at": "2031-01-01T00:00:00.000Z",
            "service": {"name": "shop", "mood": "good"},
            "operations": [{"op": "load", "calls": 3, "slo": [{"target": 0.99}], "odd": true, "wait": -2,
                            "latency": {"count": 3, "total_seconds": 1, "p75_ns": 9}}],
            "layout": [{"key": "operations", "title": "Operations", "color": "red",
                        "columns": [{"title": "calls", "show": "value", "of": "calls"}, {"title": "?", "show": "spark"}],
                        "balance": [{"left": ["calls"], "relation": "~", "right": ["nothing"]}]}]
        }"#,
    )
    .expect("it is a report");
    let load = report.operation("load").expect("it is listed");
    assert_eq!(load.count("calls"), Some(3));
    assert_eq!(load.field("wait"), Some(&Field::Number(-2.0)));
    assert_eq!(
        load.histogram("latency").map(|l| l.total_seconds),
        Some(1.0)
    );
    assert_eq!(report.service.pid, None);
    assert!(report.table().width(40).to_string().contains("load"));
    assert!(report.verify().is_err_and(|found| found.len() == 1)); // it lacks `nothing`
}

#[test]
fn what_is_no_report_is_refused_with_a_reason() {
    for (text, reason) in [
        ("[]", "a report is a map"),
        ("{}", "its schema is ``"),
        (
            r#"{"schema":"perfkit.report/2"}"#,
            "its schema is `perfkit.report/2`",
        ),
        (
            r#"{"schema":"perfkit.report/1","window_seconds":"long"}"#,
            "`window_seconds`",
        ),
    ] {
        let refused = serde_json::from_str::<Report>(text).expect_err("it is no report");
        assert!(refused.to_string().contains(reason), "{refused}");
    }
}
