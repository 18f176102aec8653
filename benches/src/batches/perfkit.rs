//! perfkit: `#[batched]` and `#[offloaded]`.

use ::perfkit::{batched, offloaded};

use super::start;
use crate::rows::{Row, Tool};
use crate::{batching, callers, tools};

/// perfkit.
pub const TOOL: Tool = Tool {
    name: "perfkit",
    start,
    rows,
    background: false,
};

#[batched(max_size = 64)]
async fn one(items: Vec<u64>) -> Vec<u64> {
    items.into_iter().map(tools::body).collect()
}

#[batched(max_size = 64)]
async fn two(items: Vec<u64>) -> Vec<u64> {
    items.into_iter().map(tools::body).collect()
}

#[offloaded(threads = 2)]
fn worked(x: u64) -> u64 {
    tools::body(x)
}

fn rows() -> Vec<Row> {
    let mut rows = batching!(one, two);
    rows.extend([
        callers!(Alone, "batched", One, 1, one),
        callers!(Offloaded, "offloaded", One, 1, worked),
        callers!(Offloaded64, "offloaded, 64 callers", One, 64, worked),
    ]);
    rows
}
