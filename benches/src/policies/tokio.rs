//! tokio: its `timeout`, and its semaphore as a bulkhead.

use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Answer, Failed, HOUR, ROOM, body};
use crate::policy;
use crate::rows::{Row, Tool};

/// tokio.
pub const TOOL: Tool = Tool {
    name: "tokio",
    start: || {},
    rows,
    background: false,
};

static SEMAPHORE: Semaphore = Semaphore::const_new(ROOM);

#[inline(never)]
fn bulkhead(x: u64) -> Answer {
    let _permit = SEMAPHORE.try_acquire().map_err(|_| Failed::Refused)?;
    body(x)
}

async fn in_time(x: u64) -> Answer {
    timeout(HOUR, async { body(x) })
        .await
        .map_err(|_| Failed::Refused)?
}

fn rows() -> Vec<Row> {
    vec![
        policy!(Bulkhead, "Semaphore::try_acquire", |x| bulkhead(x)),
        policy!(async Timeout, "timeout", |x| in_time(x)),
    ]
}
