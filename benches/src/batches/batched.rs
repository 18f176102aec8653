//! `batched`, with the shortest window it takes: a millisecond.

use ::batched::batched;

use super::start;
use crate::rows::{Row, Tool};
use crate::{batching, callers, tools};

/// batched.
pub const TOOL: Tool = Tool {
    name: "batched",
    start,
    rows,
    background: false,
};

/// The same for those who wait for its timer.
pub const ALONE: Tool = Tool {
    name: "batched, alone",
    start,
    rows: || vec![callers!(Alone, "batched", One, 1, one)],
    background: false,
};

#[batched(window = 1, limit = 64, concurrent = 1)]
async fn one(items: Vec<u64>) -> Vec<u64> {
    items.into_iter().map(tools::body).collect()
}

#[batched(window = 1, limit = 64, concurrent = 1)]
async fn two(items: Vec<u64>) -> Vec<u64> {
    items.into_iter().map(tools::body).collect()
}

fn rows() -> Vec<Row> {
    batching!(one, two)
}
