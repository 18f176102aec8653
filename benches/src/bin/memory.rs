//! What a measured function keeps in memory: bytes per function and thread, allocations per call, growth over many calls.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;

use perfkit_benches::allocations::{self, Counting, live};
use perfkit_benches::child::{self, Child};
use perfkit_benches::harness::Options;
use perfkit_benches::tools::{self, Recorder};
use perfkit_benches::{process, table};
use serde::{Deserialize, Serialize};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Functions that are called; the figures are per function.
const SITES: usize = 50;
/// Calls of every function in each of ten octaves, from one microsecond to one millisecond.
const CALLS_PER_OCTAVE: usize = 4;
/// Threads that come and go, one call of every function each.
const THREADS: usize = 1_000;

/// What one tool keeps; bytes are per function and since the tool was started and used once.
#[derive(Serialize, Deserialize)]
struct Kept {
    tool: String,
    first_call: f64,
    ten_octaves: f64,
    second_thread: f64,
    threads_gone: f64,
    after_report: Option<f64>,
    allocations_per_call: f64,
    growth: u64,
}

fn ten_octaves(sites: &[fn(u64) -> u64]) {
    for octave in 0..10 {
        for site in sites {
            for _ in 0..CALLS_PER_OCTAVE {
                black_box(site(1_000 << octave));
            }
        }
    }
}

fn measure(tool: &Recorder, calls: u64) -> Kept {
    let (used, sites) = tool.sites.split_at(1);
    let sites = &sites[..SITES];
    let rest = || {
        if tool.background {
            process::settle();
        }
    };
    // What the tool keeps for itself and for its first thread is not a function's.
    black_box(used[0](0));
    rest();
    let empty = live();
    #[expect(clippy::cast_precision_loss, reason = "a small constant")]
    let per_site = || (live() - empty) / SITES as f64;

    for site in sites {
        black_box(site(0));
    }
    rest();
    let first_call = per_site();

    ten_octaves(sites);
    rest();
    let ten = per_site();

    let barrier = Barrier::new(2);
    let second_thread = thread::scope(|scope| {
        scope.spawn(|| {
            ten_octaves(sites);
            barrier.wait();
            barrier.wait(); // alive while its memory is counted
        });
        barrier.wait();
        rest();
        let bytes = per_site();
        barrier.wait();
        bytes
    });

    for _ in 0..THREADS {
        thread::scope(|scope| {
            scope.spawn(|| {
                for site in sites {
                    black_box(site(0));
                }
            });
        });
    }
    rest();
    let threads_gone = per_site();

    let text = (tool.report)();
    let reported = !text.is_empty();
    drop(text);
    let after_report = reported.then(per_site);

    rest();
    let resident = process::resident_bytes();
    let start = allocations::count();
    for _ in 0..calls {
        black_box(sites[0](black_box(0)));
    }
    let during = allocations::count() - start;
    let growth = process::resident_bytes().saturating_sub(resident);
    let start = allocations::count();
    rest();
    let afterwards = allocations::count() - start; // by the tool's own threads; reading the growth is not theirs
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let allocations_per_call = (during + afterwards) as f64 / calls as f64;
    Kept {
        tool: tool.name.to_owned(),
        first_call,
        ten_octaves: ten,
        second_thread,
        threads_gone,
        after_report,
        allocations_per_call,
        growth,
    }
}

fn main() {
    let options = Options::from_arguments(1, 10_000_000);
    if let Some(task) = child::task() {
        let tool = tools::RECORDERS.iter().find(|tool| tool.name == task);
        let tool = tool.expect("the parent names a tool of the table");
        (tool.start)();
        child::serve(|| measure(tool, options.calls));
    }
    println!(
        "{}bytes per function over {SITES} functions; growth is of resident memory over {} calls on one thread\n",
        process::heading(&process::MEASURING),
        options.calls,
    );
    println!(
        "{:<14} {:>10} {:>12} {:>12} {:>14} {:>13} {:>12} {:>14}",
        "tool",
        "first call",
        "10 octaves",
        "2nd thread",
        "1000 threads",
        "after report",
        "allocs/call",
        "growth bytes"
    );
    let mut all = Vec::new();
    for tool in tools::RECORDERS
        .iter()
        .filter(|tool| options.wants(tool.name))
    {
        // A process of its own, once: memory does not vary the way time does.
        let kept: Kept = Child::start(tool.name, &tools::hotpath::server()).ask();
        println!(
            "{:<14} {:>10.0} {:>12.0} {:>12.0} {:>14.0} {:>13} {:>12.6} {:>14}",
            kept.tool,
            kept.first_call,
            kept.ten_octaves,
            kept.second_thread,
            kept.threads_gone,
            kept.after_report
                .map_or_else(|| "-".to_owned(), |bytes| format!("{bytes:.0}")),
            kept.allocations_per_call,
            kept.growth,
        );
        all.push(kept);
    }
    let ours = all.iter().find(|kept| kept.tool == "perfkit");
    let hotpath = all.iter().find(|kept| kept.tool == "hotpath");
    print!(
        "{}{}{}{}",
        table::heading("figure"),
        table::line(
            "perfkit, bytes per function and thread, ten octaves",
            ours.map(|kept| kept.ten_octaves),
            6_144.0
        ),
        table::line(
            "perfkit, allocations per call after the first",
            ours.map(|kept| kept.allocations_per_call),
            0.0
        ),
        table::line(
            "perfkit / hotpath, bytes per function, ten octaves",
            ours.zip(hotpath)
                .map(|(ours, hotpath)| ours.ten_octaves / hotpath.ten_octaves),
            6.0 / 256.0,
        ),
    );
    options.save(&all);
}
