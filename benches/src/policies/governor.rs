//! governor: `check` with the clock it comes with, and with the system's.

use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::{Answer, Failed, HOUR, PLENTY, body};
use crate::policy;
use crate::rows::{Row, Tool};

/// governor, without keys.
pub const TOOL: Tool = Tool {
    name: "governor",
    start: || {},
    rows,
    background: false,
};

pub(super) type Limiter<C = DefaultClock> =
    RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// A billion a second.
pub(super) fn plenty<C: Clock>(clock: C) -> Limiter<C> {
    let burst = NonZeroU32::new(PLENTY).expect("plenty is more than nothing");
    let quota = Quota::with_period(Duration::from_nanos(1)).expect("a nanosecond is a time");
    RateLimiter::direct_with_clock(quota.allow_burst(burst), clock)
}

static ALLOWED: LazyLock<Limiter> = LazyLock::new(|| plenty(DefaultClock::default()));
static ALLOWED_MONOTONIC: LazyLock<Limiter<MonotonicClock>> =
    LazyLock::new(|| plenty(MonotonicClock));
static DENIED: LazyLock<Limiter> =
    LazyLock::new(|| RateLimiter::direct(Quota::with_period(HOUR).expect("an hour is a time")));

#[inline]
fn limited<C: Clock>(limiter: &Limiter<C>, x: u64) -> Answer {
    limiter.check().map_err(|_| Failed::Refused)?;
    body(x)
}

#[inline(never)]
fn allowed(x: u64) -> Answer {
    limited(&ALLOWED, x)
}

#[inline(never)]
fn allowed_monotonic(x: u64) -> Answer {
    limited(&ALLOWED_MONOTONIC, x)
}

#[inline(never)]
fn denied(x: u64) -> Answer {
    limited(&DENIED, x)
}

fn rows() -> Vec<Row> {
    vec![
        policy!(Limited, "check", |x| allowed(x)),
        policy!(Limited, "check, monotonic clock", |x| allowed_monotonic(x)),
        policy!(Denied, "check, denied", |x| denied(x)),
    ]
}
