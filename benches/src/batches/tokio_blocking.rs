//! tokio: `spawn_blocking`.

use super::start;
use crate::rows::{Row, Tool};
use crate::{callers, tools};

/// tokio.
pub const TOOL: Tool = Tool {
    name: "tokio",
    start,
    rows,
    background: false,
};

async fn worked(x: u64) -> u64 {
    let answer = tokio::task::spawn_blocking(move || tools::body(x)).await;
    answer.expect("it does not panic")
}

fn rows() -> Vec<Row> {
    vec![
        callers!(Offloaded, "spawn_blocking", One, 1, worked),
        callers!(Offloaded64, "spawn_blocking, 64 callers", One, 64, worked),
    ]
}
