//! Rounds of processes: how every call cost here is measured.
//!
//! Every tool has a process of its own, because two with a global recorder or a background thread cannot share one
//! fairly; all of them live as long as the run and only the one whose turn it is works. In a round each measures all
//! its rows once, in an order of tools that rotates. A row's calls come in blocks that alternate with blocks of its
//! baseline (a function around which the time-stamp counter is read twice, as cheaply as safe code can, unless the row
//! names another) on the same pinned threads; which of the two goes first changes from block to block, because each leaves the
//! other what it has put into the processor's caches. A round's figure is the median of its blocks, a run's the median of its rounds; a ratio of two tools
//! is taken within one round, each relative to its own baseline.
//!
//! What it does not do: subtract the loop, or compare figures of different runs; the baseline is subtracted in the
//! figures that say so. A median hides what
//! happens to fewer than half of the blocks; the processor time does not, and counts background threads too.
//!
//! A difference of a nanosecond or two is smaller than what a median moves by when somebody else has the other half of the
//! processor's core: all that is not waiting takes up to twice as long then. So the least time of any block is kept
//! besides, of the row and of its baseline; there are enough short blocks that some of each had the core for themselves.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::atomic::{
    AtomicUsize,
    Ordering::{AcqRel, Acquire},
};
use std::sync::{Barrier, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::allocations;
use crate::child::{self, Child};
use crate::process;
use crate::rows::{self, Row, Shape, Tool};

/// One measurement of one row in one round.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sample {
    /// The tool's name.
    pub tool: String,
    /// The row's name.
    pub row: String,
    /// What it is compared with.
    pub shape: Shape,
    /// Threads that called it at the same time, each on its own processor.
    pub threads: usize,
    /// Time per call, in nanoseconds, mean of the threads.
    pub ns: f64,
    /// The same of the baseline beside it.
    pub baseline_ns: f64,
    /// The one over the other.
    pub ratio: f64,
    /// The one less the other.
    pub over_ns: f64,
    /// The least time per call of any block.
    pub least_ns: f64,
    /// The same of the baseline.
    pub least_baseline_ns: f64,
    /// Loads per call, as [`rows::count_load`] was told.
    pub loads: f64,
    /// Allocations per call; 0 where the program does not count them.
    pub allocations: f64,
    /// Processor time of the whole process per call, in nanoseconds.
    pub processor_ns: f64,
}

/// All samples: by tool, row and threads, one per round.
pub type Samples = BTreeMap<(String, String, usize), Vec<Sample>>;

/// The options every bench has.
pub struct Options {
    /// Rounds.
    pub rounds: usize,
    /// Calls per row, thread and round.
    pub calls: u64,
    /// Only these tools, when any are named.
    pub only: Vec<String>,
    /// Where to write every sample.
    pub json: Option<String>,
}

impl Options {
    /// Reads `--rounds N`, `--calls N`, `--only TOOL` (may be repeated) and `--json PATH`; ends the process with a
    /// sentence when it cannot.
    #[must_use]
    pub fn from_arguments(rounds: usize, calls: u64) -> Self {
        let mut arguments = pico_args::Arguments::from_env();
        let read = |arguments: &mut pico_args::Arguments| -> Result<Self, pico_args::Error> {
            Ok(Self {
                rounds: arguments
                    .opt_value_from_str("--rounds")?
                    .unwrap_or(rounds)
                    .max(1),
                calls: arguments
                    .opt_value_from_str("--calls")?
                    .unwrap_or(calls)
                    .max(1),
                only: arguments.values_from_str("--only")?,
                json: arguments.opt_value_from_str("--json")?,
            })
        };
        let options = read(&mut arguments).unwrap_or_else(|error| usage(&error.to_string()));
        let rest = arguments.finish();
        if !rest.is_empty() {
            usage(&format!("unknown argument {}", rest[0].display()));
        }
        options
    }

    /// Whether this tool is asked for.
    #[must_use]
    pub fn wants(&self, tool: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == tool)
    }

    /// Writes the samples when a path was given.
    ///
    /// # Panics
    ///
    /// When they are not plain values.
    pub fn save(&self, samples: &impl Serialize) {
        if let Some(path) = &self.json {
            let text = serde_json::to_string_pretty(samples).expect("samples are plain values");
            if let Err(error) = std::fs::write(path, text) {
                eprintln!("cannot write {path}: {error}");
            }
        }
    }
}

