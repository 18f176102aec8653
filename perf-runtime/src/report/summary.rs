//! The whole program in a few numbers, read off the arrays of the report by the names their form gives them.

use super::layout::float;
use super::row::Row;
use super::value::{Report, Summary};

impl Summary {
    pub(super) fn of(report: &Report) -> Self {
        let operations = report.section("operations");
        let total_operations = sum(operations, |row| row.count("calls"));
        let failed = sum(operations, |row| {
            let error = row.part("outcomes", "error")?;
            Some(error.saturating_add(row.part("outcomes", "panic").unwrap_or(0)))
        });
        let caches = report.section("caches");
        let hits = sum(caches, |row| row.part("found", "hit"));
        let misses = sum(caches, |row| row.part("found", "miss"));
        let pools = report.section("pools");
        let breakers = report.section("breakers");
        let open = breakers
            .iter()
            .filter(|row| row.state("state") == Some("open"));
        Self {
            total_operations,
            operations_per_second: total_operations.and_then(|calls| {
                let window = report.window_seconds;
                (window > 0.0).then(|| float(calls) / window)
            }),
            total_seconds: operations
                .iter()
                .filter_map(|row| row.seconds("self"))
                .reduce(|total, own| total + own),
            error_ratio: ratio(failed, total_operations),
            hit_ratio: ratio(hits, hits.zip(misses).map(|(h, m)| h.saturating_add(m))),
            pool_utilisation_ratio: ratio(
                sum(pools, |row| row.count("in_use")),
                sum(pools, |row| row.count("max")),
            ),
            open_breakers: (!breakers.is_empty()).then(|| open.fold(0, |n, _| n + 1)),
        }
    }
}

fn sum(rows: &[Row], number: impl Fn(&Row) -> Option<u64>) -> Option<u64> {
    rows.iter().filter_map(number).reduce(u64::saturating_add)
}

fn ratio(part: Option<u64>, all: Option<u64>) -> Option<f64> {
    let (part, all) = part.zip(all)?;
    (all > 0).then(|| float(part) / float(all))
}
