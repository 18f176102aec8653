//! What the table looks like, whole. Taste is tested by reading these.

use super::{OPERATIONS, answer, calls, report_of, shop};
use crate::snapshot::Value;

/// The table without the blank the first line of the expectation starts with.
fn shows(table: &impl ToString, expected: &str) {
    let table = table.to_string();
    let expected = expected.strip_prefix('\n').unwrap_or(expected);
    assert!(
        table == expected,
        "the table is\n\n{table}\nand not\n\n{expected}"
    );
}

#[test]
fn at_80_columns() {
    shows(
        &report_of(shop()).table().unicode(true).width(80),
        "
perfkit  shop 1.4.2  pid 4242  up 1h 00m  9.33M calls  2,592/s  errors 1.47 %

Operations                    calls     /s  err %     p50     p99     max  share
  shop::orders::load          8.12M  2,256   0.02  410 ns   18 ms  412 ms   52 %
    eu                        4.06M  1,128   0.02  410 ns  410 ns  410 ns   41 %
    us                        4.06M  1,128   0.02  410 ns  410 ns  410 ns   11 %
  shop::pay::charge           1.21M    336  11.20  8.1 ms   41 ms  210 ms   48 %
  <Cart as Priced>::total     2,256   0.63      0  1.2 µs  1.2 µs   88 µs   <1 %
  + 12 sites not called

Timeouts             calls  timed out  limit
  shop::pay::charge  1.21M         12  2.0 s
  shop::mail::send       0          0      -

Breakers             state  fail   memory
  shop::pay::charge   open  61 %  5.9 MiB
",
    );
}

#[test]
fn at_40_columns_without_unicode() {
    shows(
        &report_of(shop()).table().unicode(false).width(40).top(2),
        "
perfkit  9.33M calls

Operations            calls  err %
  shop::orders::load  8.12M   0.02
    eu                4.06M   0.02
    us                4.06M   0.02
  shop::pay::charge   1.21M  11.20
  + 1 site
  + 12 sites not called

Timeouts             calls  timed out
  shop::pay::charge  1.21M         12
  shop::mail::send       0          0

Breakers             state  fail
  shop::pay::charge   open  61 %
",
    );
}

#[test]
fn all_rows_when_asked_for() {
    let mut report = report_of(
        (0..4)
            .map(|n| answer(&OPERATIONS, format!("idle_{n}"), calls(0, 0, 0.0, &[])))
            .collect(),
    );
    report.perfkit.failed = 1;
    report.window_seconds = 65.0;
    let table = report.table().unicode(true).width(60);
    shows(
        &format!("{table:#}"),
        "
perfkit  shop 1.4.2  up 1h 00m  last 1m 05s  0 calls  0/s

Operations  calls  /s  err %  p50  p90  p99  max  share
  idle_0        0   0      -    -    -    -    -      -
  idle_1        0   0      -    -    -    -    -      -
  idle_2        0   0      -    -    -    -    -      -
  idle_3        0   0      -    -    -    -    -      -

1 site could not be read: a `Display` of a label panicked
",
    );
    shows(
        &table,
        "
perfkit  shop 1.4.2  up 1h 00m  last 1m 05s  0 calls  0/s

Operations
  + 4 sites not called

1 site could not be read: a `Display` of a label panicked
",
    );
}

#[test]
fn a_panic_is_an_error_and_what_seldom_happens_has_a_column_when_it_does() {
    let of_panics = |op: &str, panics: u64| {
        let mut metrics = calls(0, 1, 0.0, &[]);
        for metric in &mut metrics {
            match (metric.name, &mut metric.value) {
                ("calls", Value::Counter(calls)) => *calls = 1 + panics,
                ("outcomes", Value::Counters { parts, .. }) => {
                    *parts = vec![("ok", 1), ("error", 0), ("panic", panics), ("cancelled", 0)];
                }
                _ => {}
            }
        }
        answer(&OPERATIONS, op, metrics)
    };
    let report = report_of(vec![of_panics("calm", 0), of_panics("loud", 3)]);
    shows(
        &report.table().unicode(true).width(60),
        "
perfkit  shop 1.4.2  5 calls  <0.01/s  errors 60.00 %

Operations  calls     /s  err %  panics  p50  p99  share
  loud          4  <0.01  75.00       3    -    -      -
  calm          1  <0.01      0       0    -    -      -
",
    );
    let calm = report_of(vec![of_panics("calm", 0)]);
    assert!(!calm.table().width(200).to_string().contains("panics"));
}

#[test]
fn nothing_annotated() {
    shows(
        &report_of(Vec::new()).table().width(120),
        "
perfkit  shop 1.4.2  pid 4242  up 1h 00m  nothing is annotated
",
    );
}

#[test]
fn a_saved_report_prints_the_same_table() {
    let report = report_of(shop());
    let saved = serde_json::to_string(&report).expect("it serialises");
    let read: crate::Report = serde_json::from_str(&saved).expect("it is read back");
    for width in [40, 80, 200] {
        let table = |report: &crate::Report| report.table().width(width).to_string();
        assert_eq!(table(&read), table(&report));
    }
}
