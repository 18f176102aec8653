//! All policies that lend something, around one function: calls that fail, panic, hang, are cancelled, are kept and not polled,
//! while a hand changes the limits; and after every round no permit and no place in a queue is lost.
//!
//! - `PERFKIT_SEED`: the seed, else a new one, which is printed. How the threads interleave is not drawn from it.
//! - `PERFKIT_CHAOS_CALLS`: how many calls at least.

use std::future::{pending, poll_fn};
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::time::Duration;

use perfkit::{BreakerState, Clock, Rejected, breaker, bulkhead, rate_limited, retry, timeout};

const TASKS: u64 = 24;
const CALLS: u64 = 60;
/// The most that run at once, whatever the size of the bulkhead.
const MOST: u32 = 4;

static CLOCK: Clock = Clock::manual();
static INSIDE: AtomicUsize = AtomicUsize::new(0);
static RUNS: AtomicU64 = AtomicU64::new(0);

/// Steele, Lea and Flood's `SplitMix64`.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

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
        80..88 => resume_unwind(Box::new("chaos")),
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
                Err(_) | Ok(Poll::Ready(_)) => Poll::Ready(true),
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
    let report = perfkit::report();
    assert!(report.verify().is_ok(), "{:?}", report.verify());
    let limiters = report.section("limiters");
    let waiting = limiters.iter().find(|row| row.op() == "chaos: policies");
    assert_eq!(waiting.unwrap().count("waiting"), Some(0));
}

#[test]
fn no_permit_and_no_place_is_ever_lost() {
    let from_outside = |name| Some(std::env::var(name).ok()?.parse::<u64>().unwrap());
    let seed = from_outside("PERFKIT_SEED").unwrap_or_else(|| RandomState::new().hash_one(0_u8));
    let calls = from_outside("PERFKIT_CHAOS_CALLS").unwrap_or(10_000);
    println!("PERFKIT_SEED={seed} PERFKIT_CHAOS_CALLS={calls}");
    let mut chance = Chance(seed);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(4).enable_time().build().unwrap();
    let (mut done, mut half_open) = (0, 0);
    while done < calls {
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| runtime.spawn(task(Chance(chance.next()))))
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
