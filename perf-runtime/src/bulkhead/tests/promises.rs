//! One promise each.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::bulkhead::{Book, Bulkhead, Core, Settings, metrics};
use crate::clock::Start;
use crate::rejected::Reason;
use crate::snapshot::Value;

fn core(max: u64, queue: u64, wait: Duration) -> &'static Core {
    let book: &'static Book = Box::leak(Box::new(Book::new("held")));
    let settings = Settings {
        queue,
        wait,
        ..Settings::new(max)
    };
    Box::leak(Box::new(Core::new(book, settings)))
}

/// The numbers: entered, waited, cancelled, reentrant, in use, waiting.
fn numbers(core: &Core) -> [u64; 6] {
    let metrics = metrics(Some(core.book), &[core]);
    let names = [
        "entered",
        "waited",
        "cancelled",
        "reentrant",
        "in_use",
        "waiting",
    ];
    names.map(|name| {
        let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
        match metric.value {
            Value::Counter(count) | Value::Level(Some(count)) => count,
            ref other => panic!("{name} is {other:?}"),
        }
    })
}

fn rejected(core: &Core) -> Vec<(&'static str, u64)> {
    let metrics = metrics(Some(core.book), &[core]);
    let rejected = metrics.into_iter().find(|metric| metric.name == "rejected");
    match rejected.unwrap().value {
        Value::Counters { parts, .. } => parts,
        other => panic!("{other:?}"),
    }
}

fn polled<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn as_many_run_as_may_and_the_next_is_rejected() {
    let core = core(2, 0, Duration::MAX);
    let one = Core::enter(core).unwrap();
    let two = Core::try_enter(core).unwrap();
    let rejected_one = Core::enter(core).err().unwrap();
    assert_eq!(rejected_one.reason(), Reason::BulkheadFull);
    assert_eq!(rejected_one.op(), "held");
    drop(one);
    assert!(Core::enter(core).is_ok());
    drop(two);
    assert_eq!(numbers(core), [3, 0, 0, 0, 0, 0]);
    assert_eq!(rejected(core), [("full", 1), ("timed_out", 0)]);
}

#[test]
fn threads_and_futures_wait_in_one_queue() {
    let core = core(1, 2, Duration::MAX);
    let permit = Core::enter(core).unwrap();
    let mut future = pin!(Core::enter_async(core));
    assert!(polled(future.as_mut()).is_pending());
    let (entered, has_entered) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let permit = Core::enter(core).unwrap();
        entered.send(()).unwrap();
        drop(permit);
    });
    while core.permits.waiting() < 2 {
        std::thread::yield_now();
    }
    drop(permit);
    let Poll::Ready(Ok(permit)) = polled(future.as_mut()) else {
        panic!("it was first");
    };
    assert!(has_entered.try_recv().is_err());
    drop(permit);
    thread.join().unwrap();
    assert_eq!(numbers(core), [3, 2, 0, 0, 0, 0]);
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn who_waits_too_long_is_rejected_and_leaves_the_queue() {
    let core = core(1, 1, Duration::from_secs(30));
    let _permit = Core::enter(core).unwrap();
    let start = tokio::time::Instant::now();
    let rejected_one = Core::enter_async(core).await.err().unwrap();
    assert_eq!(rejected_one.reason(), Reason::BulkheadFull);
    assert_eq!(start.elapsed().as_secs(), 30);
    assert_eq!(rejected(core), [("full", 0), ("timed_out", 1)]);
    assert_eq!(numbers(core)[5], 0);
}

#[test]
fn a_thread_that_may_not_wait_is_rejected_without() {
    let core = core(1, 1, Duration::ZERO);
    let _permit = Core::enter(core).unwrap();
    assert!(Core::enter(core).is_err());
    assert_eq!(rejected(core), [("full", 0), ("timed_out", 1)]);
    assert_eq!(numbers(core)[5], 0);
}

