//! All policies that lend something, around one function: calls that fail, panic, hang, are cancelled, are kept and not polled,
//! while a hand changes the limits; and after every round no permit, no probe and no place in a queue is lost.

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::time::Duration;

use crate::chance::{self, Chance};
use perfkit::{BreakerState, Clock, Rejected, breaker, bulkhead, rate_limited, retry, timeout};

const TASKS: u64 = 24;
const CALLS: u64 = 60;
const PROBES: usize = 2;
/// The most that run at once, whatever the size of the bulkhead.
const MOST: u32 = 4;

static CLOCK: Clock = Clock::manual();
static INSIDE: AtomicUsize = AtomicUsize::new(0);
static RUNS: AtomicU64 = AtomicU64::new(0);

/// A body that runs; takes itself off when it is over, however that is.
struct Body;

impl Body {
    fn begins() -> Self {
        RUNS.fetch_add(1, SeqCst);
        let inside = INSIDE.fetch_add(1, SeqCst);
        assert!(inside < MOST as usize, "more run than ever may");
        Self
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, SeqCst);
    }
}

#[retry(
    attempts = 2,
    backoff = "constant",
    delay = "1ms",
    jitter = "none",
    name = "chaos: policies"
)]
#[breaker(threshold = 5, reset = "1s", max_reset = "1s", probes = 2, clock = &CLOCK, name = "chaos: policies")]
#[rate_limited(
    "100000/s",
    burst = 8,
    max_wait = "5ms",
    max_waiting = 6,
    name = "chaos: policies"
)]
#[bulkhead(4, queue = 6, wait = "5ms", name = "chaos: policies")]
#[timeout("20ms", name = "chaos: policies")]
async fn call(script: u64) -> Result<u64, Failed> {
    let _body = Body::begins();
    let mut chance = Chance(script);
    for _ in 0..chance.below(4) {
        tokio::task::yield_now().await;
    }
    match chance.below(100) {
        0..50 => Ok(script),
        50..80 => Err(Failed::Body),
        80..88 => chance::panic(),
        // Who hangs is cut off, or cancelled.
        _ => pending().await,
    }
}

/// The body's own failures, and those of policies.
#[derive(Debug)]
enum Failed {
    Body,
    Policy,
}

impl From<Rejected> for Failed {
    fn from(_: Rejected) -> Self {
        Self::Policy
    }
}

async fn task(mut chance: Chance) {
    let mut kept = Vec::new();
    for _ in 0..CALLS {
        let mut called: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(call(chance.next()));
        let mut polls = match chance.below(3) {
            0 => chance.below(8),
            _ => u64::MAX,
        };
        let is_over = poll_fn(|cx| {
            let polled = catch_unwind(AssertUnwindSafe(|| called.as_mut().poll(cx)));
            match polled {
                Err(panic) => {
                    chance::forgive(panic);
                    Poll::Ready(true)
                }
                Ok(Poll::Ready(_)) => Poll::Ready(true),
                Ok(Poll::Pending) if polls == 0 => Poll::Ready(false),
                Ok(Poll::Pending) => {
                    polls = polls.saturating_sub(1);
                    Poll::Pending
                }
            }
        })
        .await;
        if !is_over && chance.below(8) == 0 && kept.len() < 2 {
            kept.push(called);
        }
        match chance.below(20) {
            0 => kept.clear(),
            1 => call_bulkhead().resize(1 + u32::try_from(chance.below(MOST.into())).unwrap()),
            2 => call_bulkhead().resize_queue(chance.below(8)),
            3..8 => CLOCK.advance(Duration::from_secs(1)),
            _ => {}
        }
    }
}

/// Nothing is lent any more, and all that there is can be had.
fn verify() {
    assert_eq!(INSIDE.load(SeqCst), 0);
    let bulkhead = call_bulkhead();
    assert_eq!((bulkhead.in_use(), bulkhead.waiting()), (0, 0));
    let permits: Vec<_> = (0..bulkhead.max())
        .map(|_| bulkhead.try_acquire())
        .collect();
    assert!(permits.iter().all(Result::is_ok), "permits are lost");
    drop(permits);
    let breaker = call_breaker();
    // The calls have left some of the failures in a row that it takes.
    while breaker.state() == BreakerState::Closed {
        breaker.admit().unwrap().failed();
    }
    if breaker.state() == BreakerState::Open {
        CLOCK.advance(Duration::from_secs(3600));
    }
    // Probes that have succeeded leave fewer to be asked for: of a half-open state that the calls have left, the rest.
    while breaker.state() == BreakerState::HalfOpen {
        breaker.admit().expect("probes are lost").failed();
        CLOCK.advance(Duration::from_secs(3600));
    }
    let probes: Vec<_> = (0..PROBES).map(|_| breaker.admit()).collect();
    assert!(probes.iter().all(Result::is_ok), "probes are lost");
    assert!(breaker.admit().is_err(), "there is one too many");
    for probe in probes.into_iter().flatten() {
        probe.succeeded();
    }
    let report = perfkit::report();
    assert!(report.verify().is_ok(), "{:?}", report.verify());
    let limiter = report.find("limiters", "chaos: policies").unwrap();
    assert_eq!(limiter.count("waiting"), Some(0));
}

#[test]
fn no_permit_no_probe_and_no_place_is_ever_lost() {
    let calls = chance::calls(10_000);
    let mut chance = Chance::seeded();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(4).enable_time().build().unwrap();
    let (mut done, mut half_open) = (0, 0);
    while done < calls {
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| runtime.spawn(task(chance.split())))
            .collect();
        runtime.block_on(async {
            for task in tasks {
                let ended = tokio::time::timeout(Duration::from_secs(120), task).await;
                ended.expect("a call hangs").unwrap();
            }
        });
        half_open += u32::from(call_breaker().state() == BreakerState::HalfOpen);
        verify();
        done += TASKS * CALLS;
    }
    let runs = RUNS.load(SeqCst);
    println!("{done} calls, {runs} runs, {half_open} rounds left it half-open");
    assert!(runs > 0);
}
