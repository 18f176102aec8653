//! How much of a trace each cache answers, at 1, 5 and 20 % of its keys.
//!
//! One table: Belady's optimum, the peers, perfkit. A hit ratio has no noise of the machine in it, so there are no
//! rounds; peers that choose their hash seeds or clean up in the background differ by a few tenths from run to run.
//!
//! What it does not say: what a hit or a miss costs. The bounds are on entries; some peers exceed theirs for a while.

mod caches;
mod traces;

use std::path::PathBuf;
use std::process::exit;
use std::thread;

use perfkit_benches::{process, table};

use self::caches::{Cache, OPTIMUM, OURS, PEERS};
use self::traces::Trace;

/// One trace at one size: percents, in the order of the columns.
struct Row {
    name: String,
    ratios: Vec<f64>,
}

impl Row {
    fn best_peer(&self) -> f64 {
        self.ratios[1..=PEERS.len()]
            .iter()
            .copied()
            .fold(0.0, f64::max)
    }

    /// By how many points a column is behind the best peer of this row.
    fn regret(&self, column: usize) -> f64 {
        self.best_peer() - self.ratios[column]
    }
}

fn columns() -> impl Iterator<Item = &'static Cache> {
    std::iter::once(&OPTIMUM).chain(PEERS).chain(OURS)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn percent(part: usize, whole: usize) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

fn measure(trace: &Trace) -> Vec<Row> {
    let row = |size: usize| Row {
        name: format!("{} {size}", trace.name),
        ratios: columns()
            .map(|cache| percent((cache.hits)(trace, size), trace.keys.len()))
            .collect(),
    };
    thread::scope(|scope| {
        let sizes: Vec<_> = trace
            .sizes()
            .into_iter()
            .map(|size| scope.spawn(move || row(size)))
            .collect();
        sizes
            .into_iter()
            .map(|row| row.join().expect("a replay does not fail"))
            .collect()
    })
}

fn print(name: &str, figures: impl IntoIterator<Item = f64>) {
    let figures: String = figures
        .into_iter()
        .map(|figure| format!(" {figure:>12.2}"))
        .collect();
    println!("{name:<28}{figures}");
}

fn mean(figures: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = figures.clone().count();
    #[expect(clippy::cast_precision_loss, reason = "a few rows")]
    let mean = figures.sum::<f64>() / count.max(1) as f64;
    mean
}

fn directory() -> Option<PathBuf> {
    let mut arguments = pico_args::Arguments::from_env();
    let given = arguments
        .opt_value_from_os_str("--traces", |path| {
            Ok::<_, std::convert::Infallible>(PathBuf::from(path))
        })
        .unwrap_or_else(|error| usage(&error.to_string()));
    if let Some(unknown) = arguments.finish().first() {
        usage(&format!("unknown argument {}", unknown.display()));
    }
    given.or_else(|| std::env::var_os("PERFKIT_TRACES").map(PathBuf::from))
}

fn usage(wrong: &str) -> ! {
    eprintln!("{wrong}\nusage: hit_ratio [--traces DIRECTORY]");
    exit(2)
}

fn main() {
    let traces = traces::read_all(directory()).unwrap_or_else(|error| {
        eprintln!("cannot read the traces: {error}");
        exit(1)
    });
    println!(
        "{}hits in per cent of the requests, by trace and entries\n",
        process::heading(&process::CACHING)
    );
    let names: String = columns()
        .map(|cache| format!(" {:>12}", cache.name))
        .collect();
    println!("{:<28}{names}", "trace and entries");
    let mut rows = Vec::new();
    for trace in &traces {
        for row in measure(trace) {
            print(&row.name, row.ratios.iter().copied());
            rows.push(row);
        }
    }
    let width = columns().count();
    let all = |figure: &dyn Fn(&Row, usize) -> f64| -> Vec<f64> {
        (0..width)
            .map(|column| mean(rows.iter().map(|row| figure(row, column))))
            .collect()
    };
    let worst = |column: usize| {
        rows.iter()
            .map(|row| row.regret(column))
            .fold(f64::MIN, f64::max)
    };
    let means = all(&|row, column| row.ratios[column]);
    println!();
    print("mean", means.iter().copied());
    print("behind the best peer, mean", all(&Row::regret));
    print("behind the best peer, worst", (0..width).map(worst));

    let ours = PEERS.len() + 1;
    let best = means[1..ours].iter().copied().fold(0.0, f64::max);
    print!(
        "{}{}{}",
        table::heading("figure"),
        table::line(
            "mean of the best peer / of perfkit",
            Some(best / means[ours]),
            1.0
        ),
        table::line(
            "perfkit behind the best peer of a row, points",
            Some(worst(ours)),
            6.0
        ),
    );
}