fn usage(complaint: &str) -> ! {
    eprintln!("{complaint}\nusage: [--rounds N] [--calls N] [--only TOOL]... [--json PATH]");
    std::process::exit(2)
}

/// Measures all tools, round after round.
#[must_use]
pub fn rounds(tools: &[Tool], options: &Options) -> Samples {
    let mut running: Vec<_> = tools
        .iter()
        .filter(|tool| options.wants(tool.name))
        .map(|tool| (tool.name, Child::start(tool.name, &[])))
        .collect();
    let mut samples = Samples::new();
    let tools = running.len();
    for round in 0..options.rounds {
        for turn in 0..tools {
            let (name, child) = &mut running[(round + turn) % tools];
            eprint!("\rround {}/{}  {name:<16}", round + 1, options.rounds);
            for sample in child.ask::<Vec<Sample>>() {
                let key = (sample.tool.clone(), sample.row.clone(), sample.threads);
                samples.entry(key).or_default().push(sample);
            }
        }
    }
    eprintln!("\r{:<40}", "");
    samples
}

/// In a child that was started for one of these tools: fills what its rows need, measures them whenever it is asked, and never
/// returns. In the parent it does nothing.
///
/// # Panics
///
/// When the parent has named none of the tools.
pub fn serve(tools: &[Tool], threads: &[usize], calls: u64) {
    let Some(task) = child::task() else {
        return;
    };
    let tool = tools.iter().find(|tool| tool.name == task);
    let tool = tool.expect("the parent names a tool of the table");
    (tool.start)();
    for row in (tool.rows)() {
        (row.fill)();
    }
    child::serve(|| measure(tool, threads, calls));
}

/// Measures the rows of one tool once, on each number of threads.
#[must_use]
pub fn measure(tool: &Tool, threads: &[usize], calls: u64) -> Vec<Sample> {
    let mut samples = Vec::new();
    for row in (tool.rows)() {
        for &threads in threads {
            samples.push(sample(tool, &row, threads, calls));
        }
    }
    samples
}

/// Blocks that a round's calls are split into, the baseline's and the row's in turn: short enough that most of them
/// run between two interruptions of a busy machine, long enough for every cost that comes once per some thousand calls.
const BLOCKS: u64 = 20;

/// One thread's figures.
struct Figures {
    /// Times of each pair of blocks: the baseline's and the row's.
    pairs: Vec<(Duration, Duration)>,
    /// Processor time of the process over the row's blocks.
    processor: Duration,
    /// Loads over the row's blocks.
    loads: u64,
    /// Allocations over the row's blocks.
    allocations: u64,
}

fn sample(tool: &Tool, row: &Row, threads: usize, calls: u64) -> Sample {
    let reads = (calls / BLOCKS).max(1);
    let turns = (reads / row.calls_per_turn).max(1);
    let start = Start {
        barrier: Barrier::new(threads),
        gate: Gate::new(threads),
    };
    let of_threads: Vec<Figures> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                let start = &start;
                scope.spawn(move || of_thread(tool, row, thread, start, reads, turns))
            })
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("a measuring thread does not panic"))
            .collect()
    });
    let block_calls = count(turns * row.calls_per_turn);
    let all_calls = block_calls * count(BLOCKS) * count(threads as u64);
    // One pair of figures per block: the mean of the threads, per call.
    let blocks: Vec<(f64, f64)> = (0..of_threads[0].pairs.len())
        .map(|block| {
            let of_block = || of_threads.iter().map(|figures| figures.pairs[block]);
            let baseline: Duration = of_block().map(|(baseline, _)| baseline).sum();
            let cost: Duration = of_block().map(|(_, cost)| cost).sum();
            let threads = count(threads as u64);
            (
                nanoseconds(cost) / block_calls / threads,
                nanoseconds(baseline) / count(reads) / threads,
            )
        })
        .collect();
    Sample {
        tool: tool.name.to_owned(),
        row: row.name.to_owned(),
        shape: row.shape,
        threads,
        ns: median(blocks.iter().map(|(cost, _)| *cost).collect()),
        baseline_ns: median(blocks.iter().map(|(_, baseline)| *baseline).collect()),
        ratio: median(
            blocks
                .iter()
                .map(|(cost, baseline)| cost / baseline)
                .collect(),
        ),
        over_ns: median(
            blocks
                .iter()
                .map(|(cost, baseline)| cost - baseline)
                .collect(),
        ),
        least_ns: least(blocks.iter().map(|(cost, _)| *cost)),
        least_baseline_ns: least(blocks.iter().map(|(_, baseline)| *baseline)),
        loads: count(of_threads.iter().map(|figures| figures.loads).sum()) / all_calls,
        allocations: count(of_threads.iter().map(|figures| figures.allocations).sum()) / all_calls,
        // Read by the first thread, for the whole process.
        processor_ns: nanoseconds(of_threads[0].processor) / all_calls,
    }
}

