//! Promises of batchers, made by hand.

use std::collections::HashMap;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::batcher::{Batcher, BatcherBuilder, Bounds, Full, many, metrics};
use crate::rejected::{Reason, Rejected};
use crate::rt::park::block_on;

mod chaos;
#[cfg(feature = "tokio")]
mod on_tokio;

type Doubler = Batcher<u64, Result<u64, Rejected>>;

/// The batches that a body was given.
type Seen = Arc<Mutex<Vec<Vec<u64>>>>;

fn seen(seen: &Seen) -> Vec<Vec<u64>> {
    seen.lock().unwrap().clone()
}

/// Doubles, and remembers the batches.
fn doubler(name: &str, of: impl FnOnce(BatcherBuilder) -> BatcherBuilder) -> (Doubler, Seen) {
    let batches = Seen::default();
    let known = Arc::clone(&batches);
    let doubler = of(Batcher::builder(name)).build(move |items: Vec<u64>| {
        known.lock().unwrap().push(items.clone());
        async move { items.into_iter().map(|item| item * 2).collect::<Vec<_>>() }
    });
    (doubler, batches)
}

/// Polls it once.
fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_caller_without_a_runtime_is_answered() {
    let (doubler, batches) = doubler("tests: no runtime", |builder| builder);
    assert_eq!(doubler.call_blocking(7), Ok(14));
    assert_eq!(seen(&batches), [[7]]);
}

#[test]
fn threads_get_each_the_answer_of_their_own_item() {
    let (doubler, batches) = doubler("tests: threads", |builder| builder.max_size(7));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let doubler = &doubler;
            scope.spawn(move || {
                for item in thread * 100..thread * 100 + 100 {
                    assert_eq!(doubler.call_blocking(item), Ok(item * 2));
                }
            });
        }
    });
    let batches = seen(&batches);
    assert!(batches.iter().all(|batch| (1..=7).contains(&batch.len())));
    assert_eq!(batches.iter().map(Vec::len).sum::<usize>(), 800);
    assert_eq!(doubler.stats().ok, 800);
}

#[test]
fn the_first_thread_runs_the_batch_of_a_body_that_blocks() {
    let ran_on = Arc::new(Mutex::new(None));
    let known = Arc::clone(&ran_on);
    let batcher = Batcher::builder("tests: leader").build_blocking(move |items: Vec<u64>| {
        *known.lock().unwrap() = Some(std::thread::current().id());
        items
    });
    assert_eq!(batcher.call_blocking(1), Ok(1));
    assert_eq!(*ran_on.lock().unwrap(), Some(std::thread::current().id()));
}

#[test]
fn threads_form_batches_while_one_runs() {
    let (entered, has_entered) = channel();
    let (go, may_go) = channel::<()>();
    let (may_go, sizes) = (Mutex::new(may_go), Arc::new(Mutex::new(Vec::new())));
    let known = Arc::clone(&sizes);
    let batcher = Batcher::builder("tests: followers").build_blocking(move |items: Vec<u64>| {
        known.lock().unwrap().push(items.len());
        entered.send(()).unwrap();
        may_go.lock().unwrap().recv().unwrap();
        items
    });
    std::thread::scope(|scope| {
        let call = |item| {
            let batcher = &batcher;
            scope.spawn(move || assert_eq!(batcher.call_blocking(item), Ok(item)));
        };
        call(0);
        has_entered.recv().unwrap();
        (1..=5).for_each(call);
        while batcher.queued() < 5 {
            std::thread::yield_now();
        }
        go.send(()).unwrap();
        go.send(()).unwrap();
    });
    assert_eq!(*sizes.lock().unwrap(), [1, 5]);
}

#[test]
fn a_call_that_is_kept_and_not_looked_at_again_holds_nobody_up() {
    let (entered, has_entered) = channel();
    let (go, may_go) = channel::<()>();
    let may_go = Mutex::new(may_go);
    let builder = Batcher::builder("tests: kept").max_size(1);
    let batcher = builder.build_blocking(move |items: Vec<u64>| {
        entered.send(()).unwrap();
        may_go.lock().unwrap().recv().unwrap();
        items
    });
    std::thread::scope(|scope| {
        let call = |item| {
            let batcher = &batcher;
            scope.spawn(move || assert_eq!(batcher.call_blocking(item), Ok(item)))
        };
        let first = call(0);
        has_entered.recv().unwrap();
        let mut kept = Box::pin(batcher.call(1));
        assert!(poll(&mut kept).is_pending());
        let last = call(2);
        while batcher.queued() < 2 {
            std::thread::yield_now();
        }
        for _ in 0..3 {
            go.send(()).unwrap();
        }
        first.join().unwrap();
        last.join().unwrap();
        assert_eq!(poll(&mut kept), Poll::Ready(Ok(1)));
    });
}

