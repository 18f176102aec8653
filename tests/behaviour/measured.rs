//! The promises of `#[measured]` and of measuring by hand that do not depend on how long something takes.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use perfkit::__private::measured::{Measured, Options, Running};
use perfkit::__private::{Meta, Observed, Site};
use perfkit::snapshot::{Metric, Snapshot, Value};
use perfkit::{measure, measure_async, span};

type Measuring = Site<Measured>;

const fn meta(name: &'static str) -> Meta {
    Meta {
        attribute: "measured",
        name: Some(name),
        place: || "",
        file: file!(),
        line: 1,
    }
}

/// A site of its own, for one test.
fn site(options: fn() -> Options) -> &'static Measuring {
    Box::leak(Box::new(Site::new(meta("test"), options)))
}

fn plain() -> &'static Measuring {
    site(Options::new)
}

fn value<'m>(metrics: &'m [Metric], name: &str) -> &'m Value {
    let found = metrics.iter().find(|metric| metric.name == name);
    &found.expect("a metric of that name").value
}

fn counter(site: &Measuring, name: &str) -> u64 {
    match value(&site.snapshot().metrics, name) {
        Value::Counter(count) | Value::Level(Some(count)) => *count,
        other => panic!("{name} is no count: {other:?}"),
    }
}

fn seconds(site: &Measuring, name: &str) -> f64 {
    match value(&site.snapshot().metrics, name) {
        Value::Time(seconds) => *seconds,
        other => panic!("{name} is no time: {other:?}"),
    }
}

fn wall(site: &Measuring) -> f64 {
    match value(&site.snapshot().metrics, "latency") {
        Value::Histogram(histogram) => histogram.sum_ns / 1e9,
        other => panic!("no histogram: {other:?}"),
    }
}

/// ok, error, panic, cancelled
fn outcomes(site: &Measuring) -> [u64; 4] {
    outcomes_of(&site.snapshot().metrics)
}

fn outcomes_of(metrics: &[Metric]) -> [u64; 4] {
    match value(metrics, "outcomes") {
        Value::Counters { parts, .. } => [0, 1, 2, 3].map(|part| parts[part].1),
        other => panic!("no outcomes: {other:?}"),
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn call(site: &'static Measuring) {
    site.get().call(|| (), |()| false);
}

#[test]
fn an_answer_is_a_success_or_an_error() {
    let site = plain();
    for number in 0..10 {
        let answer: Result<i32, String> = site.get().call(
            || {
                if number < 3 {
                    Err("no".into())
                } else {
                    Ok(number)
                }
            },
            Result::is_err,
        );
        assert_eq!(answer.is_err(), number < 3);
    }
    assert_eq!(outcomes(site), [7, 3, 0, 0]);
    assert_eq!(counter(site, "calls"), 10);
    assert_eq!(counter(site, "timed"), 10);
    assert_eq!(counter(site, "inflight"), 0);
}

#[test]
fn a_panic_is_counted_and_stays_the_users() {
    let site = plain();
    let body = || site.get().call(|| panic_any(42_u8), |()| false);
    let payload = catch_unwind(body).expect_err("it panics");
    assert_eq!(payload.downcast_ref::<u8>(), Some(&42));
    assert_eq!(outcomes(site), [0, 0, 1, 0]);
    assert_eq!(counter(site, "timed"), 1);
    assert_eq!(counter(site, "inflight"), 0);
}

#[test]
fn a_panic_in_the_verdict_is_a_panic_of_the_call() {
    let site = plain();
    let body = || site.get().call(|| (), |()| resume_unwind(Box::new(1)));
    assert!(catch_unwind(body).is_err());
    assert_eq!(outcomes(site), [0, 0, 1, 0]);
}

#[test]
fn a_guard_ends_the_call_however_it_is_left() {
    let site = plain();
    drop(site.get().enter());
    let unwound = catch_unwind(|| {
        let _running = site.get().enter();
        resume_unwind(Box::new("out"));
    });
    assert!(unwound.is_err());
    assert_eq!(outcomes(site), [1, 0, 1, 0]);
}

#[test]
fn a_call_made_while_unwinding_is_no_panic() {
    struct CallsWhenDropped(&'static Measuring);
    impl Drop for CallsWhenDropped {
        fn drop(&mut self) {
            assert!(thread::panicking());
            let _running = self.0.get().enter();
        }
    }
    let site = plain();
    let unwound = catch_unwind(|| {
        let _calls = CallsWhenDropped(site);
        panic!("the cause");
    });
    assert!(unwound.is_err());
    assert_eq!(outcomes(site), [1, 0, 0, 0]);
}

#[test]
fn a_call_is_in_flight_until_it_ends() {
    let site = plain();
    let one = site.get().enter();
    site.get()
        .call(|| assert_eq!(counter(site, "inflight"), 2), |()| false);
    assert_eq!(counter(site, "inflight"), 1);
    drop(one);
    assert_eq!(counter(site, "inflight"), 0);
}

#[test]
fn a_future_that_is_never_polled_is_no_call() {
    let site = plain();
    drop(site.get().call_async(ready(()), |()| false));
    assert_eq!(outcomes(site), [0; 4]);
    assert_eq!(counter(site, "inflight"), 0);
}

#[test]
fn a_future_that_is_ready_is_a_success_or_an_error() {
    let site = plain();
    for number in 0..4 {
        let answer = if number == 0 { None } else { Some(number) };
        let future = pin!(site.get().call_async(ready(answer), Option::is_none));
        assert_eq!(poll(future), Poll::Ready(answer));
    }
    assert_eq!(outcomes(site), [3, 1, 0, 0]);
}

#[test]
fn a_dropped_future_is_cancelled() {
    let site = plain();
    {
        let mut future = pin!(site.get().call_async(pending::<()>(), |()| false));
        assert!(poll(future.as_mut()).is_pending());
        assert!(poll(future.as_mut()).is_pending());
        assert_eq!(counter(site, "inflight"), 1);
    }
    assert_eq!(outcomes(site), [0, 0, 0, 1]);
    assert_eq!(counter(site, "timed"), 1);
    assert_eq!(counter(site, "inflight"), 0);
}

#[test]
fn a_future_that_panics_ends_once_and_as_a_panic() {
    let site = plain();
    let mut future = Box::pin(
        site.get()
            .call_async(async { panic_any("the users own") }, |()| false),
    );
    let polled = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
    let payload = polled.expect_err("it panics");
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"the users own"));
    drop(future);
    assert_eq!(outcomes(site), [0, 0, 1, 0]);
}

#[test]
fn polls_after_the_end_do_not_count() {
    struct Fused(u32);
    impl Future for Fused {
        type Output = u32;
        fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
            self.0 += 1;
            Poll::Ready(self.0)
        }
    }
    let site = plain();
    let mut future = Box::pin(site.get().call_async(Fused(0), |_| false));
    assert_eq!(poll(future.as_mut()), Poll::Ready(1));
    assert_eq!(poll(future.as_mut()), Poll::Ready(2));
    drop(future);
    assert_eq!(outcomes(site), [1, 0, 0, 0]);
}

