//! backon: its exponential backoff around what does not fail.

use backon::{BlockingRetryable as _, ExponentialBuilder, Retryable as _};

use super::{ATTEMPTS, Answer, body};
use crate::policy;
use crate::rows::{Row, Tool};

/// backon, blocking and async.
pub const TOOL: Tool = Tool {
    name: "backon",
    start: || {},
    rows,
    background: false,
};

/// Its backoff; it counts the runs after the first one.
pub(super) const fn backoff() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_jitter()
        .with_max_times(ATTEMPTS as usize - 1)
}

#[inline(never)]
fn retry(x: u64) -> Answer {
    (|| body(x)).retry(backoff()).call()
}

async fn retry_async(x: u64) -> Answer {
    (|| async { body(x) }).retry(backoff()).await
}

fn rows() -> Vec<Row> {
    vec![
        policy!(Retry, "retry", |x| retry(x)),
        policy!(async RetryAsync, "async retry", |x| retry_async(x)),
    ]
}
