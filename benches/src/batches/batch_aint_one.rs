//! batch-aint-one, with the policy that sends at once what it may.

use std::convert::Infallible;
use std::sync::OnceLock;

use ::batch_aint_one::{Batcher, BatchingPolicy, Limits, Processor};

use super::{MOST, start};
use crate::rows::{Row, Tool};
use crate::{batching, callers, tools};

/// batch-aint-one.
pub const TOOL: Tool = Tool {
    name: "batch-aint-one",
    start,
    rows,
    background: false,
};

#[derive(Clone)]
struct Bodies;

impl Processor for Bodies {
    type Key = ();
    type Input = u64;
    type Output = u64;
    type Error = Infallible;
    type Resources = ();

    async fn acquire_resources(&self, (): ()) -> Result<(), Infallible> {
        Ok(())
    }

    async fn process(
        &self,
        (): (),
        items: impl Iterator<Item = u64> + Send,
        (): (),
    ) -> Result<Vec<u64>, Infallible> {
        Ok(items.map(tools::body).collect())
    }
}

/// The one of a runtime; made inside of it, because its worker is a task.
async fn call(batcher: &OnceLock<Batcher<Bodies>>, x: u64) -> u64 {
    let batcher = batcher.get_or_init(|| {
        let limits = Limits::builder()
            .max_batch_size(MOST)
            .max_key_concurrency(1)
            .max_key_queued_items(MOST * MOST)
            .build();
        Batcher::builder()
            .name("bodies")
            .processor(Bodies)
            .limits(limits)
            .batching_policy(BatchingPolicy::Immediate)
            .build()
    });
    batcher.add((), x).await.expect("it fails never")
}

async fn one(x: u64) -> u64 {
    static ONE: OnceLock<Batcher<Bodies>> = OnceLock::new();
    call(&ONE, x).await
}

async fn two(x: u64) -> u64 {
    static TWO: OnceLock<Batcher<Bodies>> = OnceLock::new();
    call(&TWO, x).await
}

fn rows() -> Vec<Row> {
    let mut rows = batching!(one, two);
    rows.push(callers!(Alone, "Immediate", One, 1, one));
    rows
}
