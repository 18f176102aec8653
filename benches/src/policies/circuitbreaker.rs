//! circuitbreaker-rs: its default policy, sync and async.

use std::sync::LazyLock;
use std::time::Duration;

use circuitbreaker_rs::{BreakerError, CircuitBreaker, DefaultPolicy};

use super::guarded::{Body, Call, OPEN_FOR, THRESHOLD, run_now};
use super::{Failed, Guarded, HOUR, IN_A_ROW, body};
use crate::policy;
use crate::rows::{Row, Tool};

/// circuitbreaker-rs, sync and async.
pub const TOOL: Tool = Tool {
    name: "circuitbreaker",
    start: || {},
    rows,
    background: false,
};

type Breaker = CircuitBreaker<DefaultPolicy, Failed>;

fn in_a_row(failures: u32, open_for: Duration) -> Breaker {
    Breaker::builder()
        .consecutive_failures(failures.into())
        .consecutive_successes(1)
        .probe_interval(1)
        .cooldown(open_for)
        .build()
}

static CLOSED: LazyLock<Breaker> = LazyLock::new(|| in_a_row(IN_A_ROW, HOUR));
static CLOSED_ASYNC: LazyLock<Breaker> = LazyLock::new(|| in_a_row(IN_A_ROW, HOUR));
static OPEN: LazyLock<Breaker> = LazyLock::new(|| in_a_row(IN_A_ROW, HOUR));
static OPEN_ASYNC: LazyLock<Breaker> = LazyLock::new(|| in_a_row(IN_A_ROW, HOUR));

#[inline(never)]
fn closed(x: u64) -> Result<u64, BreakerError<Failed>> {
    CLOSED.call(|| body(x))
}

#[inline(never)]
fn open(x: u64) -> Result<u64, BreakerError<Failed>> {
    OPEN.call(|| body(x))
}

async fn closed_async(x: u64) -> Result<u64, BreakerError<Failed>> {
    CLOSED_ASYNC.call_async(|| async { body(x) }).await
}

async fn open_async(x: u64) -> Result<u64, BreakerError<Failed>> {
    OPEN_ASYNC.call_async(|| async { body(x) }).await
}

fn rows() -> Vec<Row> {
    vec![
        policy!(Breaker, "breaker, 5 in a row", |x| closed(x)),
        policy!(async BreakerAsync, "async breaker, 5 in a row", |x| closed_async(x)),
        policy!(Open, "open breaker", |x| open(x)),
        policy!(async OpenAsync, "async open breaker", |x| open_async(x)),
    ]
}

impl From<BreakerError<Failed>> for Failed {
    fn from(error: BreakerError<Failed>) -> Self {
        match error {
            BreakerError::Operation(failed) => failed,
            _ => Self::Refused,
        }
    }
}

static GUARD: LazyLock<Breaker> = LazyLock::new(|| in_a_row(THRESHOLD, OPEN_FOR));
static GUARD_WINDOW: LazyLock<Breaker> = LazyLock::new(|| {
    Breaker::builder()
        .failure_threshold(0.5)
        .min_throughput(100)
        .cooldown(HOUR)
        .build()
});

/// Around a function that blocks.
pub const SYNC: Guarded = Guarded {
    name: "circuitbreaker-rs",
    guard: Call::Sync(|body: Body| Ok(GUARD.call(|| run_now(body))?)),
    window: Some(Call::Sync(|body| Ok(GUARD_WINDOW.call(|| run_now(body))?))),
    time_window: None,
};

/// Around a future.
pub const ASYNC: Guarded = Guarded {
    name: "circuitbreaker-rs async",
    guard: Call::Async(|body| Box::pin(async { Ok(GUARD.call_async(|| body).await?) })),
    window: Some(Call::Async(|body| {
        Box::pin(async { Ok(GUARD_WINDOW.call_async(|| body).await?) })
    })),
    time_window: None,
};