#[test]
fn a_wrong_number_of_answers_is_an_error_for_all_of_the_batch_and_for_no_other() {
    let batcher = Batcher::builder("tests: short").build(|mut items: Vec<u64>| async move {
        items.retain(|item| *item != 3);
        items
    });
    let answers = batcher.many_blocking([1, 2, 3, 4]);
    for answer in answers {
        let rejected = answer.unwrap_err();
        assert_eq!(rejected.reason(), Reason::BatchLost);
        assert_eq!(
            rejected.to_string(),
            "the batch of `tests: short` gave 3 answers for 4 items, and nobody knows which are whose"
        );
    }
    assert_eq!(batcher.call_blocking(1), Ok(1));
}

#[test]
fn a_panic_reaches_one_caller_untouched_and_the_others_hear_of_it() {
    struct Payload;
    let batcher = Batcher::builder("tests: panic").build_blocking(|items: Vec<u64>| {
        if items.contains(&3) {
            std::panic::resume_unwind(Box::new(Payload));
        }
        items
    });
    let mut first = Box::pin(batcher.call(1));
    let mut many = Box::pin(batcher.many([2, 3]));
    // The first leads, alone; the next two are one batch.
    assert_eq!(poll(&mut first), Poll::Ready(Ok(1)));
    let panic = catch_unwind(AssertUnwindSafe(|| poll(&mut many))).unwrap_err();
    assert!(panic.is::<Payload>());
    let stats = batcher.stats();
    assert_eq!((stats.items, stats.ok), (3, 1));
    assert_eq!(batcher.call_blocking(4), Ok(4));
}

#[test]
fn each_item_may_fail_alone() {
    let batcher = Batcher::builder("tests: partial").build(|items: Vec<u64>| async move {
        let halve = |item: u64| item.is_multiple_of(2).then_some(item / 2).ok_or(item);
        items.into_iter().map(halve).collect::<Vec<_>>()
    });
    let answers = batcher.many_blocking([2, 3, 4]);
    assert_eq!(answers, [Ok(Ok(1)), Ok(Err(3)), Ok(Ok(2))]);
}

#[test]
fn an_error_is_everybodys() {
    let batcher = Batcher::builder("tests: error")
        .build(|_: Vec<u64>| async { Err::<Vec<u64>, _>("down".to_owned()) });
    let answers = batcher.many_blocking([1, 2]);
    assert_eq!(answers, [(); 2].map(|()| Ok(Err("down".to_owned()))));
}

#[test]
fn a_map_answers_by_item() {
    let batcher = Batcher::builder("tests: map").build(|items: Vec<u64>| async move {
        let known = items.into_iter().filter(|item| *item < 3);
        known
            .map(|item| (item, item * 10))
            .collect::<HashMap<_, _>>()
    });
    let answers = batcher.many_blocking([2, 1, 3, 1]);
    assert_eq!(
        answers,
        [Ok(Some(20)), Ok(Some(10)), Ok(None), Ok(Some(10))]
    );
}

#[test]
fn keys_keep_items_apart() {
    let batcher = Batcher::builder("tests: keyed").build_keyed(
        |key: &'static str, items: Vec<u64>| async move {
            items
                .into_iter()
                .map(|item| format!("{key}{item}"))
                .collect::<Vec<_>>()
        },
    );
    let (red, blue) = (batcher.call_in("red", 1), batcher.many_in("blue", [1, 2]));
    assert_eq!(block_on(red), Ok("red1".to_owned()));
    assert_eq!(
        block_on(blue),
        ["blue1", "blue2"].map(|text| Ok(text.to_owned()))
    );
}