#[test]
fn a_dropped_caller_gives_its_place_back_and_hands_on_its_permit() {
    let core = core(1, 2, Duration::MAX);
    let permit = Core::enter(core).unwrap();
    let mut kept = pin!(Core::enter_async(core));
    {
        let mut dropped = pin!(Core::enter_async(core));
        assert!(polled(dropped.as_mut()).is_pending());
        assert!(polled(kept.as_mut()).is_pending());
        drop(permit);
        // It is granted the permit, and goes away with it.
    }
    assert!(matches!(polled(kept.as_mut()), Poll::Ready(Ok(_))));
    assert_eq!(numbers(core), [2, 1, 1, 0, 0, 0]);
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn a_future_that_is_kept_and_not_polled_starves_nobody() {
    let core = core(1, 2, Duration::from_secs(30));
    let permit = Core::enter(core).unwrap();
    let mut kept = pin!(Core::enter_async(core));
    assert!(polled(kept.as_mut()).is_pending());
    let start = tokio::time::Instant::now();
    let other = tokio::spawn(async move { Core::enter_async(core).await.is_ok() });
    tokio::task::yield_now().await;
    drop(permit);
    assert!(other.await.unwrap());
    assert!(start.elapsed() < Duration::from_millis(100));
    assert!(kept.await.is_ok(), "it keeps its turn");
}

#[test]
fn what_stands_further_in_begins_after_the_wait() {
    let core = core(1, 1, Duration::MAX);
    let start = Start::now();
    let permit = Core::enter(core).unwrap();
    assert_eq!(permit.begun(start), start);
    let mut waits = pin!(Core::enter_async(core));
    assert!(polled(waits.as_mut()).is_pending());
    drop(permit);
    let Poll::Ready(Ok(permit)) = polled(waits.as_mut()) else {
        panic!("it waits");
    };
    assert!(permit.begun(start) > start);
}

#[test]
fn a_panic_gives_its_permit_back() {
    let core = core(1, 0, Duration::MAX);
    let panicked = std::panic::catch_unwind(|| {
        let _permit = Core::enter(core).unwrap().here();
        std::panic::resume_unwind(Box::new("body"));
    });
    assert!(panicked.is_err());
    assert_eq!(numbers(core)[4], 0);
    assert!(Core::enter(core).is_ok());
}

#[test]
fn a_thread_does_not_wait_for_its_own_callers() {
    let core = core(2, 1, Duration::MAX);
    let first = Core::enter(core).unwrap().here();
    let second = Core::enter(core).unwrap().here();
    let third = Core::enter(core).unwrap().here();
    assert_eq!(numbers(core), [3, 0, 0, 1, 2, 0]);
    drop(third);
    drop(second);
    drop(first);
    assert_eq!(numbers(core)[4], 0);
}

#[test]
fn a_future_does_not_wait_for_its_own_callers_and_others_do() {
    let core = core(1, 1, Duration::MAX);
    let mut outer = pin!(async {
        let permit = Core::enter_async(core).await.unwrap();
        permit
            .around(async {
                yield_once().await;
                let permit = Core::enter_async(core).await.unwrap();
                permit.around(async { 7 }).await
            })
            .await
    });
    assert!(polled(outer.as_mut()).is_pending());
    // The permit is held by a task that is not polled now: this is another one.
    let mut stranger = pin!(Core::enter_async(core));
    assert!(polled(stranger.as_mut()).is_pending());
    assert_eq!(polled(outer.as_mut()), Poll::Ready(7));
    assert!(matches!(polled(stranger.as_mut()), Poll::Ready(Ok(_))));
    assert_eq!(numbers(core), [3, 1, 0, 1, 0, 0]);
}

async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut yielded, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

#[test]
fn what_is_made_by_hand_gives_its_permits_back_from_anywhere() {
    let held = Bulkhead::builder("bulkhead: by hand", 1).build().unwrap();
    let permit = held.try_acquire().unwrap();
    assert_eq!((held.in_use(), held.max(), held.waiting()), (1, 1, 0));
    assert!(held.run(|| 7).is_err());
    std::thread::spawn(move || drop(permit)).join().unwrap();
    assert_eq!(held.run(|| 7), Ok(7));
    let row = crate::registry::all()
        .iter()
        .map(|row| row.snapshot())
        .find(|row| row.op == "bulkhead: by hand")
        .unwrap();
    assert_eq!(row.attribute, "bulkhead");
    assert!(
        row.metrics
            .iter()
            .any(|metric| metric.name == "entered" && metric.value == Value::Counter(2))
    );
}

#[test]
fn who_waits_for_a_permit_that_only_its_own_callers_have_left_goes_through() {
    let core = core(2, 5, Duration::MAX);
    let outer = Core::enter(core).unwrap();
    let other = Core::enter(core).unwrap();
    let mut call = pin!(outer.around(async {
        // Waits for the other one, which is no caller of this.
        let inner = Core::enter_async(core).await.unwrap();
        inner.core.is_some()
    }));
    assert!(polled(call.as_mut()).is_pending());
    Core::resize(&core, 1);
    // The other one does not help any more: one is left, and its own caller has it.
    assert_eq!(polled(call.as_mut()), Poll::Ready(false));
    drop(other);
    assert_eq!(numbers(core), [3, 0, 0, 1, 1, 0]);
}

#[test]
fn of_a_bulkhead_made_smaller_more_are_in_use_than_there_are_and_the_books_say_why() {
    let core = core(2, 0, Duration::MAX);
    let permits = [(); 2].map(|()| Core::enter(core).unwrap());
    Core::resize(&core, 1);
    let metrics = metrics(Some(core.book), &[core]);
    let level = |name| {
        let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
        match metric.value {
            Value::Level(level) => level.unwrap(),
            ref other => panic!("{name} is {other:?}"),
        }
    };
    let levels = ["max", "highest_max", "in_use", "peak"].map(level);
    assert_eq!(levels, [1, 2, 2, 2]);
    drop(permits);
    core.reset_peak();
    assert!(Core::enter(core).is_ok());
    assert_eq!((core.permits.highest(), core.permits.peak()), (1, 1));
}
