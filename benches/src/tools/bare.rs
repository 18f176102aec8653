//! No tool: the call itself, and what it costs to read the system's clock twice around it.

use std::hint::black_box;
use std::time::Instant;

use super::{Yield, body, poll_to_end};
use crate::row;
use crate::rows::{Row, Tool};

/// The function as it is.
pub const TOOL: Tool = Tool {
    name: "none",
    start: || {},
    rows,
    background: false,
};

#[inline(never)]
fn plain(x: u64) -> u64 {
    body(x)
}

#[inline(never)]
fn two_instants(x: u64) -> u64 {
    let start = Instant::now();
    let answer = black_box(body(x));
    black_box(start.elapsed());
    answer
}

async fn ready(x: u64) -> u64 {
    body(x)
}

async fn suspended(x: u64) -> u64 {
    Yield::default().await;
    body(x)
}

fn rows() -> Vec<Row> {
    vec![
        row!("bare function", Sync, |x| plain(x)),
        row!("bare async, ready", Ready, |x| poll_to_end(ready(x))),
        row!("bare async, suspended once", Suspended, |x| poll_to_end(
            suspended(x)
        )),
        row!("two Instant::now", Sync, |x| two_instants(x)),
    ]
}