#[test]
fn a_future_may_begin_and_end_on_different_threads() {
    struct Twice(bool);
    impl Future for Twice {
        type Output = ();
        fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            if std::mem::replace(&mut self.0, true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }
    }
    let site = plain();
    for finish in [true, false] {
        let started = thread::spawn(move || {
            let mut future = Box::pin(site.get().call_async(Twice(false), |()| false));
            assert!(poll(future.as_mut()).is_pending());
            future
        });
        let mut future = started.join().expect("no panic");
        assert_eq!(counter(site, "inflight"), 1);
        let ended = thread::spawn(move || finish && poll(future.as_mut()).is_ready());
        assert_eq!(ended.join().expect("no panic"), finish);
        assert_eq!(counter(site, "inflight"), 0);
    }
    assert_eq!(outcomes(site), [1, 0, 0, 1]);
}

#[test]
fn a_future_can_be_sent_when_the_one_inside_can() {
    fn can_be_sent<T: Send>(_: &T) {}
    let site = plain();
    can_be_sent(&site.get().call_async(async {}, |()| false));
    can_be_sent(&measure_async("sent", async {}));
    // And one that cannot is measured all the same.
    let local = std::rc::Rc::new(5);
    let future = pin!(site.get().call_async(async { *local }, |_| false));
    assert_eq!(poll(future), Poll::Ready(5));
}

#[test]
fn self_times_add_up_to_the_outermost_wall_time() {
    fn fibonacci(site: &'static Measuring, n: u64) -> u64 {
        site.get().call(
            || match n {
                0 | 1 => n,
                _ => fibonacci(site, n - 1) + fibonacci(site, n - 2),
            },
            |_| false,
        )
    }
    let (outer, inner) = (plain(), plain());
    let answer = outer.get().call(|| fibonacci(inner, 16), |_| false);
    assert_eq!(answer, 987);
    assert_eq!(counter(inner, "calls"), 3193);
    let own = seconds(outer, "self") + seconds(inner, "self");
    assert!(
        (own - wall(outer)).abs() < 1e-9,
        "{own} is not the wall time"
    );
    assert!(seconds(inner, "self") <= wall(inner));
}

