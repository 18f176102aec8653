//! failsafe: its policy of failures in a row, sync and async, and the one it starts with.

use std::sync::LazyLock;
use std::time::Duration;

use failsafe::backoff::{self, Constant, EqualJittered};
use failsafe::failure_policy::{self, ConsecutiveFailures, OrElse, SuccessRateOverTimeWindow};
use failsafe::{CircuitBreaker, Config, Error, StateMachine, futures};

use super::guarded::{Body, Call, Future, OPEN_FOR, THRESHOLD, run_now};
use super::{Answer, Failed, Guarded, HOUR, IN_A_ROW, KEYS, body};
use crate::policy;
use crate::rows::{Row, Tool};

/// failsafe, sync and async.
pub const TOOL: Tool = Tool {
    name: "failsafe",
    start: || {},
    rows,
    background: false,
};

pub(super) type InARow = StateMachine<ConsecutiveFailures<Constant>, ()>;
type AsItComes = StateMachine<
    OrElse<SuccessRateOverTimeWindow<EqualJittered>, ConsecutiveFailures<EqualJittered>>,
    (),
>;

pub(super) fn in_a_row(failures: u32, open_for: Duration) -> InARow {
    let policy = failure_policy::consecutive_failures(failures, backoff::constant(open_for));
    Config::new().failure_policy(policy).build()
}

static CLOSED: LazyLock<InARow> = LazyLock::new(|| in_a_row(IN_A_ROW, HOUR));
static CLOSED_ASYNC: LazyLock<InARow> = LazyLock::new(|| in_a_row(IN_A_ROW, HOUR));
static OPEN: LazyLock<InARow> = LazyLock::new(|| in_a_row(IN_A_ROW, HOUR));
static OPEN_ASYNC: LazyLock<InARow> = LazyLock::new(|| in_a_row(IN_A_ROW, HOUR));
static AS_IT_COMES: LazyLock<AsItComes> = LazyLock::new(|| Config::new().build());

/// What one writes who needs a breaker for each key: a map of them.
static KEYED: LazyLock<dashmap::DashMap<u64, InARow>> = LazyLock::new(dashmap::DashMap::new);
static KEYED_OPEN: LazyLock<dashmap::DashMap<u64, InARow>> = LazyLock::new(dashmap::DashMap::new);

#[inline(never)]
fn closed(x: u64) -> Result<u64, Error<Failed>> {
    CircuitBreaker::call(&*CLOSED, || body(x))
}

#[inline(never)]
fn as_it_comes(x: u64) -> Result<u64, Error<Failed>> {
    CircuitBreaker::call(&*AS_IT_COMES, || body(x))
}

#[inline(never)]
fn open(x: u64) -> Result<u64, Error<Failed>> {
    CircuitBreaker::call(&*OPEN, || body(x))
}

#[inline(never)]
fn keyed(breakers: &dashmap::DashMap<u64, InARow>, key: u64, x: u64) -> Result<u64, Error<Failed>> {
    let breaker = match breakers.get(&key) {
        Some(breaker) => breaker.clone(),
        None => breakers
            .entry(key)
            .or_insert_with(|| in_a_row(IN_A_ROW, HOUR))
            .clone(),
    };
    CircuitBreaker::call(&breaker, || body(x))
}

async fn closed_async(x: u64) -> Result<u64, Error<Failed>> {
    futures::CircuitBreaker::call(&*CLOSED_ASYNC, async { body(x) }).await
}

async fn open_async(x: u64) -> Result<u64, Error<Failed>> {
    futures::CircuitBreaker::call(&*OPEN_ASYNC, async { body(x) }).await
}

fn rows() -> Vec<Row> {
    vec![
        policy!(Breaker, "breaker, 5 in a row", |x| closed(x)),
        policy!(Breaker, "breaker, as it comes", |x| as_it_comes(x)),
        policy!(async BreakerAsync, "async breaker, 5 in a row", |x| closed_async(x)),
        policy!(Open, "open breaker", |x| open(x)),
        policy!(async OpenAsync, "async open breaker", |x| open_async(x)),
        policy!(Keyed, "in a DashMap", |x| keyed(&KEYED, x % KEYS, x)),
        policy!(KeyedOpen, "in a DashMap, one open", |x| keyed(
            &KEYED_OPEN,
            x % KEYS,
            x
        )),
    ]
}

impl From<Error<Failed>> for Failed {
    fn from(error: Error<Failed>) -> Self {
        match error {
            Error::Inner(failed) => failed,
            Error::Rejected => Self::Refused,
        }
    }
}

static GUARD: LazyLock<InARow> = LazyLock::new(|| in_a_row(THRESHOLD, OPEN_FOR));

fn guarded(body: Body) -> Answer {
    Ok(CircuitBreaker::call(&*GUARD, || run_now(body))?)
}

fn guarded_async(body: Body) -> Future {
    Box::pin(async { Ok(futures::CircuitBreaker::call(&*GUARD, body).await?) })
}

/// Around a function that blocks.
pub const SYNC: Guarded = Guarded {
    name: "failsafe",
    guard: Call::Sync(guarded),
    window: None,
    time_window: None,
};

/// Around a future.
pub const ASYNC: Guarded = Guarded {
    name: "failsafe async",
    guard: Call::Async(guarded_async),
    ..SYNC
};