#[test]
fn a_full_queue_rejects_where_it_is_told_to() {
    let batcher = Batcher::builder("tests: full")
        .linger(Duration::MAX)
        .max_queue(2, Full::Reject)
        .build(|items: Vec<u64>| async move { items });
    let mut calls: Vec<_> = (0..3).map(|item| Box::pin(batcher.call(item))).collect();
    let polled: Vec<_> = calls.iter_mut().map(poll).collect();
    assert!(polled[..2].iter().all(Poll::is_pending));
    let Poll::Ready(Err(rejected)) = &polled[2] else {
        panic!("there is room for two");
    };
    assert_eq!(rejected.reason(), Reason::QueueFull);
    drop(calls.remove(0));
    let mut next = Box::pin(batcher.call(3));
    assert!(poll(&mut next).is_pending());
    block_on(batcher.flush());
    assert_eq!(poll(&mut calls[0]), Poll::Ready(Ok(1)));
    assert_eq!(poll(&mut next), Poll::Ready(Ok(3)));
}

#[test]
fn a_cancelled_item_is_left_out() {
    let (doubler, batches) = doubler("tests: cancelled", |builder| builder.linger(Duration::MAX));
    let mut calls: Vec<_> = (0..4).map(|item| Box::pin(doubler.call(item))).collect();
    for call in &mut calls {
        assert!(poll(call).is_pending());
    }
    drop(calls.remove(2));
    block_on(doubler.flush());
    assert_eq!(seen(&batches), [[0, 1, 3]]);
    for (mut call, answer) in calls.into_iter().zip([0, 2, 6]) {
        assert_eq!(poll(&mut call), Poll::Ready(Ok(answer)));
    }
    let stats = doubler.stats();
    assert_eq!((stats.items, stats.ok, stats.queued), (4, 3, 0));
}

#[test]
fn a_batch_is_sent_when_it_is_full_whatever_its_window() {
    let (doubler, batches) = doubler("tests: full batch", |builder| {
        builder.linger(Duration::MAX).max_size(3)
    });
    assert_eq!(doubler.many_blocking([1, 2, 3]), [Ok(2), Ok(4), Ok(6)]);
    assert_eq!(seen(&batches), [[1, 2, 3]]);
}

#[test]
fn many_items_come_in_batches_no_larger_than_they_may_be() {
    let (doubler, batches) = doubler("tests: many", |builder| builder.max_size(10));
    let answers = doubler.many_blocking(0..1005);
    assert!(
        answers
            .into_iter()
            .eq((0..1005).map(|item: u64| Ok(item * 2)))
    );
    let sizes: Vec<_> = seen(&batches).iter().map(Vec::len).collect();
    assert!(sizes.iter().all(|size| *size <= 10));
    assert!(sizes.len() < 150, "{} batches", sizes.len());
}

#[test]
fn many_items_of_a_body_that_blocks_come_in_full_batches_on_the_thread_that_asks() {
    let given = Seen::default();
    let known = Arc::clone(&given);
    let here = std::thread::current().id();
    let batcher = Batcher::builder("tests: many that block")
        .max_size(2)
        .build_blocking(move |items: Vec<u64>| {
            assert_eq!(std::thread::current().id(), here);
            known.lock().unwrap().push(items.clone());
            items
        });
    let answers = batcher.many_blocking(0..100);
    assert!(answers.into_iter().eq((0..100).map(Ok)));
    let sizes: Vec<_> = seen(&given).iter().map(Vec::len).collect();
    assert_eq!(sizes, [2; 50]);
}

#[test]
fn many_items_are_one_batch_whoever_leads() {
    let (doubler, batches) = doubler("tests: wave", |builder| builder.max_size(3));
    for _ in 0..100 {
        // The leader of this one may lead still, or not.
        assert_eq!(doubler.call_blocking(7), Ok(14));
        assert_eq!(doubler.many_blocking([1, 2, 3]), [Ok(2), Ok(4), Ok(6)]);
    }
    let batches = seen(&batches);
    assert_eq!(batches.len(), 200);
    assert!(batches.chunks(2).all(|two| two == [vec![7], vec![1, 2, 3]]));
}

