//! What a policy around a function costs, for every tool, on one thread and on two that share it, beside the function.
//!
//! A retry that has nothing to do is to cost nothing. The loop around an async body costs something by itself: a function
//! that may wait is a machine of states, and the bare one, which never does, is none. So that is what an async retry is
//! measured against.

use perfkit_benches::allocations::CountingByThread;
use perfkit_benches::harness::{self, Options, Samples};
use perfkit_benches::rows::Shape;
use perfkit_benches::{policies, process, table};

#[global_allocator]
static ALLOCATOR: CountingByThread = CountingByThread;

/// The shapes in the order they are printed, and perfkit's row that the others are compared with.
const SHAPES: [(Shape, &str, &str); 16] = [
    (Shape::Breaker, "closed breaker, failures in a row", CLOSED),
    (
        Shape::BreakerWindow,
        "closed breaker, last 100 calls",
        WINDOW,
    ),
    (Shape::BreakerSeldom, "the same, 1 % of them fail", SELDOM),
    (Shape::BreakerAsync, "closed breaker, async", CLOSED_ASYNC),
    (Shape::Open, "open breaker", OPEN),
    (Shape::OpenAsync, "open breaker, async", OPEN_ASYNC),
    (Shape::Keyed, "breaker by key, 64 keys", KEYED),
    (Shape::KeyedOpen, "the same, one of them open", KEYED_OPEN),
    (Shape::Limited, "rate limiter, allowed", LIMITED),
    (Shape::Denied, "rate limiter, denied", DENIED),
    (Shape::Bulkhead, "bulkhead, never full", BULKHEAD),
    (Shape::Retry, "retry, nothing fails", RETRY),
    (
        Shape::RetryAsync,
        "retry, async, nothing fails",
        RETRY_ASYNC,
    ),
    (Shape::Timeout, "timeout, ready at once", TIMEOUT),
    (Shape::Stack3, "retry, breaker, timeout", STACK_3),
    (
        Shape::Stack5,
        "retry, breaker, limiter, bulkhead, timeout",
        STACK_5,
    ),
];

const CLOSED: &str = "breaker";
const WINDOW: &str = "breaker, window of 100";
const SELDOM: &str = "breaker, window, 1 % fail";
const CLOSED_ASYNC: &str = "async breaker";
const OPEN: &str = "open breaker";
const OPEN_ASYNC: &str = "async open breaker";
const KEYED: &str = "breaker, by";
const KEYED_OPEN: &str = "breaker, by, one open";
const LIMITED: &str = "rate_limited";
const DENIED: &str = "rate_limited, denied";
const BULKHEAD: &str = "bulkhead";
const RETRY: &str = "retry";
const RETRY_ASYNC: &str = "async retry";
const TIMEOUT: &str = "timeout";
const STACK_3: &str = "three attributes";
const STACK_5: &str = "five attributes";

/// Tools whose rows are no peers.
const BARE: [&str; 1] = ["none"];

fn verdict(samples: &Samples) -> String {
    let mut text = table::heading("figure");
    let over = [
        ("closed breaker, ns over the bare function", CLOSED, 1.0),
        ("window of 100, ns over the bare function", WINDOW, 1.0),
        (
            "async breaker, ns over the bare function",
            CLOSED_ASYNC,
            1.0,
        ),
        ("retry, ns over the bare function", RETRY, 0.5),
    ];
    let times = [
        ("open breaker / fastest peer", OPEN, 1.0 / 3.0),
        ("async open breaker / fastest peer", OPEN_ASYNC, 1.0 / 3.0),
        ("async retry / fastest crate, or loop", RETRY_ASYNC, 1.0),
        ("five policies / best stack of crates", STACK_5, 0.5),
    ];
    for (threads, words) in [(1, ""), (2, ", 2T")] {
        for (says, row, limit) in over {
            let figure = table::least_over(samples, ("perfkit", row, threads));
            text.push_str(&table::line(&format!("{says}{words}"), figure, limit));
        }
        for (says, row, limit) in times {
            let figure = table::times_fastest(samples, ("perfkit", row, threads), &BARE);
            text.push_str(&table::line(&format!("{says}{words}"), figure, limit));
        }
    }
    text.push_str(&table::line(
        "perfkit, allocations per call, the most of any row",
        table::most(samples, "perfkit", |sample| sample.allocations),
        0.0,
    ));
    text
}

fn main() {
    let options = Options::from_arguments(9, 200_000);
    harness::serve(&policies::ALL, &[1, 2], options.calls);
    println!(
        "{}{} rounds of {} calls per row and thread\n",
        process::heading(&process::POLICIES),
        options.rounds,
        options.calls,
    );
    let samples = harness::rounds(&policies::ALL, &options);
    print!("{}", table::shapes(&samples, &SHAPES, table::ALLOCATIONS));
    println!(
        "over bare: less what the function without any policy takes beside it, on as many threads. Two threads share one\n\
         policy. The targets over the bare function are of the least time of any block, of the row and of the function."
    );
    print!("{}", verdict(&samples));
    let flat: Vec<_> = samples.values().flatten().collect();
    options.save(&flat);
}
