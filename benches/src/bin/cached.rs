//! What a hit and a miss of a cache cost, for every tool, on one thread and on two, beside a bare lookup.

use perfkit_benches::harness::{self, Options, Samples};
use perfkit_benches::rows::Shape;
use perfkit_benches::{
    caches::{self, paired},
    process, table,
};

/// The shapes in the order they are printed, and perfkit's row that the others are compared with.
const SHAPES: [(Shape, &str, &str); 6] = [
    (Shape::Hit, "hit, u64, 1,000 entries", HIT),
    (
        Shape::HitMillion,
        "hit, u64, 1,000,000 entries",
        "1M, cached",
    ),
    (
        Shape::HitText,
        "hit, &str to Arc<String>, 1,000 entries",
        "&str, cached",
    ),
    (
        Shape::HitAsync,
        "hit, async, u64, 1,000 entries",
        "async, cached",
    ),
    (
        Shape::Evict,
        "zipf over 1M keys, room for 100,000",
        "evict, cached",
    ),
    (Shape::Miss, "all miss, room for 100,000", "miss, cached"),
];

const HIT: &str = "hit, cached";

fn verdict(samples: &Samples) -> String {
    let over = |threads| table::over(samples, ("perfkit", HIT, threads));
    let beside = |row, threads| table::beside(samples, (paired::TOOL.name, row, threads));
    [
        table::heading("figure"),
        table::line("hit, ns over a bare lookup", over(1), 10.0),
        table::line("hit, ns over a bare lookup, two threads", over(2), 10.0),
        table::line("hit, ns over a bare lookup (stretch)", over(1), 4.0),
        table::line("hit, async / sync", beside(paired::ASYNC, 1), 1.2),
        table::line(
            "miss, insert, evict / quick_cache get_or_insert_with",
            beside(paired::EVICT, 1),
            1.0,
        ),
        table::line(
            "miss, insert, evict / the same, two threads",
            beside(paired::EVICT, 2),
            1.0,
        ),
        table::line(
            "miss, insert, evict / quick_cache get, insert (stretch)",
            beside(paired::EVICT_BY_HAND, 1),
            1.0,
        ),
    ]
    .concat()
}

fn main() {
    let options = Options::from_arguments(9, 200_000);
    harness::serve(&caches::ALL, &[1, 2], options.calls);
    println!(
        "{}{} rounds of {} calls per row and thread\n",
        process::heading(&process::CACHING),
        options.rounds,
        options.calls,
    );
    let samples = harness::rounds(&caches::ALL, &options);
    print!("{}", table::shapes(&samples, &SHAPES, table::LOADS));
    print!(
        "{}",
        table::paired(&samples, paired::TOOL.name, &paired::NAMES)
    );
    println!(
        "over bare: less what a lookup in hashbrown with foldhash takes beside it, the clone of an Arc included; where\nsomething misses, a lookup that hits among the million keys"
    );
    print!("{}", verdict(&samples));
    let flat: Vec<_> = samples.values().flatten().collect();
    options.save(&flat);
}
