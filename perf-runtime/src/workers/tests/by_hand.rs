//! Promises of workers, each by itself.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::super::{Core, Full, Settings, Workers};
use crate::carried::Answer;
use crate::rejected::Reason;
use crate::rt::park::block_on;

fn core(name: &'static str, threads: u64) -> &'static Core {
    Core::new(
        name,
        Settings {
            threads: Some(threads),
            ..Settings::new()
        },
    )
}

pub(super) fn call<A: Send + 'static>(
    core: &'static Core,
    body: impl FnOnce() -> A + Send + 'static,
) -> impl Future<Output = Answer<A>> + Unpin {
    core.run(body, |_| false)
}

pub(super) fn given<A>(answer: Answer<A>) -> A {
    match answer {
        Answer::Given(answer) => answer,
        Answer::Rejected(rejected) | Answer::Panicked(rejected, _) => panic!("{rejected}"),
    }
}

pub(super) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A body that says that it runs, and waits until it may end.
fn gate() -> (impl FnOnce() + Send + 'static, Receiver<()>, Sender<()>) {
    let (entered, has_entered) = channel();
    let (go, may_go) = channel();
    let body = move || {
        entered.send(()).unwrap();
        let _ = may_go.recv();
    };
    (body, has_entered, go)
}

#[test]
fn a_body_runs_on_another_thread() {
    let core = core("workers: other thread", 2);
    let here = std::thread::current().id();
    let there = given(block_on(call(core, || std::thread::current().id())));
    assert_ne!(here, there);
    assert_eq!(Workers::of(core).stats().ok, 1);
}

#[test]
fn no_more_bodies_run_at_once_than_there_are_threads() {
    let core = core("workers: bounded", 2);
    let running = Arc::new(Mutex::new((0, 0)));
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let running = Arc::clone(&running);
            call(core, move || {
                let mut now = running.lock().unwrap();
                now.0 += 1;
                now.1 = now.1.max(now.0);
                drop(now);
                std::thread::yield_now();
                running.lock().unwrap().0 -= 1;
            })
        })
        .map(|mut call| {
            assert!(poll(&mut call).is_pending());
            call
        })
        .collect();
    for call in calls {
        given(block_on(call));
    }
    assert!(running.lock().unwrap().1 <= 2);
    assert!(Workers::of(core).stats().threads <= 2);
}

#[test]
fn a_panic_reaches_its_caller_untouched_and_no_thread_dies_of_it() {
    struct Payload;
    let core = core("workers: panic", 1);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        block_on(call(core, || std::panic::resume_unwind(Box::new(Payload))))
    }));
    assert!(panic.unwrap_err().is::<Payload>());
    assert_eq!(given(block_on(call(core, || 7))), 7);
    assert_eq!(Workers::of(core).stats().threads, 1);
}

#[test]
fn a_call_that_waits_leaves_the_line_when_it_is_dropped() {
    let core = core("workers: cancelled", 1);
    let (body, has_entered, go) = gate();
    let mut first = call(core, body);
    assert!(poll(&mut first).is_pending());
    has_entered.recv().unwrap();
    let (ran, has_run) = channel();
    let mut second = call(core, move || ran.send(()).unwrap());
    assert!(poll(&mut second).is_pending());
    assert_eq!(Workers::of(core).stats().queued, 1);
    drop(second);
    assert_eq!(Workers::of(core).stats().queued, 0);
    // What it held is gone at once, and not when a thread comes by.
    assert!(has_run.recv().is_err());
    go.send(()).unwrap();
    given(block_on(first));
    assert_eq!(Workers::of(core).stats().calls, 2);
}

#[test]
fn the_answer_of_a_caller_that_has_gone_is_dropped() {
    struct Tells(Sender<()>);
    impl Drop for Tells {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let core = core("workers: gone", 1);
    let (body, has_entered, go) = gate();
    let (dropped, is_dropped) = channel();
    let mut first = call(core, move || {
        body();
        Tells(dropped)
    });
    assert!(poll(&mut first).is_pending());
    has_entered.recv().unwrap();
    drop(first);
    go.send(()).unwrap();
    is_dropped.recv().unwrap();
    assert_eq!(given(block_on(call(core, || 1))), 1);
    let stats = Workers::of(core).stats();
    assert_eq!((stats.calls, stats.ok), (2, 1));
}

#[test]
fn a_full_queue_rejects_where_it_is_told_to() {
    let core = Core::new(
        "workers: full",
        Settings {
            threads: Some(1),
            queue: 1,
            full: Full::Reject,
        },
    );
    let (body, has_entered, go) = gate();
    let mut first = call(core, body);
    assert!(poll(&mut first).is_pending());
    has_entered.recv().unwrap();
    let mut second = call(core, || ());
    assert!(poll(&mut second).is_pending());
    let Poll::Ready(Answer::Rejected(rejected)) = poll(&mut call(core, || ())) else {
        panic!("there is room for one");
    };
    assert_eq!(rejected.reason(), Reason::QueueFull);
    go.send(()).unwrap();
    given(block_on(first));
    given(block_on(second));
}

#[test]
fn a_call_from_a_worker_is_run_by_that_worker() {
    let core = core("workers: nested", 1);
    let answer = call(core, || given(block_on(call(core, || 20))) + 1);
    assert_eq!(given(block_on(answer)), 21);
}

#[test]
fn shut_down_they_reject_what_comes_and_end_what_is_there() {
    let core = core("workers: shut down", 1);
    let (body, has_entered, go) = gate();
    let mut first = call(core, body);
    assert!(poll(&mut first).is_pending());
    has_entered.recv().unwrap();
    let mut second = call(core, || 2);
    assert!(poll(&mut second).is_pending());
    let workers = Workers::of(core);
    assert_eq!(block_on(workers.shutdown(Duration::ZERO)), 2);
    let Poll::Ready(Answer::Rejected(rejected)) = poll(&mut second) else {
        panic!("it has an answer");
    };
    assert_eq!(rejected.reason(), Reason::ShutDown);
    go.send(()).unwrap();
    given(block_on(first));
    assert_eq!(block_on(workers.shutdown(Duration::MAX)), 0);
    assert!(matches!(block_on(call(core, || 3)), Answer::Rejected(_)));
    assert_eq!(workers.stats().calls, 3);
}
