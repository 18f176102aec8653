//! What a report of 1,000 functions costs while a thread keeps calling them.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

use perfkit_benches::child::{self, Child};
use perfkit_benches::harness::{Options, median};
use perfkit_benches::tools::{self, Recorder};
use perfkit_benches::{process, table};
use serde::{Deserialize, Serialize};

/// Calls of every function in each of ten octaves before the first report, from 50 ns to 25 µs.
const CALLS_PER_OCTAVE: usize = 20;
/// How long a call of the writing thread takes: a million calls a second at most, which every tool here keeps up with.
const WRITER_NANOSECONDS: u64 = 1_000;

/// One report.
#[derive(Serialize, Deserialize)]
struct Taken {
    tool: String,
    milliseconds: f64,
    bytes: usize,
    /// Calls the writing thread made meanwhile: 0 would be a report that stops the program.
    writer_calls: u64,
}

fn fill(tool: &Recorder) {
    (tool.start)();
    for octave in 0..10 {
        for site in tool.sites {
            for _ in 0..CALLS_PER_OCTAVE {
                black_box(site(50 << octave));
            }
        }
    }
    if tool.background {
        process::settle();
    }
    drop((tool.report)()); // the first pays for what waited, and for pages
}

fn take(tool: &Recorder) -> Taken {
    let done = AtomicBool::new(false);
    let calls = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            process::pin(1);
            for site in tool.sites.iter().cycle() {
                if done.load(Relaxed) {
                    break;
                }
                black_box(site(WRITER_NANOSECONDS));
                calls.fetch_add(1, Relaxed);
            }
        });
        process::pin(0);
        while calls.load(Relaxed) < 1_000 {
            std::hint::spin_loop();
        }
        let before = calls.load(Relaxed);
        let start = Instant::now();
        let text = (tool.report)();
        let took = start.elapsed();
        let writer_calls = calls.load(Relaxed) - before;
        done.store(true, Relaxed);
        Taken {
            tool: tool.name.to_owned(),
            milliseconds: took.as_secs_f64() * 1e3,
            bytes: text.len(),
            writer_calls,
        }
    })
}

fn main() {
    let options = Options::from_arguments(15, 1);
    if let Some(task) = child::task() {
        let tool = tools::RECORDERS.iter().find(|tool| tool.name == task);
        let tool = tool.expect("the parent names a tool of the table");
        fill(tool);
        child::serve(|| take(tool));
    }
    println!(
        "{}{} rounds: a report of {} functions as text while one thread calls them\n",
        process::heading(&process::MEASURING),
        options.rounds,
        tools::perfkit::SITES.len(),
    );
    // hdrhistogram by hand has no report to take.
    let mut running: Vec<_> = tools::RECORDERS
        .iter()
        .filter(|tool| options.wants(tool.name) && tool.name != "hdrhistogram")
        .map(|tool| {
            (
                tool.name,
                Child::start(tool.name, &tools::hotpath::server()),
                Vec::<Taken>::new(),
            )
        })
        .collect();
    let tools = running.len();
    for round in 0..options.rounds {
        for turn in 0..tools {
            let (_, child, taken) = &mut running[(round + turn) % tools];
            taken.push(child.ask());
        }
    }
    println!(
        "{:<14} {:>10} {:>12} {:>14}",
        "tool", "ms", "bytes", "writer calls"
    );
    for (name, _, taken) in &running {
        println!(
            "{name:<14} {:>10.2} {:>12} {:>14}",
            median(taken.iter().map(|taken| taken.milliseconds).collect()),
            taken.last().map_or(0, |taken| taken.bytes),
            taken
                .iter()
                .map(|taken| taken.writer_calls)
                .min()
                .unwrap_or(0),
        );
    }
    let figures = |tool: &str| {
        let (_, _, taken) = running.iter().find(|(name, _, _)| *name == tool)?;
        let reported = taken.iter().all(|taken| taken.bytes > 0);
        reported.then(|| {
            taken
                .iter()
                .map(|taken| taken.milliseconds)
                .collect::<Vec<_>>()
        })
    };
    let ratio = |peer: &str| {
        let pairs = figures("perfkit")?.into_iter().zip(figures(peer)?);
        Some(median(pairs.map(|(ours, theirs)| ours / theirs).collect()))
    };
    print!(
        "{}{}{}{}",
        table::heading("figure"),
        table::line(
            "perfkit, milliseconds for 1,000 functions as JSON",
            figures("perfkit").map(median),
            5.0
        ),
        table::line("perfkit / hotpath", ratio("hotpath"), 0.5),
        table::line("perfkit / metrics", ratio("metrics"), 5.0 / 162.0),
    );
    let all: Vec<_> = running
        .into_iter()
        .flat_map(|(_, _, taken)| taken)
        .collect();
    options.save(&all);
}