#[test]
fn busy_time_of_a_sync_call_is_its_wall_time() {
    let site = plain();
    for _ in 0..100 {
        call(site);
    }
    assert!((seconds(site, "busy") - wall(site)).abs() < 1e-9);
}

#[test]
fn the_slow_threshold_counts() {
    let all = site(|| Options {
        slow: Some(Duration::ZERO),
        sample: 1,
    });
    let none = site(|| Options {
        slow: Some(Duration::MAX),
        sample: 1,
    });
    for _ in 0..7 {
        call(all);
        call(none);
    }
    assert_eq!((counter(all, "slow"), counter(none, "slow")), (7, 0));
    assert_eq!(counter(none, "slow_threshold"), u64::MAX);
    assert_eq!(
        value(&plain().snapshot().metrics, "slow_threshold"),
        &Value::Level(None)
    );
}

#[test]
fn sampled_futures_and_guards_are_all_counted() {
    let site = site(|| Options {
        slow: None,
        sample: 1_000_000,
    });
    for number in 0..100 {
        drop(site.get().enter());
        let mut future = Box::pin(site.get().call_async(pending::<()>(), |()| false));
        assert!(poll(future.as_mut()).is_pending());
        let done = pin!(site.get().call_async(ready(number), |number| *number == 0));
        assert!(poll(done).is_ready());
    }
    assert_eq!(outcomes(site), [199, 1, 0, 100]);
    assert!(counter(site, "timed") <= 300);
    assert_eq!(counter(site, "inflight"), 0);
}

#[test]
fn labels_split_a_site_and_add_up_to_it() {
    let site = plain();
    for number in 0..10 {
        let label = if number < 4 { "red" } else { "green" };
        site.get().by(label, |_| None).call(|| (), |()| number == 0);
    }
    let Snapshot { metrics, by, .. } = site.snapshot();
    assert_eq!(outcomes_of(&metrics), [9, 1, 0, 0]);
    let rows: Vec<_> = by
        .iter()
        .map(|(label, metrics)| (label.as_str(), outcomes_of(metrics)))
        .collect();
    assert_eq!(rows, [("green", [6, 0, 0, 0]), ("red", [3, 1, 0, 0])]);
}

#[test]
fn labels_beyond_the_hundredth_are_other() {
    let site = plain();
    for label in 0..250 {
        drop(site.get().by(&label, |_| None).enter());
        drop(site.get().by(&label, |_| None).enter());
    }
    drop(site.get().by("other", |_| None).enter());
    let by = site.snapshot().by;
    assert_eq!(by.len(), 101);
    let (label, metrics) = by.last().expect("101 labels");
    assert_eq!(label, "other");
    assert_eq!(outcomes_of(metrics), [301, 0, 0, 0]);
    assert_eq!(counter(site, "calls"), 501);
    assert_eq!(counter(site, "label_overflow"), 301);
}

#[test]
fn a_long_label_is_cut_at_a_character() {
    let site = plain();
    // 64 bytes end in the middle of a character of two bytes.
    let long = format!("x{}", "é".repeat(40));
    let future = pin!(
        site.get()
            .by(&long, |_| None)
            .call_async(ready(()), |()| false)
    );
    assert!(poll(future).is_ready());
    site.get()
        .by(&format_args!("{}{}", long, 1), |_| None)
        .call(|| (), |()| false);
    let by = site.snapshot().by;
    assert_eq!(by.len(), 1);
    assert_eq!(by[0].0, format!("x{}", "é".repeat(31)));
    assert_eq!(outcomes_of(&by[0].1), [2, 0, 0, 0]);
}

#[test]
fn threads_that_see_a_label_first_together_agree() {
    let site = plain();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..50 {
                    site.get().by(&round, |_| None).call(|| (), |()| false);
                }
            });
        }
    });
    let by = site.snapshot().by;
    assert_eq!(by.len(), 50);
    assert!(by.iter().all(|(_, row)| outcomes_of(row) == [4, 0, 0, 0]));
}

#[test]
fn a_reset_forgets_what_ended_and_keeps_what_runs() {
    let site = plain();
    let labelled = site.get().by("label", |_| None).enter();
    let running = site.get().enter();
    let mut future = Box::pin(site.get().call_async(pending::<()>(), |()| false));
    assert!(poll(future.as_mut()).is_pending());
    thread::spawn(|| call(site)).join().expect("no panic");
    call(site);
    assert_eq!(counter(site, "calls"), 2);
    site.reset();
    assert_eq!(outcomes(site), [0; 4]);
    assert_eq!(counter(site, "timed"), 0);
    assert_eq!(counter(site, "inflight"), 3);
    drop((running, labelled, future));
    assert_eq!(outcomes(site), [2, 0, 0, 1]);
    assert_eq!(counter(site, "timed"), 3);
    assert_eq!(counter(site, "inflight"), 0);
}

