//! rayon: its pool, and a channel for the answer.

use std::sync::LazyLock;

use ::rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::oneshot;

use super::start;
use crate::rows::{Row, Tool};
use crate::{callers, tools};

/// rayon.
pub const TOOL: Tool = Tool {
    name: "rayon",
    start: || {
        start();
        LazyLock::force(&POOL);
    },
    rows,
    background: false,
};

static POOL: LazyLock<ThreadPool> = LazyLock::new(|| {
    let pool = ThreadPoolBuilder::new().num_threads(2).build();
    pool.expect("the system has threads to give")
});

async fn worked(x: u64) -> u64 {
    let (answer, answered) = oneshot::channel();
    POOL.spawn(move || {
        let _ = answer.send(tools::body(x));
    });
    answered.await.expect("it does not panic")
}

fn rows() -> Vec<Row> {
    vec![
        callers!(Offloaded, "spawn, oneshot", One, 1, worked),
        callers!(Offloaded64, "spawn, oneshot, 64 callers", One, 64, worked),
    ]
}
