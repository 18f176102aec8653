//! What is printed: the rows of a run, and one verdict per target.

use std::fmt::Write as _;

use crate::harness::{Sample, Samples, least, median};
use crate::rows::Shape;

/// The rows hotpath is compared by, one for each shape of call.
const HOTPATH: [(Shape, &str); 3] = [
    (Shape::Sync, "measure"),
    (Shape::Ready, "measure async, ready"),
    (Shape::Suspended, "measure async, suspended once"),
];

/// The numbers of threads that rows are measured with.
const THREADS: [usize; 2] = [1, 2];

/// Names a row: tool, row, threads.
pub type Name = (&'static str, &'static str, usize);

fn of<'a>(samples: &'a Samples, (tool, row, threads): (&str, &str, usize)) -> Option<&'a [Sample]> {
    let key = (tool.to_owned(), row.to_owned(), threads);
    samples.get(&key).map(Vec::as_slice)
}

/// Every row: time per call, its ratio to two reads of the counter, its ratio to hotpath, processor time.
#[must_use]
pub fn calls(samples: &Samples) -> String {
    let mut text = format!(
        "{:<14} {:<32} {:>7} {:>9} {:>12} {:>10} {:>12}\n",
        "tool", "row", "threads", "ns/call", "x two reads", "x hotpath", "cpu ns/call"
    );
    if let Some(reads) = all_baselines(samples) {
        let _ = writeln!(
            text,
            "{:<14} {:<32} {:>7} {reads:>9.1} {:>12.2}",
            "none", "two quanta reads", "", 1.0
        );
    }
    for ((tool, row, threads), rounds) in samples {
        let peer = rounds.first().and_then(|first| {
            let (_, name) = HOTPATH.iter().find(|(shape, _)| *shape == first.shape)?;
            of(samples, ("hotpath", name, *threads))
        });
        let _ = writeln!(
            text,
            "{tool:<14} {row:<32} {threads:>7} {:>9.1} {:>12.2} {:>10} {:>12.1}",
            middle(rounds, |sample| sample.ns),
            middle(rounds, |sample| sample.ratio),
            peer.map_or_else(
                || "-".to_owned(),
                |peer| format!("{:.2}", relative(rounds, peer))
            ),
            middle(rounds, |sample| sample.processor_ns),
        );
    }
    text
}

fn all_baselines(samples: &Samples) -> Option<f64> {
    let all: Vec<_> = samples
        .values()
        .flatten()
        .map(|sample| sample.baseline_ns)
        .collect();
    (!all.is_empty()).then(|| median(all))
}

fn middle(rounds: &[Sample], figure: impl Fn(&Sample) -> f64) -> f64 {
    median(rounds.iter().map(figure).collect())
}

/// Median over the rounds of one row's ratio to another, each over its own baseline of that round.
fn relative(rounds: &[Sample], to: &[Sample]) -> f64 {
    median(
        rounds
            .iter()
            .zip(to)
            .map(|(row, to)| row.ratio / to.ratio)
            .collect(),
    )
}