#[test]
fn shut_down_it_rejects_new_calls_and_answers_the_old_ones() {
    let (doubler, _) = doubler("tests: shut down", |builder| builder.linger(Duration::MAX));
    let mut old = Box::pin(doubler.call(1));
    assert!(poll(&mut old).is_pending());
    assert_eq!(block_on(doubler.shutdown(Duration::MAX)), 0);
    assert_eq!(poll(&mut old), Poll::Ready(Ok(2)));
    let rejected = doubler.call_blocking(2).unwrap_err();
    assert_eq!(rejected.reason(), Reason::ShutDown);
}

#[test]
fn who_waits_beyond_the_deadline_is_rejected() {
    let batcher = Batcher::builder("tests: deadline").build(|_: Vec<u64>| pending::<Vec<u64>>());
    let mut runs = Box::pin(batcher.call(1));
    assert!(poll(&mut runs).is_pending());
    while batcher.queued() > 0 {
        std::thread::yield_now();
    }
    let mut waits = Box::pin(batcher.call(2));
    assert!(poll(&mut waits).is_pending());
    assert_eq!(block_on(batcher.shutdown(Duration::from_millis(1))), 2);
    let Poll::Ready(Err(rejected)) = poll(&mut waits) else {
        panic!("it has an answer");
    };
    assert_eq!(rejected.reason(), Reason::ShutDown);
    assert!(poll(&mut runs).is_pending());
}

#[test]
fn a_body_may_ask_its_own_batcher() {
    static FACTORIAL: OnceLock<Batcher<u64, Result<u64, Rejected>>> = OnceLock::new();
    let batcher = Batcher::builder("tests: recursion").build(|items: Vec<u64>| async move {
        let mut answers = Vec::new();
        for item in items {
            answers.push(if item == 0 {
                1
            } else {
                item * FACTORIAL.get().unwrap().call(item - 1).await.unwrap()
            });
        }
        answers
    });
    let batcher = FACTORIAL.get_or_init(|| batcher);
    assert_eq!(batcher.call_blocking(5), Ok(120));
}

#[test]
fn a_body_that_blocks_may_ask_its_own_batcher() {
    static FACTORIAL: OnceLock<Batcher<u64, Result<u64, Rejected>>> = OnceLock::new();
    let batcher = Batcher::builder("tests: deep").build_blocking(|items: Vec<u64>| {
        let answer = |item| match item {
            0 => 1,
            _ => item * FACTORIAL.get().unwrap().call_blocking(item - 1).unwrap(),
        };
        items.into_iter().map(answer).collect::<Vec<_>>()
    });
    let batcher = FACTORIAL.get_or_init(|| batcher);
    assert_eq!(batcher.call_blocking(5), Ok(120));
}

#[test]
fn two_batchers_may_ask_each_other() {
    static ODD: OnceLock<Batcher<u64, Result<bool, Rejected>>> = OnceLock::new();
    static EVEN: OnceLock<Batcher<u64, Result<bool, Rejected>>> = OnceLock::new();
    fn made(
        name: &str,
        zero: bool,
        other: &'static OnceLock<Batcher<u64, Result<bool, Rejected>>>,
    ) -> Batcher<u64, Result<bool, Rejected>> {
        Batcher::builder(name).build(move |items: Vec<u64>| async move {
            let mut answers = Vec::new();
            for item in items {
                answers.push(match item {
                    0 => zero,
                    _ => other.get().unwrap().call(item - 1).await.unwrap(),
                });
            }
            answers
        })
    }
    ODD.get_or_init(|| made("tests: odd", false, &EVEN));
    EVEN.get_or_init(|| made("tests: even", true, &ODD));
    assert_eq!(EVEN.get().unwrap().call_blocking(6), Ok(true));
}

#[test]
fn what_drops_with_an_item_runs_outside_of_the_lock() {
    struct Asks(Batcher<u64, Result<u64, Rejected>>);
    impl Drop for Asks {
        fn drop(&mut self) {
            // Would never come back under the lock of its own group.
            let _ = self.0.queued();
        }
    }
    let (other, _) = doubler("tests: drop", |builder| builder);
    let batcher = Batcher::builder("tests: drops")
        .linger(Duration::MAX)
        .build(|items: Vec<Asks>| async move { items });
    let mut left = Box::pin(batcher.call(Asks(other.clone())));
    assert!(poll(&mut left).is_pending());
    drop(left);
    let mut refused = Box::pin(batcher.call(Asks(other)));
    assert!(poll(&mut refused).is_pending());
    block_on(batcher.shutdown(Duration::MAX));
    assert!(poll(&mut refused).is_ready());
}

