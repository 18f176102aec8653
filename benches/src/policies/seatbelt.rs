//! seatbelt: its layers, which are async only; its breaker looks at a window of time.

use std::future::Ready;
use std::sync::LazyLock;
use std::time::Duration;

use layered::{Execute, Service, Stack as _};
use seatbelt::breaker::{Breaker, BreakerId, BreakerLayer, HalfOpenMode};
use seatbelt::retry::Retry;
use seatbelt::timeout::Timeout;
use seatbelt::typestates::Set;
use seatbelt::{RecoveryInfo, ResilienceContext};
use tick::Clock;

use super::guarded::{self, Call, OPEN_FOR, THRESHOLD, TIME_WINDOW};
use super::{ATTEMPTS, Answer, Failed, Guarded, HOUR, KEYS, WINDOW, ready_body};
use crate::policy;
use crate::rows::{Row, Tool};
use crate::runtimes::runtime;

/// seatbelt, without its metrics and its logs, which are features.
pub const TOOL: Tool = Tool {
    name: "seatbelt",
    start: || {},
    rows,
    background: false,
};

type Leaf = Execute<fn(u64) -> Ready<Answer>>;
type Breaks<S> = Breaker<u64, Answer, S>;
type Retries<S> = Retry<u64, Answer, S>;
type Times<S> = Timeout<u64, Answer, S>;

fn leaf() -> Leaf {
    Execute::new(ready_body)
}

fn context<In>() -> ResilienceContext<In, Answer> {
    let _inside = runtime().enter(); // its clock starts a task
    ResilienceContext::new(Clock::new_tokio())
}

fn judged(answer: &Answer) -> RecoveryInfo {
    match answer {
        Err(Failed::Body) => RecoveryInfo::retry(),
        _ => RecoveryInfo::never(),
    }
}

fn breaker<In: Send + 'static>(
    calls: u32,
    open_for: Duration,
) -> BreakerLayer<In, Answer, Set, Set> {
    Breaker::layer("breaker", &context())
        .recovery_with(|answer, _| judged(answer))
        .rejected_input_error(|_, _| Failed::Refused)
        .failure_threshold(0.5)
        .min_throughput(calls)
        .sampling_duration(TIME_WINDOW)
        .break_duration(open_for)
        .half_open_mode(HalfOpenMode::quick())
}

fn of_window() -> BreakerLayer<u64, Answer, Set, Set> {
    breaker(WINDOW, HOUR)
}

static CLOSED: LazyLock<Breaks<Leaf>> = LazyLock::new(|| (of_window(), leaf()).into_service());
static OPEN: LazyLock<Breaks<Leaf>> = LazyLock::new(|| (of_window(), leaf()).into_service());
static RETRY: LazyLock<Retries<Leaf>> = LazyLock::new(|| (retry(), leaf()).into_service());
static TIMEOUT: LazyLock<Times<Leaf>> = LazyLock::new(|| (timeout(), leaf()).into_service());
static THREE: LazyLock<Retries<Breaks<Times<Leaf>>>> =
    LazyLock::new(|| (retry(), of_window(), timeout(), leaf()).into_service());
static KEYED: LazyLock<Breaks<Leaf>> = LazyLock::new(by_key);
static KEYED_OPEN: LazyLock<Breaks<Leaf>> = LazyLock::new(by_key);

fn by_key() -> Breaks<Leaf> {
    let layer = of_window().breaker_id(|x| BreakerId::from(x % KEYS));
    (layer, leaf()).into_service()
}

fn retry() -> seatbelt::retry::RetryLayer<u64, Answer, Set, Set> {
    Retry::layer("retry", &context())
        .clone_input()
        .recovery_with(|answer, _| judged(answer))
        .max_retry_attempts(ATTEMPTS - 1)
}

fn timeout() -> seatbelt::timeout::TimeoutLayer<u64, Answer, Set, Set> {
    Timeout::layer("timeout", &context())
        .timeout(HOUR)
        .timeout_error(|_| Failed::Refused)
}

fn rows() -> Vec<Row> {
    vec![
        policy!(async BreakerAsync, "async breaker, 30 s", |x| CLOSED.execute(x)),
        policy!(async OpenAsync, "async open breaker", |x| OPEN.execute(x)),
        policy!(async RetryAsync, "async retry", |x| RETRY.execute(x)),
        policy!(async Timeout, "timeout", |x| TIMEOUT.execute(x)),
        policy!(async Stack3, "three layers", |x| THREE.execute(x)),
        policy!(async Keyed, "breaker_id, async", |x| KEYED.execute(x)),
        policy!(async KeyedOpen, "breaker_id, async, one open", |x| KEYED_OPEN.execute(x)),
    ]
}

type Guard = Breaker<guarded::Body, Answer, Execute<fn(guarded::Body) -> guarded::Body>>;

fn guard(calls: u32, open_for: Duration) -> Guard {
    let run: fn(guarded::Body) -> guarded::Body = |body| body;
    (breaker(calls, open_for), Execute::new(run)).into_service()
}

static GUARD: LazyLock<Guard> = LazyLock::new(|| guard(THRESHOLD, OPEN_FOR));
static GUARD_TIME: LazyLock<Guard> = LazyLock::new(|| guard(WINDOW, HOUR));

/// Around a service.
pub const ASYNC: Guarded = Guarded {
    name: "seatbelt",
    guard: Call::Async(|body| Box::pin(GUARD.execute(body))),
    window: None,
    time_window: Some(Call::Async(|body| Box::pin(GUARD_TIME.execute(body)))),
};
