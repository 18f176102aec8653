//! What a limit does with callers that wait, go away, and come too often.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{Core, Settings};
use crate::clock::Start;
use crate::clock::coarse::Clock;
use crate::limiter::Book;
use crate::rows::ByHand;
use crate::snapshot::Value;

const SECOND: Duration = Duration::from_secs(1);

fn core(settings: Settings) -> &'static Core {
    let book: &'static Book = Box::leak(Box::new(Book::new("limited")));
    Box::leak(Box::new(Core::new(book, settings, true)))
}

fn clock() -> &'static Clock {
    Box::leak(Box::new(Clock::manual()))
}

fn ten_a_second(max_wait: Duration) -> (&'static Core, &'static Clock) {
    let clock = clock();
    let core = core(Settings {
        burst: Some(1),
        max_wait,
        clock: Some(clock),
        ..Settings::new((10, SECOND))
    });
    (core, clock)
}

/// The numbers: allowed, waited, rejected, cancelled, waiting.
fn numbers(core: &Core) -> [u64; 5] {
    let metrics = super::metrics(Some(core.book), &[core]);
    ["allowed", "waited", "rejected", "cancelled", "waiting"].map(|name| {
        let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
        match metric.value {
            Value::Counter(count) | Value::Level(Some(count)) => count,
            ref other => panic!("{name} is {other:?}"),
        }
    })
}

fn polled<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn who_comes_too_often_is_told_exactly_when_to_come_again() {
    let (core, clock) = ten_a_second(Duration::ZERO);
    assert_eq!(core.enter(Start::now(), 1, None).map(drop), Ok(()));
    clock.advance(Duration::from_nanos(1));
    let rejected = core.enter(Start::now(), 1, None).unwrap_err();
    let after = Duration::from_nanos(99_999_999);
    assert_eq!(rejected.retry_after(), Some(after));
    assert_eq!(rejected.op(), "limited");
    clock.advance(after);
    assert_eq!(core.enter(Start::now(), 1, None).map(drop), Ok(()));
    assert_eq!(numbers(core), [2, 0, 1, 0, 0]);
}

#[test]
fn what_can_never_be_has_no_time_to_come_again() {
    let (core, _) = ten_a_second(SECOND);
    let rejected = core.enter(Start::now(), 2, None).unwrap_err();
    assert_eq!(rejected.retry_after(), None);
}

#[test]
fn by_the_processors_clock_the_time_to_come_again_is_never_too_short() {
    let core = core(Settings {
        burst: Some(1),
        ..Settings::new((10, SECOND))
    });
    let start = Start::now();
    assert_eq!(core.enter(start, 1, None), Ok(start));
    let rejected = core.enter(start, 1, None).unwrap_err();
    let after = rejected.retry_after().unwrap();
    let is_close = after.abs_diff(Duration::from_millis(100)) < Duration::from_millis(1);
    assert!(is_close, "{after:?}");
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn those_who_wait_are_served_in_the_order_in_which_they_came() {
    let (core, _) = ten_a_second(Duration::MAX);
    let start = tokio::time::Instant::now();
    let served = std::sync::Mutex::new(Vec::new());
    let caller = |number: u32| {
        let served = &served;
        async move {
            core.enter_async(Start::now(), 1, None).await.unwrap();
            served.lock().unwrap().push((number, start.elapsed()));
        }
    };
    tokio::join!(caller(0), caller(1), caller(2));
    let in_order: Vec<_> = served.lock().unwrap().iter().map(|(n, _)| *n).collect();
    assert_eq!(in_order, [0, 1, 2]);
    let last = served.lock().unwrap()[2].1;
    assert!(last >= Duration::from_millis(200) && last < Duration::from_millis(210));
    assert_eq!(numbers(core), [3, 2, 0, 0, 0]);
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn what_stands_further_in_begins_after_the_wait() {
    let (core, _) = ten_a_second(Duration::MAX);
    let start = Start::now();
    assert_eq!(core.enter_async(start, 1, None).await, Ok(start));
    assert!(core.enter_async(start, 1, None).await.unwrap() > start);
    assert!(core.pass_async(start, 1, None).await > start);
}

#[test]
fn who_would_wait_too_long_is_rejected_before_waiting() {
    let (core, _) = ten_a_second(Duration::from_millis(150));
    assert_eq!(core.enter(Start::now(), 1, None).map(drop), Ok(()));
    let mut second = pin!(core.enter_async(Start::now(), 1, None));
    assert!(polled(second.as_mut()).is_pending());
    let mut third = pin!(core.enter_async(Start::now(), 1, None));
    let Poll::Ready(Err(rejected)) = polled(third.as_mut()) else {
        panic!("it waits");
    };
    assert_eq!(rejected.retry_after(), Some(Duration::from_millis(200)));
    assert_eq!(numbers(core), [1, 0, 1, 0, 1]);
}

#[test]
fn a_dropped_caller_gives_its_moment_back_when_it_was_the_last() {
    let (core, clock) = ten_a_second(Duration::MAX);
    assert_eq!(core.enter(Start::now(), 1, None).map(drop), Ok(()));
    {
        let mut waits = pin!(core.enter_async(Start::now(), 1, None));
        assert!(polled(waits.as_mut()).is_pending());
    }
    assert_eq!(numbers(core), [1, 0, 0, 1, 0]);
    clock.advance(Duration::from_millis(100));
    assert!(core.take_now(1, None).is_ok(), "its token is there");
}

#[test]
fn keys_are_limited_apart() {
    let (core, _) = ten_a_second(Duration::ZERO);
    let enter = |key: &str| core.enter(Start::now(), 1, Some(core.key(key))).map(drop);
    assert_eq!(enter("ada"), Ok(()));
    assert_eq!(enter("grace"), Ok(()));
    assert!(enter("ada").is_err());
    {
        let ada = Some(core.key("ada"));
        let mut waits = pin!(core.pass_async(Start::now(), 1, ada));
        assert!(polled(waits.as_mut()).is_pending());
    }
    assert_eq!(numbers(core), [2, 0, 1, 1, 0]);
}

#[test]
fn who_may_wait_for_ever_gets_through_whatever_it_costs() {
    let (core, _) = ten_a_second(Duration::MAX);
    core.pass(Start::now(), 1_000_000, None);
    assert_eq!(numbers(core), [1, 0, 0, 0, 0]);
}

#[test]
fn what_is_made_by_hand_shares_the_row_of_its_name() {
    let limited = |burst| {
        super::RateLimiter::builder("limiter: twins")
            .rate(1, SECOND)
            .burst(burst)
            .build()
            .unwrap()
    };
    let (one, two) = (limited(1), limited(2));
    assert!(one.try_acquire().is_ok() && one.try_acquire().is_err());
    assert!(two.try_acquire_many(2).is_ok());
    let all = crate::registry::all();
    let rows = all.iter().map(|row| row.snapshot());
    let row = rows
        .into_iter()
        .find(|row| row.op == "limiter: twins")
        .unwrap();
    let value = |name| &row.metrics.iter().find(|m| m.name == name).unwrap().value;
    assert_eq!(row.attribute, Core::ATTRIBUTE);
    assert_eq!(value("allowed"), &Value::Counter(2));
    assert_eq!(value("rejected"), &Value::Counter(1));
    assert_eq!(value("rate"), &Value::Level(Some(1)));
    assert_eq!(value("burst"), &Value::Level(None), "they differ");
}
