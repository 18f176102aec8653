//! perfkit: its attributes, alone and one above the other.

use super::guarded::{Body, Call, run_now};
use super::{Answer, Guarded, KEYS, body};
use crate::policy;
use crate::rows::{Row, Tool};

/// perfkit with its default features.
pub const TOOL: Tool = Tool {
    name: "perfkit",
    start: || {},
    rows,
    background: false,
};

#[perfkit::breaker(threshold = 5, reset = "1h")]
#[inline(never)]
fn closed(x: u64) -> Answer {
    body(x)
}

#[perfkit::breaker(window = 100, failure_rate = 0.5, reset = "1h")]
#[inline(never)]
fn closed_window(x: u64) -> Answer {
    body(x)
}

#[perfkit::breaker(window = 100, failure_rate = 0.5, reset = "1h")]
#[inline(never)]
fn seldom(x: u64) -> Answer {
    body(x)
}

#[perfkit::breaker(window = "30s", failure_rate = 0.5, reset = "1h")]
#[inline(never)]
fn closed_time_window(x: u64) -> Answer {
    body(x)
}

#[perfkit::breaker(threshold = 5, reset = "1h")]
async fn closed_async(x: u64) -> Answer {
    body(x)
}

#[perfkit::breaker(window = 100, failure_rate = 0.5, reset = "1h")]
async fn closed_window_async(x: u64) -> Answer {
    body(x)
}

#[perfkit::breaker(window = "30s", failure_rate = 0.5, reset = "1h")]
async fn closed_time_window_async(x: u64) -> Answer {
    body(x)
}

#[perfkit::breaker(threshold = 5, reset = "1h")]
#[inline(never)]
fn open(x: u64) -> Answer {
    body(x)
}

#[perfkit::breaker(threshold = 5, reset = "1h")]
async fn open_async(x: u64) -> Answer {
    body(x)
}

#[perfkit::breaker(threshold = 5, reset = "1h", by = key)]
#[inline(never)]
fn keyed(key: u64, x: u64) -> Answer {
    body(x)
}

#[perfkit::breaker(threshold = 5, reset = "1h", by = key)]
#[inline(never)]
fn keyed_open(key: u64, x: u64) -> Answer {
    body(x)
}

#[perfkit::rate_limited("1_000_000_000/s", burst = 1_000_000_000)]
#[inline(never)]
fn limited(x: u64) -> Answer {
    body(x)
}

#[perfkit::rate_limited("1/h")]
#[inline(never)]
fn denied(x: u64) -> Answer {
    body(x)
}

#[perfkit::bulkhead(1_000)]
#[inline(never)]
fn bulkhead(x: u64) -> Answer {
    body(x)
}

#[perfkit::retry(attempts = 3)]
#[inline(never)]
fn retry(x: u64) -> Answer {
    body(x)
}

#[perfkit::retry(attempts = 3)]
async fn retry_async(x: u64) -> Answer {
    body(x)
}

#[perfkit::timeout("1h")]
async fn in_time(x: u64) -> Answer {
    body(x)
}

#[perfkit::retry(attempts = 3)]
#[perfkit::breaker(window = 100, failure_rate = 0.5, reset = "1h")]
#[perfkit::timeout("1h")]
async fn three(x: u64) -> Answer {
    body(x)
}

#[perfkit::retry(attempts = 3)]
#[perfkit::breaker(window = 100, failure_rate = 0.5, reset = "1h")]
#[perfkit::rate_limited("1_000_000_000/s", burst = 1_000_000_000)]
#[perfkit::bulkhead(1_000)]
#[perfkit::timeout("1h")]
async fn five(x: u64) -> Answer {
    body(x)
}

fn rows() -> Vec<Row> {
    vec![
        policy!(Breaker, "breaker", |x| closed(x)),
        policy!(BreakerWindow, "breaker, window of 100", |x| closed_window(
            x
        )),
        policy!(BreakerWindow, "breaker, window of 30 s", |x| {
            closed_time_window(x)
        }),
        policy!(BreakerSeldom, "breaker, window, 1 % fail", |x| seldom(x)),
        policy!(async BreakerAsync, "async breaker", |x| closed_async(x)),
        policy!(async BreakerAsync, "async breaker, window of 100", |x| closed_window_async(x)),
        policy!(async BreakerAsync, "async breaker, window of 30 s", |x| closed_time_window_async(x)),
        policy!(Open, "open breaker", |x| open(x)),
        policy!(async OpenAsync, "async open breaker", |x| open_async(x)),
        policy!(Keyed, "breaker, by", |x| keyed(x % KEYS, x)),
        policy!(KeyedOpen, "breaker, by, one open", |x| keyed_open(
            x % KEYS,
            x
        )),
        policy!(Limited, "rate_limited", |x| limited(x)),
        policy!(Denied, "rate_limited, denied", |x| denied(x)),
        policy!(Bulkhead, "bulkhead", |x| bulkhead(x)),
        policy!(Retry, "retry", |x| retry(x)),
        policy!(async RetryAsync, "async retry", |x| retry_async(x)),
        policy!(async Timeout, "timeout", |x| in_time(x)),
        policy!(async Stack3, "three attributes", |x| three(x)),
        policy!(async Stack5, "five attributes", |x| five(x)),
    ]
}

#[perfkit::breaker(threshold = 3, reset = "60ms")]
fn guard(body: Body) -> Answer {
    run_now(body)
}

#[perfkit::breaker(window = 100, failure_rate = 0.5, min_calls = 100, reset = "1h")]
fn guard_window(body: Body) -> Answer {
    run_now(body)
}

#[perfkit::breaker(window = "30s", failure_rate = 0.5, min_calls = 100, reset = "1h")]
fn guard_time_window(body: Body) -> Answer {
    run_now(body)
}

/// Around a function that blocks.
pub const SYNC: Guarded = Guarded {
    name: "perfkit",
    guard: Call::Sync(guard),
    window: Some(Call::Sync(guard_window)),
    time_window: Some(Call::Sync(guard_time_window)),
};

#[perfkit::breaker(threshold = 3, reset = "60ms")]
async fn guard_async(body: Body) -> Answer {
    body.await
}

#[perfkit::breaker(window = 100, failure_rate = 0.5, min_calls = 100, reset = "1h")]
async fn guard_window_async(body: Body) -> Answer {
    body.await
}

#[perfkit::breaker(window = "30s", failure_rate = 0.5, min_calls = 100, reset = "1h")]
async fn guard_time_window_async(body: Body) -> Answer {
    body.await
}

/// Around an async function.
pub const ASYNC: Guarded = Guarded {
    name: "perfkit async",
    guard: Call::Async(|body| Box::pin(guard_async(body))),
    window: Some(Call::Async(|body| Box::pin(guard_window_async(body)))),
    time_window: Some(Call::Async(|body| Box::pin(guard_time_window_async(body)))),
};