/// What stands in the last column of the rows of a shape: its heading and its figure.
pub type Last = (&'static str, fn(&Sample) -> f64);

/// Loads per call.
pub const LOADS: Last = ("loads/call", |sample| sample.loads);
/// Allocations per call.
pub const ALLOCATIONS: Last = ("alloc/call", |sample| sample.allocations);

/// The rows of several shapes, each with its title and the row that the others are compared with, of perfkit's.
#[must_use]
pub fn shapes(samples: &Samples, shapes: &[(Shape, &str, &str)], last: Last) -> String {
    let each = shapes.iter();
    each.map(|&(of, title, row)| shape(samples, of, title, ("perfkit", row), last))
        .collect()
}

/// The rows of one shape: for each number of threads the time per call, how much of it is over the baseline, and how
/// many times the reference row's it is; then `last`. Empty when there are no such rows.
#[must_use]
pub fn shape(
    samples: &Samples,
    shape: Shape,
    title: &str,
    reference: (&str, &str),
    last: Last,
) -> String {
    let mut rows: Vec<(&str, &str)> = samples
        .iter()
        .filter(|(_, rounds)| rounds.first().is_some_and(|first| first.shape == shape))
        .map(|((tool, row, _), _)| (tool.as_str(), row.as_str()))
        .collect();
    rows.dedup();
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!("{title:<44}");
    for threads in THREADS {
        let ns = format!("ns, {threads}T");
        let _ = write!(text, " {ns:>9} {:>9} {:>9}", "over bare", "x perfkit");
    }
    let _ = writeln!(text, " {:>10}", last.0);
    for (tool, row) in rows {
        let _ = write!(text, "  {tool:<12} {row:<29}");
        let of_row = |threads| samples.get(&(tool.to_owned(), row.to_owned(), threads));
        for threads in THREADS {
            let Some(rounds) = of_row(threads) else {
                let _ = write!(text, " {:>9} {:>9} {:>9}", "-", "-", "-");
                continue;
            };
            let times = of(samples, (reference.0, reference.1, threads)).map_or_else(
                || "-".to_owned(),
                |reference| format!("{:.2}", relative(rounds, reference)),
            );
            let _ = write!(
                text,
                " {:>9.1} {:>9.1} {times:>9}",
                middle(rounds, |sample| sample.ns),
                middle(rounds, |sample| sample.over_ns),
            );
        }
        let figure = of_row(1).map_or(0.0, |rounds| middle(rounds, last.1));
        let _ = writeln!(text, " {figure:>10.3}");
    }
    text.push('\n');
    text
}

/// The rows that have a peer for their baseline: the time of each, that of the peer, and the one over the other.
#[must_use]
pub fn paired(samples: &Samples, tool: &str, names: &[&str]) -> String {
    let mut text = format!("{:<44}", "side by side in one process");
    for threads in THREADS {
        let ns = format!("ns, {threads}T");
        let _ = write!(text, " {ns:>9} {:>9} {:>9}", "beside", "ratio");
    }
    text.push('\n');
    for name in names {
        let _ = write!(text, "  {name:<42}");
        for threads in THREADS {
            let Some(rounds) = of(samples, (tool, name, threads)) else {
                let _ = write!(text, " {:>9} {:>9} {:>9}", "-", "-", "-");
                continue;
            };
            let _ = write!(
                text,
                " {:>9.1} {:>9.1} {:>9.2}",
                middle(rounds, |sample| sample.ns),
                middle(rounds, |sample| sample.baseline_ns),
                middle(rounds, |sample| sample.ratio),
            );
        }
        text.push('\n');
    }
    text.push('\n');
    text
}

/// One row over its baseline, pair by pair of blocks.
#[must_use]
pub fn beside(samples: &Samples, row: Name) -> Option<f64> {
    Some(middle(of(samples, row)?, |sample| sample.ratio))
}

/// How many nanoseconds a row costs over its baseline.
#[must_use]
pub fn over(samples: &Samples, row: Name) -> Option<f64> {
    Some(middle(of(samples, row)?, |sample| sample.over_ns))
}

/// The same of the least time of any block, of the row and of its baseline; see [`crate::harness`] for why.
#[must_use]
pub fn least_over(samples: &Samples, row: Name) -> Option<f64> {
    let rounds = of(samples, row)?;
    let least_of = |figure: fn(&Sample) -> f64| least(rounds.iter().map(figure));
    Some(least_of(|sample| sample.least_ns) - least_of(|sample| sample.least_baseline_ns))
}

/// The time of a row over that of the fastest of the same shape of any other tool `but` these. Time by time: a baseline of
/// less than a nanosecond makes of each ratio to it mostly noise.
#[must_use]
pub fn times_fastest(samples: &Samples, row: Name, but: &[&str]) -> Option<f64> {
    let time = |rounds: &[Sample]| middle(rounds, |sample| sample.ns);
    let fastest = peers(samples, row, but)?.map(time).reduce(f64::min)?;
    Some(time(of(samples, row)?) / fastest)
}

/// The rows of the same shape, on as many threads, of any other tool `but` these.
fn peers<'s>(
    samples: &'s Samples,
    row: Name,
    but: &[&str],
) -> Option<impl Iterator<Item = &'s [Sample]>> {
    let shape = of(samples, row)?.first()?.shape;
    Some(
        samples
            .iter()
            .filter(move |((tool, _, threads), _)| {
                tool != row.0 && !but.contains(&tool.as_str()) && *threads == row.2
            })
            .map(|(_, rounds)| rounds.as_slice())
            .filter(move |rounds| rounds.first().is_some_and(|first| first.shape == shape)),
    )
}

/// One row over another, each over its own baseline.
fn ratio(samples: &Samples, row: Name, to: Name) -> Option<f64> {
    Some(relative(of(samples, row)?, of(samples, to)?))
}

/// How many allocations a call of a row makes.
#[must_use]
pub fn allocations(samples: &Samples, row: Name) -> Option<f64> {
    Some(middle(of(samples, row)?, |sample| sample.allocations))
}

/// The largest of a figure over the rows of one tool.
#[must_use]
pub fn most(samples: &Samples, tool: &str, figure: fn(&Sample) -> f64) -> Option<f64> {
    samples
        .iter()
        .filter(|((of, _, _), _)| of == tool)
        .map(|(_, rounds)| middle(rounds, figure))
        .reduce(f64::max)
}

/// One row over the fastest of the same shape of any other tool `but` these, each over its own baseline.
#[must_use]
pub fn over_fastest(samples: &Samples, row: Name, but: &[&str]) -> Option<f64> {
    let rounds = of(samples, row)?;
    peers(samples, row, but)?
        .map(|peer| relative(rounds, peer))
        .reduce(f64::max)
}

/// One promise about a row, as a ratio that must not be larger than a limit.
pub struct Target {
    /// What is promised.
    pub says: &'static str,
    /// The row.
    pub row: Name,
    /// What it is compared with; the baseline when there is no other.
    pub to: Option<Name>,
    /// The largest ratio that keeps the promise.
    pub limit: f64,
}

/// One line per target, in the order given.
#[must_use]
pub fn verdict(samples: &Samples, targets: &[Target]) -> String {
    let mut text = heading("ratio");
    for target in targets {
        let ratio = match target.to {
            None => beside(samples, target.row),
            Some(to) => ratio(samples, target.row, to),
        };
        text.push_str(&line(target.says, ratio, target.limit));
    }
    text
}

/// The first line of a verdict.
#[must_use]
pub fn heading(figure: &str) -> String {
    format!("\n{:<58} {figure:>9} {:>9}\n", "target", "limit")
}

/// One line of a verdict. A figure that was not measured is no success.
#[must_use]
pub fn line(says: &str, figure: Option<f64>, limit: f64) -> String {
    match figure {
        Some(figure) => {
            let word = if figure <= limit { "ok" } else { "OVER" };
            format!("{says:<58} {figure:>9.2} {limit:>9.2}  {word}\n")
        }
        None => format!("{says:<58} {:>9} {limit:>9.2}  not measured\n", "-"),
    }
}
