//! What an item of a batch costs, for one caller and for many, and what a call costs that others run, for every tool.

use perfkit_benches::allocations::CountingByThread;
use perfkit_benches::harness::{self, Options, Samples};
use perfkit_benches::rows::Shape;
use perfkit_benches::{batches, child, process, table};

#[global_allocator]
static ALLOCATOR: CountingByThread = CountingByThread;

/// The shapes in the order they are printed, and perfkit's row that the others are compared with.
const SHAPES: [(Shape, &str, &str); 7] = [
    (Shape::Alone, "a lone caller", ALONE),
    (Shape::Batch64, "64 callers on a thread", "64 callers"),
    (
        Shape::Batch64Two,
        "64 callers on two threads",
        "64 callers, two threads",
    ),
    (
        Shape::Batch1024,
        "1,024 callers on a thread",
        "1,024 callers",
    ),
    (
        Shape::Batch1024Two,
        "1,024 callers on two threads",
        "1,024 callers, two threads",
    ),
    (Shape::Offloaded, "a call that others run", OFFLOADED),
    (Shape::Offloaded64, "the same, 64 callers", OFFLOADED_64),
];

const ALONE: &str = "batched";
const OFFLOADED: &str = "offloaded";
const OFFLOADED_64: &str = "offloaded, 64 callers";

/// Rows whose allocations are all on the thread that measures.
const ON_A_THREAD: [&str; 2] = ["64 callers", "1,024 callers"];

fn verdict(samples: &Samples) -> String {
    let mut text = table::heading("figure");
    let alone = table::over(samples, ("perfkit", ALONE, 1));
    text.push_str(&table::line("a lone caller, ns", alone, 1_000.0));
    for (shape, title, row) in SHAPES {
        if matches!(shape, Shape::Alone) {
            continue;
        }
        let limit = match shape {
            Shape::Offloaded | Shape::Offloaded64 => 1.0,
            _ => 1.0 / 1.5,
        };
        let figure = table::over_fastest(samples, ("perfkit", row, 1), &[]);
        let says = format!("{title} / fastest peer");
        text.push_str(&table::line(&says, figure, limit));
    }
    for row in ON_A_THREAD {
        let says = format!("{row}, allocations per item");
        let figure = table::allocations(samples, ("perfkit", row, 1));
        text.push_str(&table::line(&says, figure, 1.0));
    }
    text
}

fn main() {
    let options = Options::from_arguments(9, 200_000);
    if let Some(task) = child::task() {
        let of = |tools: &'static [_], calls| {
            let named = |tool: &&perfkit_benches::rows::Tool| tool.name == task;
            tools.iter().find(named).map(|tool| (tool, calls))
        };
        let tool = of(batches::ALL, options.calls);
        let tool = tool.or_else(|| of(batches::SLOW, (options.calls / 1_000).max(20)));
        let (tool, calls) = tool.expect("the parent names a tool of the tables");
        (tool.start)();
        child::serve(|| harness::measure(tool, &[1], calls));
    }
    println!(
        "{}{} rounds of {} calls per row, a thousandth where a lone caller waits for a timer\n",
        process::heading(&process::BATCHING),
        options.rounds,
        options.calls,
    );
    let mut samples = harness::rounds(batches::ALL, &options);
    samples.extend(harness::rounds(batches::SLOW, &options));
    print!("{}", table::shapes(&samples, &SHAPES, table::ALLOCATIONS));
    println!(
        "allocations: those of the thread that measures; of what two threads do, and of workers, only a part. A runtime of one\nthread is on that thread."
    );
    print!("{}", verdict(&samples));
    let flat: Vec<_> = samples.values().flatten().collect();
    options.save(&flat);
}
