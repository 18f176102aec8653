//! What one measured call costs, in every shape, for every tool, on one thread and on two.

use perfkit_benches::harness::{self, Options};
use perfkit_benches::table::{self, Target};
use perfkit_benches::{process, tools};

const TARGETS: [Target; 6] = [
    Target {
        says: "measured / two reads of the counter",
        row: ("perfkit", "measured", 1),
        to: None,
        limit: 1.3,
    },
    Target {
        says: "measured / two reads of the counter (stretch)",
        row: ("perfkit", "measured", 1),
        to: None,
        limit: 1.1,
    },
    Target {
        says: "measured, two threads on one site / one thread",
        row: ("perfkit", "measured", 2),
        to: Some(("perfkit", "measured", 1)),
        limit: 1.1,
    },
    Target {
        says: "measured / hotpath",
        row: ("perfkit", "measured", 1),
        to: Some(("hotpath", "measure", 1)),
        limit: 0.9,
    },
    Target {
        says: "measured / metrics histogram!",
        row: ("perfkit", "measured", 1),
        to: Some(("metrics", "histogram!", 1)),
        limit: 0.4,
    },
    Target {
        says: "measured async, ready / measured",
        row: ("perfkit", "measured async, ready", 1),
        to: Some(("perfkit", "measured", 1)),
        limit: 1.1,
    },
];

fn main() {
    let options = Options::from_arguments(15, 200_000);
    harness::serve(&tools::ALL, &[1, 2], options.calls);
    println!(
        "{}{} rounds of {} calls per row and thread\n",
        process::heading(&process::MEASURING),
        options.rounds,
        options.calls,
    );
    let samples = harness::rounds(&tools::ALL, &options);
    print!(
        "{}{}",
        table::calls(&samples),
        table::verdict(&samples, &TARGETS)
    );
    let flat: Vec<_> = samples.values().flatten().collect();
    options.save(&flat);
}