#[test]
fn every_call_of_a_parked_thread_is_counted() {
    const CALLS: u64 = 1_000_037;
    let site = plain();
    let (counted, wait) = mpsc::channel();
    let (end, parked) = mpsc::channel::<()>();
    let caller = thread::spawn(move || {
        for _ in 0..CALLS {
            call(site);
        }
        counted.send(()).expect("the test waits");
        parked.recv().expect("the test ends this");
    });
    wait.recv().expect("the caller counts");
    assert_eq!(counter(site, "calls"), CALLS);
    assert_eq!(counter(site, "timed"), CALLS);
    end.send(()).expect("the caller waits");
    caller.join().expect("no panic");
    assert_eq!(outcomes(site), [CALLS, 0, 0, 0]);
    assert_eq!(counter(site, "timed"), CALLS);
}

#[test]
fn threads_that_come_and_go_lose_nothing() {
    let site = plain();
    for _ in 0..1000 {
        let short = thread::spawn(|| {
            for _ in 0..3 {
                call(site);
            }
        });
        short.join().expect("no panic");
    }
    assert_eq!(counter(site, "calls"), 3000);
    assert_eq!(counter(site, "timed"), 3000);
    assert_eq!(counter(site, "inflight"), 0);
}

/// Calls a site when its thread's storage is torn down; keeps a call running until then, too.
struct Late {
    site: &'static Measuring,
    running: Option<Running>,
}

impl Drop for Late {
    fn drop(&mut self) {
        call(self.site);
        drop(self.running.take());
        let mut future = Box::pin(self.site.get().call_async(pending::<()>(), |()| false));
        assert!(poll(future.as_mut()).is_pending());
    }
}

thread_local! {
    static EARLY: RefCell<Option<Late>> = const { RefCell::new(None) };
    static LATER: RefCell<Option<Late>> = const { RefCell::new(None) };
}

#[test]
fn calls_in_destructors_of_thread_locals_are_counted() {
    // Destructors run in the reverse of some order that is not promised: registering one before and one after the
    // first measured call has one of them run when the thread's numbers are folded already.
    let site = plain();
    for _ in 0..10 {
        let thread = thread::spawn(move || {
            EARLY.with(|_| ());
            EARLY.set(Some(Late {
                site,
                running: None,
            }));
            call(site);
            let running = Some(site.get().enter());
            EARLY.with_borrow_mut(|late| late.as_mut().expect("set above").running = running);
            LATER.set(Some(Late {
                site,
                running: None,
            }));
        });
        thread.join().expect("no panic");
    }
    assert_eq!(outcomes(site), [40, 0, 0, 20]);
    assert_eq!(counter(site, "timed"), 60);
    assert_eq!(counter(site, "inflight"), 0);
    site.reset();
    assert_eq!(outcomes(site), [0; 4]);
    assert_eq!(counter(site, "timed"), 0);
}

#[test]
fn a_site_that_nothing_called_has_every_number_at_zero() {
    let (never, once) = (plain(), plain());
    call(once);
    let names = |site: &Measuring| -> Vec<_> {
        let metrics = site.snapshot().metrics;
        metrics.iter().map(|metric| metric.name).collect()
    };
    assert_eq!(names(never), names(once));
    assert_eq!(outcomes(never), [0; 4]);
    assert_eq!(counter(never, "inflight"), 0);
}

#[test]
fn measuring_by_hand_is_transparent() {
    let answer = measure("by hand", || {
        let _span = span("inside");
        7
    });
    assert_eq!(answer, 7);
    let future = pin!(measure_async("by hand", async { "done" }));
    assert_eq!(poll(future), Poll::Ready("done"));
    let body = || -> () { panic_any(3_i8) };
    let panicked = catch_unwind(|| measure("by hand", body));
    let payload = panicked.expect_err("it panics");
    assert_eq!(payload.downcast_ref::<i8>(), Some(&3));
}

#[test]
fn a_measured_call_may_ask_for_its_own_numbers() {
    let site = plain();
    let seen = Cell::new(0);
    site.get()
        .call(|| seen.set(counter(site, "inflight")), |()| false);
    assert_eq!(seen.get(), 1);
}