fn of_thread(
    tool: &Tool,
    row: &Row,
    thread: usize,
    start: &Start,
    reads: u64,
    turns: u64,
) -> Figures {
    let Start { barrier, gate } = start;
    process::pin(thread);
    let rest = || {
        barrier.wait();
        if tool.background && thread == 0 {
            process::settle();
        }
        barrier.wait();
    };
    // What a thread's first calls pay once, growing buffers included, is not the cost of a call.
    (row.prepare)(turns.max(reads) * BLOCKS);
    (row.run)(turns * BLOCKS);
    (row.beside)(reads * BLOCKS);
    rest();
    let mut pairs = Vec::new();
    let mut baselines = Duration::ZERO;
    let mut allocated = 0;
    let mut loaded = 0;
    let start = process::processor_time();
    for block in 0..BLOCKS {
        let read = process::processor_time();
        (row.prepare)(reads.max(turns));
        gate.wait();
        let first = block.is_multiple_of(2);
        let first = first.then(|| timed(row.beside, reads));
        gate.wait();
        baselines += process::processor_time() - read;
        let (allocations, loads) = (allocations::of_this_thread(), rows::loads());
        let cost = timed(row.run, turns);
        allocated += allocations::of_this_thread() - allocations;
        loaded += rows::loads() - loads;
        barrier.wait();
        let read = process::processor_time();
        gate.wait();
        let beside = first.unwrap_or_else(|| timed(row.beside, reads));
        gate.wait();
        baselines += process::processor_time() - read;
        pairs.push((beside, cost));
        barrier.wait();
    }
    rest();
    Figures {
        pairs,
        processor: (process::processor_time() - start).saturating_sub(baselines),
        loads: loaded,
        allocations: allocated,
    }
}

/// How the threads of a row keep in step: asleep where they may have to wait long, awake where they start together.
struct Start {
    barrier: Barrier,
    gate: Gate,
}

/// A barrier that waits awake, because a thread that has to be woken starts tens of microseconds after the other.
struct Gate {
    threads: usize,
    arrived: AtomicUsize,
}

impl Gate {
    const fn new(threads: usize) -> Self {
        Self {
            threads,
            arrived: AtomicUsize::new(0),
        }
    }

    fn wait(&self) {
        let place = self.arrived.fetch_add(1, AcqRel) + 1;
        let all = place.div_ceil(self.threads) * self.threads;
        while self.arrived.load(Acquire) < all {
            // The other may be waiting for this very processor.
            thread::yield_now();
        }
    }
}

fn timed(run: fn(u64), turns: u64) -> Duration {
    let start = Instant::now();
    run(turns);
    start.elapsed()
}

fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of calls stay far below 2^52"
)]
fn count(calls: u64) -> f64 {
    calls as f64
}

static CLOCK: LazyLock<quanta::Clock> = LazyLock::new(quanta::Clock::new);

/// The baseline: the bare function between two raw reads of the time-stamp counter.
pub fn two_reads_of_the_counter(turns: u64) {
    let clock = &*CLOCK;
    for turn in 0..turns {
        black_box(two_reads(clock, black_box(turn)));
    }
}

#[inline(never)]
fn two_reads(clock: &quanta::Clock, x: u64) -> u64 {
    let start = clock.raw();
    let answer = black_box(crate::tools::body(x));
    black_box(clock.raw().wrapping_sub(start));
    answer
}

/// The smallest of some figures.
pub fn least(figures: impl Iterator<Item = f64>) -> f64 {
    figures.fold(f64::INFINITY, f64::min)
}

/// The middle of some figures; the mean of the two middle ones when their number is even.
///
/// # Panics
///
/// When there are none.
#[must_use]
pub fn median(mut figures: Vec<f64>) -> f64 {
    assert!(!figures.is_empty(), "a median needs a figure");
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    if figures.len() % 2 == 1 {
        figures[middle]
    } else {
        f64::midpoint(figures[middle - 1], figures[middle])
    }
}