#[test]
fn a_waker_that_panics_keeps_no_one_from_being_woken() {
    struct Panics;
    impl std::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            std::panic::resume_unwind(Box::new("a waker"));
        }
    }
    let woken = Arc::new(AtomicUsize::new(0));
    let (doubler, _) = doubler("tests: waker", |builder| builder.linger(Duration::MAX));
    let mut bad = Box::pin(doubler.call(1));
    let panics = Waker::from(Arc::new(Panics));
    assert!(
        bad.as_mut()
            .poll(&mut Context::from_waker(&panics))
            .is_pending()
    );
    let count = Arc::clone(&woken);
    let good = std::thread::scope(|scope| {
        let good = scope.spawn(|| doubler.call_blocking(2));
        while doubler.queued() < 2 {
            std::thread::yield_now();
        }
        block_on(doubler.flush());
        count.fetch_add(1, Relaxed);
        good.join().unwrap()
    });
    assert_eq!(good, Ok(4));
    assert_eq!(woken.load(Relaxed), 1);
}

#[test]
fn the_row_of_a_name_is_balanced() {
    let (doubler, _) = doubler("tests: row", |builder| builder.max_size(2));
    assert_eq!(doubler.many_blocking(0..5).len(), 5);
    let metrics = metrics(Some(doubler.books));
    let value = |name| metrics.iter().find(|metric| metric.name == name).unwrap();
    assert_eq!(value("items").value, crate::snapshot::Value::Counter(5));
    let report = crate::report::report();
    let complaints = report.verify();
    assert!(complaints.is_ok(), "{complaints:?}");
}

/// A future that is ready when it is polled the second time.
fn once_more() -> impl Future<Output = ()> {
    let mut is_first = true;
    poll_fn(move |cx| {
        if !std::mem::take(&mut is_first) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

#[test]
fn callers_that_come_together_are_one_batch() {
    let (doubler, batches) = doubler("tests: together", |builder| {
        builder.linger(Duration::MAX).max_size(5)
    });
    let calls = (0..5).map(|item| {
        let doubler = doubler.clone();
        Box::pin(async move {
            once_more().await;
            doubler.call(item).await
        }) as std::pin::Pin<Box<dyn Future<Output = _> + Send>>
    });
    let answers = block_on(many::all(
        calls,
        Bounds {
            size: 5,
            concurrency: 1,
        },
    ));
    assert!(answers.into_iter().eq((0..5).map(|item: u64| Ok(item * 2))));
    assert_eq!(seen(&batches).len(), 1);
}

#[test]
fn deduped_a_body_is_given_equal_items_once_and_all_are_answered() {
    let batches = Seen::default();
    let known = Arc::clone(&batches);
    let doubler =
        Batcher::builder("tests: deduped")
            .dedupe()
            .build_blocking(move |items: Vec<u64>| {
                known.lock().unwrap().push(items.clone());
                items.into_iter().map(|item| item * 2).collect::<Vec<_>>()
            });
    let answers = block_on(doubler.many([3, 1, 3, 3, 2]));
    assert_eq!(answers, [Ok(6), Ok(2), Ok(6), Ok(6), Ok(4)]);
    assert_eq!(seen(&batches), [[3, 1, 2]]);
    let stats = doubler.stats();
    assert_eq!((stats.items, stats.deduped), (5, 2));
}

#[test]
fn deduped_batches_of_keys_share_nothing() {
    let runs = Arc::new(AtomicUsize::new(0));
    let known = Arc::clone(&runs);
    let sums = Batcher::builder("tests: deduped by key")
        .dedupe()
        .build_keyed(move |key: u64, items: Vec<u64>| {
            known.fetch_add(items.len(), Relaxed);
            async move { items.into_iter().map(|item| key + item).collect::<Vec<_>>() }
        });
    assert_eq!(block_on(sums.many_in(10, [1, 1])), [Ok(11), Ok(11)]);
    assert_eq!(block_on(sums.many_in(20, [1, 1])), [Ok(21), Ok(21)]);
    assert_eq!(runs.load(Relaxed), 2);
}
