//! tower-resilience: its layers, which are async only. A clone of the service for each thread; the clones share one
//! breaker, as those that a server makes for its connections do.

use std::future::Future as StdFuture;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};
use std::time::Duration;

use tower::util::ServiceFn;
use tower::{Layer as _, Service, ServiceExt as _, service_fn};
use tower_resilience::bulkhead::{Bulkhead, BulkheadLayer, BulkheadServiceError};
use tower_resilience::circuitbreaker::{
    CircuitBreaker, CircuitBreakerError, CircuitBreakerLayer, DefaultClassifier, SlidingWindowType,
};
use tower_resilience::ratelimiter::{RateLimiter, RateLimiterLayer, RateLimiterServiceError};
use tower_resilience::retry::{Retry, RetryLayer};
use tower_resilience::timelimiter::{
    FixedTimeout, TimeLimiter, TimeLimiterError, TimeLimiterLayer,
};

use super::guarded::{self, Call, OPEN_FOR, THRESHOLD, TIME_WINDOW};
use super::{ATTEMPTS, Answer, Failed, Guarded, HOUR, IN_A_ROW, PLENTY, ROOM, WINDOW, ready_body};
use crate::policy;
use crate::rows::{Row, Tool};

/// tower-resilience, without its metrics and its tracing, which are features.
pub const TOOL: Tool = Tool {
    name: "tower-resilience",
    start: || {},
    rows,
    background: false,
};

type Leaf = ServiceFn<fn(u64) -> std::future::Ready<Answer>>;
type Breaker<S> = CircuitBreaker<S, DefaultClassifier>;
type Three = Retry<Breaker<TimeLimiter<Leaf, FixedTimeout>>, u64, u64, ThreeFailed>;
type ThreeFailed = CircuitBreakerError<TimeLimiterError<Failed>>;
type Five =
    Retry<Breaker<RateLimiter<Bulkhead<TimeLimiter<Leaf, FixedTimeout>>>>, u64, u64, FiveFailed>;
type FiveFailed =
    CircuitBreakerError<RateLimiterServiceError<BulkheadServiceError<TimeLimiterError<Failed>>>>;

fn leaf() -> Leaf {
    service_fn(ready_body)
}

fn in_a_row(failures: u32, open_for: Duration) -> CircuitBreakerLayer<DefaultClassifier> {
    CircuitBreakerLayer::builder()
        .consecutive_failures(failures as usize)
        .wait_duration_in_open(open_for)
        .build()
        .expect("it takes these options")
}

fn of_window(open_for: Duration) -> CircuitBreakerLayer<DefaultClassifier> {
    CircuitBreakerLayer::builder()
        .failure_rate_threshold(0.5)
        .sliding_window_size(WINDOW as usize)
        .wait_duration_in_open(open_for)
        .build()
        .expect("it takes these options")
}

fn timeout() -> TimeLimiterLayer<FixedTimeout> {
    TimeLimiterLayer::builder().timeout_duration(HOUR).build()
}

fn retry<E>() -> RetryLayer<u64, u64, E> {
    RetryLayer::builder()
        .max_attempts(ATTEMPTS as usize)
        .build()
}

static IN_ROW: LazyLock<Breaker<Leaf>> = LazyLock::new(|| in_a_row(IN_A_ROW, HOUR).layer(leaf()));
static WINDOWED: LazyLock<Breaker<Leaf>> = LazyLock::new(|| of_window(HOUR).layer(leaf()));
static OPEN: LazyLock<Breaker<Leaf>> = LazyLock::new(|| in_a_row(IN_A_ROW, HOUR).layer(leaf()));
static RETRY: LazyLock<Retry<Leaf, u64, u64, Failed>> = LazyLock::new(|| retry().layer(leaf()));
static TIMEOUT: LazyLock<TimeLimiter<Leaf, FixedTimeout>> =
    LazyLock::new(|| timeout().layer(leaf()));
static THREE: LazyLock<Three> =
    LazyLock::new(|| retry().layer(of_window(HOUR).layer(timeout().layer(leaf()))));
static FIVE: LazyLock<Five> = LazyLock::new(|| {
    let limiter = RateLimiterLayer::builder()
        .limit_for_period(PLENTY as usize)
        .refresh_period(Duration::from_secs(1))
        .build()
        .expect("it takes these options");
    let bulkhead = BulkheadLayer::builder()
        .max_concurrent_calls(ROOM)
        .reject_when_full()
        .build()
        .expect("it takes these options");
    let in_time = timeout().layer(leaf());
    retry().layer(of_window(HOUR).layer(limiter.layer(bulkhead.layer(in_time))))
});

/// A call as tower wants it: when the service says that it is ready.
async fn ask<S: Service<u64>>(service: &mut S, x: u64) -> Result<S::Response, S::Error> {
    service.ready().await?.call(x).await
}

fn rows() -> Vec<Row> {
    vec![
        policy!(async BreakerAsync, "async breaker, 5 in a row", IN_ROW.clone(), |it, x| ask(&mut it, x)),
        policy!(async BreakerAsync, "async breaker, window of 100", WINDOWED.clone(), |it, x| ask(&mut it, x)),
        policy!(async OpenAsync, "async open breaker", OPEN.clone(), |it, x| ask(&mut it, x)),
        policy!(async RetryAsync, "async retry", RETRY.clone(), |it, x| ask(&mut it, x)),
        policy!(async Timeout, "timeout", TIMEOUT.clone(), |it, x| ask(&mut it, x)),
        policy!(async Stack3, "three layers", THREE.clone(), |it, x| ask(&mut it, x)),
        policy!(async Stack5, "five layers", FIVE.clone(), |it, x| ask(&mut it, x)),
    ]
}

impl From<CircuitBreakerError<Failed>> for Failed {
    fn from(error: CircuitBreakerError<Failed>) -> Self {
        match error {
            CircuitBreakerError::Inner(failed) => failed,
            CircuitBreakerError::OpenCircuit => Self::Refused,
        }
    }
}

/// A body under a name of its own: the compiler cannot tell that a future that holds a service of bodies is `Send`.
struct Run(guarded::Body);

impl StdFuture for Run {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        self.0.as_mut().poll(context)
    }
}

type Runner = ServiceFn<fn(Run) -> Run>;

fn run() -> Runner {
    service_fn(|body| body)
}

static GUARD: LazyLock<Breaker<Runner>> =
    LazyLock::new(|| in_a_row(THRESHOLD, OPEN_FOR).layer(run()));
static GUARD_WINDOW: LazyLock<Breaker<Runner>> = LazyLock::new(|| of_window(HOUR).layer(run()));
static GUARD_TIME: LazyLock<Breaker<Runner>> = LazyLock::new(|| {
    CircuitBreakerLayer::builder()
        .failure_rate_threshold(0.5)
        .sliding_window_type(SlidingWindowType::TimeBased)
        .sliding_window_duration(TIME_WINDOW)
        .minimum_number_of_calls(WINDOW as usize)
        .wait_duration_in_open(HOUR)
        .build()
        .expect("it takes these options")
        .layer(run())
});

fn guarded(breaker: &'static Breaker<Runner>, body: guarded::Body) -> guarded::Future {
    Box::pin(async move { Ok(breaker.clone().oneshot(Run(body)).await?) })
}

/// Around a service.
pub const ASYNC: Guarded = Guarded {
    name: "tower-resilience",
    guard: Call::Async(|body| guarded(&GUARD, body)),
    window: Some(Call::Async(|body| guarded(&GUARD_WINDOW, body))),
    time_window: Some(Call::Async(|body| guarded(&GUARD_TIME, body))),
};
