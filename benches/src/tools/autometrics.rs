//! autometrics with its default backend.

use super::{body, fallible, poll_to_end};
use crate::row;
use crate::rows::{Row, Tool};

/// autometrics as its documentation starts it.
pub const TOOL: Tool = Tool {
    name: "autometrics",
    start: autometrics::prometheus_exporter::init,
    rows,
    background: false,
};

#[autometrics::autometrics]
#[inline(never)]
fn plain(x: u64) -> u64 {
    body(x)
}

#[autometrics::autometrics]
#[inline(never)]
fn with_result(x: u64) -> Result<u64, u64> {
    fallible(x)
}

#[autometrics::autometrics]
async fn ready(x: u64) -> u64 {
    body(x)
}

fn rows() -> Vec<Row> {
    vec![
        row!("autometrics", Sync, |x| plain(x)),
        row!("autometrics, Result", Sync, |x| with_result(x)),
        row!("autometrics async, ready", Ready, |x| poll_to_end(ready(x))),
    ]
}
