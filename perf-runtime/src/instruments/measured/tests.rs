//! What depends on how long something took, with a clock that is moved by hand; the other promises are in
//! `tests/behaviour/measured.rs`.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;

use super::*;
use crate::clock;
use crate::site::Instrument;
use crate::snapshot::{Histogram, Value};

/// As many as a real run or an interpreter (`cargo miri test`) has time for.
const MANY: u64 = if cfg!(miri) { 70 } else { 500_000 };

fn site(options: Options) -> &'static Measured {
    static META: Meta = Meta {
        attribute: "measured",
        name: Some("test"),
        part: None,
        place: || "",
        file: file!(),
        line: 1,
    };
    Box::leak(Box::new(Measured::at(&META, options)))
}

fn plain() -> &'static Measured {
    clock::test::set(0);
    site(Options::new())
}

/// Runs for `nanos` inside a call.
fn work(nanos: u64) {
    clock::test::pass(nanos);
}

fn value(measured: &Measured, name: &str) -> Value {
    let metrics = Measured::metrics(Some(measured));
    let metric = metrics.into_iter().find(|metric| metric.name == name);
    metric.expect("a metric of that name").value
}

fn counter(measured: &Measured, name: &str) -> u64 {
    match value(measured, name) {
        Value::Counter(count) => count,
        other => panic!("{name} is no counter: {other:?}"),
    }
}

fn nanos(measured: &Measured, name: &str) -> u64 {
    match value(measured, name) {
        Value::Time(seconds) => whole(seconds * 1e9),
        other => panic!("{name} is no time: {other:?}"),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small and positive"
)]
fn whole(nanos: f64) -> u64 {
    nanos.round() as u64
}

fn sum(measured: &Measured) -> u64 {
    whole(latency(measured).sum_ns)
}

fn latency(measured: &Measured) -> Histogram {
    match value(measured, "latency") {
        Value::Histogram(histogram) => histogram,
        other => panic!("no histogram: {other:?}"),
    }
}

