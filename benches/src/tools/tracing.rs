//! tracing: spans of `#[instrument]` into a registry with a layer that does nothing: the least a subscriber that could
//! time a function has to pay.

use tracing::instrument;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer, Registry};

use super::{body, fallible, poll_to_end};
use crate::row;
use crate::rows::{Row, Tool};

/// tracing with a registry and a layer without a body.
pub const TOOL: Tool = Tool {
    name: "tracing",
    start,
    rows,
    background: false,
};

struct Nothing;

impl Layer<Registry> for Nothing {}

fn start() {
    tracing::subscriber::set_global_default(Registry::default().with(Nothing))
        .expect("no other subscriber in this process");
}

#[instrument(skip_all)]
#[inline(never)]
fn plain(x: u64) -> u64 {
    body(x)
}

#[instrument(skip_all, err)]
#[inline(never)]
fn with_result(x: u64) -> Result<u64, u64> {
    fallible(x)
}

#[instrument(skip_all)]
async fn ready(x: u64) -> u64 {
    body(x)
}

fn rows() -> Vec<Row> {
    vec![
        row!("instrument", Sync, |x| plain(x)),
        row!("instrument, Result", Sync, |x| with_result(x)),
        row!("instrument async, ready", Ready, |x| poll_to_end(ready(x))),
    ]
}
