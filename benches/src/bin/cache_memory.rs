//! What a cache keeps in memory per entry, and what a hit allocates.

use perfkit_benches::allocations::{self, Counting, live};
use perfkit_benches::caches::{self, Store, keys};
use perfkit_benches::child::{self, Child};
use perfkit_benches::harness::Options;
use perfkit_benches::rows::{Shape, Tool};
use perfkit_benches::{process, table};
use serde::{Deserialize, Serialize};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A `u64` and another.
const PAYLOAD: f64 = 16.0;
/// Room and entries: what is full, large and small, and what has as much room again.
const FILLS: [(usize, usize); 3] = [
    (keys::MILLION_ENTRIES, keys::MILLION_ENTRIES),
    (keys::MILLION_ENTRIES / 10, keys::MILLION_ENTRIES / 10),
    (caches::ROOM_FOR_MILLION, keys::MILLION_ENTRIES),
];

/// What one store keeps.
#[derive(Serialize, Deserialize)]
struct Weighed {
    store: String,
    room: usize,
    offered: usize,
    kept: usize,
    /// Bytes per kept entry, its key and value not counted.
    over_payload: f64,
}

fn weigh(store: &Store, (room, entries): (usize, usize)) -> Weighed {
    let before = live();
    let kept = (store.fill)(room, entries);
    process::settle(); // some drop what they replaced from a thread of their own
    #[expect(clippy::cast_precision_loss, reason = "a few million entries")]
    let per_entry = (live() - before) / kept as f64;
    Weighed {
        store: store.name.to_owned(),
        room,
        offered: entries,
        kept,
        over_payload: per_entry - PAYLOAD,
    }
}

/// What the hits of one row allocate.
#[derive(Serialize, Deserialize)]
struct Hits {
    tool: String,
    row: String,
    allocations_per_call: f64,
}

fn hits(tool: &Tool, calls: u64) -> Vec<Hits> {
    (tool.start)();
    (tool.rows)()
        .into_iter()
        .filter(|row| matches!(row.shape, Shape::Hit | Shape::HitText | Shape::HitAsync))
        .map(|row| {
            (row.fill)();
            (row.prepare)(calls);
            (row.run)(calls); // what a thread's first calls allocate is not a hit's
            let before = allocations::of_this_thread();
            (row.run)(calls);
            let allocated = allocations::of_this_thread() - before;
            #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
            let allocations_per_call = allocated as f64 / calls as f64;
            Hits {
                tool: tool.name.to_owned(),
                row: row.name.to_owned(),
                allocations_per_call,
            }
        })
        .collect()
}

/// What a process of its own is for.
fn task_of(store: &Store, (room, entries): (usize, usize)) -> String {
    format!("{}: {entries} of {room}", store.name)
}

fn serve(task: &str, options: &Options) -> ! {
    for store in &caches::STORES {
        if let Some(fill) = FILLS.into_iter().find(|&fill| task_of(store, fill) == task) {
            child::serve(|| weigh(store, fill));
        }
    }
    let tool = caches::ALL.iter().find(|tool| tool.name == task);
    let tool = tool.expect("the parent names a store or a tool of the tables");
    child::serve(|| hits(tool, options.calls))
}

fn main() {
    let options = Options::from_arguments(1, 100_000);
    if let Some(task) = child::task() {
        serve(&task, &options);
    }
    println!(
        "{}bytes per entry over a payload of 16: entries of room\n",
        process::heading(&process::CACHING)
    );
    print!("{:<24}", "store");
    for (room, entries) in FILLS {
        print!(" {:>20} {:>9}", format!("{entries} of {room}"), "kept");
    }
    println!();
    let mut weighed = Vec::new();
    for store in caches::STORES
        .iter()
        .filter(|store| options.wants(store.name))
    {
        print!("{:<24}", store.name);
        for fill in FILLS {
            // A process of its own, once: memory does not vary the way time does.
            let weight: Weighed = Child::start(&task_of(store, fill), &[]).ask();
            print!(" {:>20.1} {:>9}", weight.over_payload, weight.kept);
            weighed.push(weight);
        }
        println!();
    }
    println!("\n{:<14} {:<32} {:>16}", "tool", "row", "allocations/hit");
    let mut allocated = Vec::new();
    for tool in caches::ALL.iter().filter(|tool| options.wants(tool.name)) {
        let of_tool: Vec<Hits> = Child::start(tool.name, &[]).ask();
        for hits in &of_tool {
            println!(
                "{:<14} {:<32} {:>16.4}",
                hits.tool, hits.row, hits.allocations_per_call
            );
        }
        allocated.extend(of_tool);
    }
    let ours = |(room, entries)| {
        let mut weighed = weighed.iter().filter(|weighed| weighed.store == "perfkit");
        weighed
            .find(|weighed| weighed.room == room && weighed.offered == entries)
            .map(|weighed| weighed.over_payload)
    };
    let most = allocated
        .iter()
        .filter(|hits| hits.tool == "perfkit")
        .map(|hits| hits.allocations_per_call)
        .reduce(f64::max);
    print!(
        "{}{}{}{}",
        table::heading("figure"),
        table::line(
            "perfkit, bytes per entry over the payload, 1M, full",
            ours(FILLS[0]),
            64.0
        ),
        table::line(
            "perfkit, bytes per entry over the payload, 1M, half full",
            ours(FILLS[2]),
            64.0
        ),
        table::line(
            "perfkit, allocations per hit, the most of any row",
            most,
            0.0
        ),
    );
    options.save(&(weighed, allocated));
}