fn outcomes(measured: &Measured) -> [u64; 4] {
    match value(measured, "outcomes") {
        Value::Counters { parts, .. } => [0, 1, 2, 3].map(|part| parts[part].1),
        other => panic!("no outcomes: {other:?}"),
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Takes some time in each of two polls, and more between them.
struct Steps {
    taken: u64,
    each: u64,
}

impl Future for Steps {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        work(self.each);
        self.taken += 1;
        if self.taken == 2 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

#[test]
fn self_time_leaves_out_measured_callees() {
    let (outer, inner) = (plain(), plain());
    outer.call(
        || {
            work(100);
            for _ in 0..3 {
                inner.call(|| work(1000), |()| false);
            }
            work(10);
        },
        |()| false,
    );
    assert_eq!(nanos(outer, "self"), 110);
    assert_eq!(nanos(inner, "self"), 3000);
    assert_eq!(nanos(outer, "busy"), 3110);
    assert_eq!(sum(outer), 3110);
}

#[test]
fn self_times_of_a_recursion_add_up_to_the_outermost() {
    fn down(measured: &'static Measured, depth: u64) {
        measured.call(
            || {
                work(7);
                if depth > 0 {
                    down(measured, depth - 1);
                }
            },
            |()| false,
        );
    }
    let measured = plain();
    down(measured, 10);
    assert_eq!(nanos(measured, "self"), 77);
    assert_eq!(latency(measured).max_ns, Some(77));
    assert_eq!(latency(measured).min_ns, Some(7));
}

#[test]
fn guards_out_of_order_never_claim_more_than_all_the_time() {
    let (one, other) = (plain(), plain());
    let first = one.enter();
    work(10);
    let second = other.enter();
    work(10);
    drop(first);
    work(10);
    drop(second);
    assert_eq!(sum(one), 20);
    assert_eq!(sum(other), 20);
    assert!(nanos(one, "self") + nanos(other, "self") <= 30);
}

#[test]
fn a_future_has_wall_and_busy_time_apart() {
    let (outer, inner) = (plain(), plain());
    let body = async {
        work(5);
        inner
            .call_async(Steps { taken: 0, each: 20 }, |()| false)
            .await;
    };
    let mut future = pin!(outer.call_async(body, |()| false));
    work(1000);
    assert!(poll(future.as_mut()).is_pending());
    work(300);
    assert!(poll(future.as_mut()).is_ready());
    assert_eq!(sum(outer), 345);
    assert_eq!(nanos(outer, "busy"), 45);
    assert_eq!(nanos(outer, "self"), 5);
    assert_eq!(sum(inner), 340);
    assert_eq!(nanos(inner, "busy"), 40);
    assert_eq!(nanos(inner, "self"), 40);
}

#[test]
fn a_cancelled_future_keeps_its_duration() {
    let measured = plain();
    {
        let mut future = pin!(measured.call_async(Steps { taken: 0, each: 20 }, |()| false));
        assert!(poll(future.as_mut()).is_pending());
        work(80);
    }
    assert_eq!(outcomes(measured), [0, 0, 0, 1]);
    assert_eq!(latency(measured).max_ns, Some(100));
    assert_eq!(nanos(measured, "busy"), 20);
}

#[test]
fn time_that_runs_backwards_is_no_time() {
    let measured = plain();
    clock::test::set(1000);
    measured.call(|| clock::test::set(10), |()| false);
    assert_eq!(latency(measured).max_ns, Some(0));
    assert_eq!(nanos(measured, "self"), 0);
}

#[test]
fn calls_at_the_threshold_are_slow() {
    clock::test::set(0);
    let measured = site(Options {
        slow: Some(Duration::from_nanos(100)),
        sample: 1,
    });
    for nanos in [99, 100, 101] {
        measured.call(|| work(nanos), |()| false);
    }
    assert_eq!(counter(measured, "slow"), 2);
    assert_eq!(value(measured, "slow_threshold"), Value::Level(Some(100)));
}

#[test]
fn no_call_reaches_an_endless_threshold() {
    clock::test::set(0);
    let measured = site(Options {
        slow: Some(Duration::MAX),
        sample: 0,
    });
    measured.call(|| work(u64::MAX / 2), |()| false);
    assert_eq!(counter(measured, "slow"), 0);
    assert_eq!(counter(measured, "timed"), 1);
}

#[test]
fn sampled_calls_are_all_counted_and_some_timed() {
    clock::test::set(0);
    let sampled = site(Options {
        slow: None,
        sample: 10,
    });
    for call in 0..10_000 {
        sampled.call(|| work(50), |()| call % 4 == 0);
    }
    assert_eq!(outcomes(sampled), [7500, 2500, 0, 0]);
    let timed = counter(sampled, "timed");
    // The mean gap is 10 with a deviation of 5.5: this is ten deviations of the sum to either side.
    assert!((800..=1250).contains(&timed), "{timed} of 10000 timed");
    assert_eq!(latency(sampled).count, timed);
    // Ten thousand times 50 ns, seen through those that were timed.
    assert_eq!(nanos(sampled, "self"), 500_000);
}

#[test]
fn callees_that_are_not_timed_still_leave_self_time() {
    clock::test::set(0);
    let outer = site(Options::new());
    let inner = site(Options {
        slow: None,
        sample: 4,
    });
    for _ in 0..2000 {
        outer.call(
            || {
                work(10);
                inner.call(|| work(90), |()| false);
            },
            |()| false,
        );
    }
    let own = nanos(outer, "self");
    // Exact but for the calls before the first timed one, when nobody knows what a callee takes.
    assert!((20_000..=20_000 + 7 * 90).contains(&own), "{own} ns");
}

#[test]
fn durations_of_every_magnitude_are_exact_in_sum_and_ends() {
    let measured = plain();
    let all: Vec<u64> = (0..50).map(|power| 1 << power).collect();
    for nanos in &all {
        measured.call(|| work(*nanos), |()| false);
    }
    let latency = latency(measured);
    assert_eq!(latency.count, 50);
    assert_eq!(sum(measured), all.iter().sum::<u64>());
    assert_eq!(latency.min_ns, Some(1));
    assert_eq!(latency.max_ns, Some(1 << 49));
    assert_eq!(latency.buckets.iter().map(|one| one.count).sum::<u64>(), 50);
    let rising = latency
        .buckets
        .is_sorted_by(|one, next| one.high_ns <= next.low_ns);
    assert!(rising);
}

#[test]
fn a_threads_numbers_outlive_it() {
    clock::test::set(0);
    let measured = site(Options::new());
    for _ in 0..20 {
        let thread = thread::spawn(|| {
            clock::test::set(0);
            for _ in 0..37 {
                measured.call(|| work(3), |()| false);
            }
        });
        thread.join().expect("no panic");
    }
    assert_eq!(outcomes(measured), [740, 0, 0, 0]);
    assert_eq!((latency(measured).count, sum(measured)), (740, 2220));
    assert_eq!(counter(measured, "timed"), 740);
}

#[test]
fn snapshots_balance_while_threads_call_and_end() {
    let measured = site(Options::new());
    let threads = 4;
    let (done, finished) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let done = done.clone();
            scope.spawn(move || {
                for call in 0..MANY {
                    measured.call(|| (), |()| call % 5 == 0);
                }
                done.send(()).expect("the test waits");
            });
        }
        drop(done);
        let (mut running, mut last) = (threads, 0);
        while running > 0 {
            running -= finished.try_iter().count();
            let metrics = Measured::metrics(Some(measured));
            let find = |name: &str| {
                let found = metrics.iter().find(|metric| metric.name == name);
                found.expect("a metric of that name").value.clone()
            };
            let Value::Counter(calls) = find("calls") else {
                panic!()
            };
            let Value::Counter(timed) = find("timed") else {
                panic!()
            };
            let Value::Level(Some(inflight)) = find("inflight") else {
                panic!()
            };
            let Value::Counters { parts, .. } = find("outcomes") else {
                panic!()
            };
            let Value::Histogram(latency) = find("latency") else {
                panic!()
            };
            assert_eq!(calls, parts.iter().map(|(_, count)| count).sum::<u64>());
            assert_eq!(timed, latency.count);
            let buckets = latency.buckets.iter().map(|bucket| bucket.count);
            assert_eq!(timed, buckets.sum::<u64>());
            assert!(timed <= calls && calls >= last);
            assert!(inflight <= threads as u64 * MANY - last);
            last = calls;
            thread::yield_now();
        }
    });
    let errors = MANY.div_ceil(5) * 4;
    assert_eq!(outcomes(measured), [4 * MANY - errors, errors, 0, 0]);
    assert_eq!(latency(measured).count, 4 * MANY);
    assert_eq!(value(measured, "inflight"), Value::Level(Some(0)));
}

#[test]
fn a_reset_meets_running_threads_and_loses_nothing_later() {
    let measured = site(Options::new());
    thread::scope(|scope| {
        let callers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..MANY {
                        measured.call(|| (), |()| false);
                    }
                })
            })
            .collect();
        while !callers.iter().all(thread::ScopedJoinHandle::is_finished) {
            measured.reset();
            assert!(counter(measured, "calls") <= 2 * MANY);
            thread::yield_now();
        }
    });
    measured.reset();
    assert_eq!(counter(measured, "calls"), 0);
    assert_eq!(value(measured, "inflight"), Value::Level(Some(0)));
    measured.call(|| (), |()| false);
    assert_eq!(counter(measured, "calls"), 1);
    assert_eq!(latency(measured).count, 1);
}
