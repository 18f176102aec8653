//! Any program, any terminal.

use proptest::collection::vec;
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr as _;

use super::super::Report;
use super::{BREAKERS, OPERATIONS, TIMEOUTS, answer, calls, report_of, timeout};
use crate::snapshot::{Metric, Snapshot, Unit, Value};

/// Names as compilers, users and attackers write them.
fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}(::[a-z_]{1,12}){0,5}",
        "<[a-z]{1,8}::[A-Z][a-z]{1,9} as [a-z]{1,8}::[A-Z][a-z]{1,9}>::[a-z]{1,9}",
        "[ -~\u{e0}-\u{17f}\u{391}-\u{3a9}漢字注文を読む한글🚀\u{301}\u{1b}\n\t\u{202e}\u{200b}]{0,60}",
    ]
}

fn counts() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..2_000_u64, 0..u64::MAX / 4]
}

fn answers() -> impl Strategy<Value = Snapshot> {
    let durations = vec((0..1_u64 << 50, 1..1_000_u64), 0..6).prop_map(|mut durations| {
        durations.sort_unstable();
        durations.dedup_by_key(|(ns, _)| *ns);
        durations
    });
    let measured = (
        names(),
        counts(),
        counts(),
        0.0..1e9_f64,
        durations,
        vec((names(), counts()), 0..8),
    );
    let measured = measured.prop_map(|(op, ok, error, own, durations, labels)| {
        let mut answer = answer(&OPERATIONS, op, calls(ok, error, own, &durations));
        answer.by = labels
            .into_iter()
            .map(|(label, n)| (label, calls(n, 0, 0.5, &[])))
            .collect();
        answer.by.sort_by(|(a, _), (b, _)| a.cmp(b));
        answer.by.dedup_by(|(a, _), (b, _)| a == b);
        answer
    });
    let timeouts = (names(), counts(), counts(), proptest::option::of(counts()))
        .prop_map(|(op, done, late, limit)| answer(&TIMEOUTS, op, timeout(done, late, limit)));
    let words = prop_oneof![Just("open"), Just("closed"), Just("half-open")];
    let numbers = (any::<f64>(), proptest::option::of(counts()));
    let breakers = (names(), words, numbers).prop_map(|(op, word, (failure, memory))| {
        let metrics = vec![
            Metric::new("state", Unit::Count, Value::State(word)),
            Metric::new("failure", Unit::Ratio, Value::Gauge(Some(failure))),
            Metric::new("memory", Unit::Bytes, Value::Level(memory)),
        ];
        answer(&BREAKERS, op, metrics)
    });
    prop_oneof![measured, timeouts, breakers]
}

fn reports() -> impl Strategy<Value = Report> {
    vec(answers(), 0..12).prop_map(report_of)
}

fn without_ansi(text: &str) -> String {
    let mut plain = String::new();
    let mut pieces = text.split('\u{1b}');
    plain.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        plain.push_str(piece.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_table_is_never_wider_than_it_is_told(
        report in reports(), width in 0..=200_usize, unicode in any::<bool>(), top in 0..20_usize,
    ) {
        let table = report.table().width(width).unicode(unicode).top(top);
        for text in [format!("{table}"), format!("{table:#}")] {
            prop_assert!(unicode || text.is_ascii());
            for line in text.lines() {
                prop_assert!(line.width() <= width, "{} of {width} columns: {line}", line.width());
                prop_assert_eq!(line.trim_end(), line);
                prop_assert!(!line.chars().any(char::is_control));
            }
        }
    }

    #[test]
    fn colour_changes_no_character(report in reports(), width in 40..=200_usize) {
        let table = report.table().width(width).unicode(true);
        let plain = table.to_string();
        let coloured = table.color(true).to_string();
        prop_assert!(coloured.len() > plain.len());
        prop_assert_eq!(without_ansi(&coloured), plain);
    }

    #[test]
    fn json_gives_back_the_same_report(report in reports()) {
        let json = serde_json::to_string(&report).expect("it serialises");
        let read: Report = serde_json::from_str(&json).expect("it is read back");
        prop_assert_eq!(&read, &report);
        prop_assert_eq!(serde_json::to_string(&read).expect("it serialises"), json);
        prop_assert_eq!(read.verify(), report.verify());
    }

    #[cfg(feature = "json")]
    #[test]
    fn json_on_one_line_is_what_serde_writes(report in reports()) {
        prop_assert_eq!(report.to_json(), serde_json::to_string(&report).expect("it serialises"));
    }

    #[test]
    fn every_row_is_found_by_its_name(report in reports()) {
        for (section, rows) in report.sections() {
            prop_assert!(rows.is_sorted_by(|a, b| a.op() < b.op()));
            for row in rows {
                prop_assert_eq!(report.find(section, row.op()), Some(row));
            }
        }
    }

    #[cfg(feature = "hdrhistogram")]
    #[test]
    fn an_hdr_histogram_has_the_same_quantiles(
        durations in vec((1..1_u64 << 41, 1..1_000_u64), 1..40),
    ) {
        let mut durations = durations;
        durations.sort_unstable();
        durations.dedup_by_key(|(ns, _)| *ns);
        let latency = super::super::Latency::from(super::histogram(&durations));
        let hdr = latency.to_hdr().expect("it has buckets");
        prop_assert_eq!(hdr.len(), latency.count);
        for quantile in [0.5, 0.9, 0.95, 0.99, 0.999] {
            let ours = latency.quantile_ns(quantile).expect("there are durations");
            prop_assert!(hdr.equivalent(hdr.value_at_quantile(quantile), ours));
        }
    }
}
