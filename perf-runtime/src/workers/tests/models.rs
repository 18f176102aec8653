//! Models: small scenes of workers, in every order that a model checker can think of. How to run them is in CONTRIBUTING.md.
//!
//! There is no time in a model: threads that have nothing to do sleep until the scene is over, and a call that nobody is
//! woken for is found as a deadlock. Where they are restless they may wake by themselves at any time, and end.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};

use shuttle::future::block_on;
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::{Condvar, Mutex, MutexGuard};
use shuttle::thread;

use super::super::books::Books;
use super::super::sync::lock;
use super::super::{Core, Full, Settings, Workers};
use crate::carried::Answer;
use crate::explored::explored;
use crate::rejected::Reason;

std::thread_local! {
    /// Threads of the scene may wake by themselves.
    static RESTLESS: Cell<bool> = const { Cell::new(false) };
    /// The scene is over: threads that have nothing to do end.
    static OVER: Cell<bool> = const { Cell::new(false) };
}

std::thread_local! {
    /// Books of scenes that are over: there are too many of them to leak one for each.
    static UNUSED: RefCell<Vec<&'static Books>> = const { RefCell::new(Vec::new()) };
}

/// Books in which nothing is written.
pub(in crate::workers) fn books() -> &'static Books {
    let unused = UNUSED.with_borrow_mut(Vec::pop);
    unused.unwrap_or_else(|| Box::leak(Box::new(Books::new())))
}

/// Sleeps until somebody calls, or the scene is over; true when nobody has called.
pub(in crate::workers) fn sleep<'l, T>(
    ready: &Condvar,
    mutex: &'l Mutex<T>,
    guard: MutexGuard<'l, T>,
) -> (MutexGuard<'l, T>, bool) {
    if RESTLESS.get() && thread_rng().gen_bool(0.5) {
        drop(guard);
        thread::yield_now();
        return (lock(mutex), true);
    }
    if OVER.get() {
        return (guard, true);
    }
    let guard = ready.wait(guard).unwrap();
    (guard, OVER.get())
}

/// Two workers, and how often a body has run.
#[derive(Clone)]
struct Scene {
    core: &'static Core,
    runs: Arc<AtomicUsize>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Answered,
    Rejected(Reason),
    Panicked,
    Gone,
}

impl Scene {
    fn new(queue: u64, full: Full) -> Self {
        RESTLESS.set(false);
        OVER.set(false);
        let threads = Some(2);
        let settings = Settings {
            threads,
            queue,
            full,
        };
        Self {
            core: Core::new("model", settings),
            runs: Arc::default(),
        }
    }

    fn usual() -> Self {
        Self::new(10, Full::Wait)
    }

    fn restless() -> Self {
        let scene = Self::usual();
        RESTLESS.set(true);
        scene
    }

    /// A call that gives its number back.
    fn call(&self, number: usize) -> impl Future<Output = Answer<usize>> + Unpin + use<> {
        let runs = Arc::clone(&self.runs);
        self.core.run(
            move || {
                runs.fetch_add(1, SeqCst);
                thread::yield_now();
                number
            },
            |_| false,
        )
    }

    /// Waits for it.
    fn ask(&self, number: usize) -> End {
        ended(block_on(self.call(number)), number)
    }

    /// Polls it so often, and drops it.
    fn forget(&self, number: usize, polls: usize) -> End {
        let mut call = self.call(number);
        for _ in 0..polls {
            let mut context = Context::from_waker(Waker::noop());
            if let Poll::Ready(answer) = pin!(&mut call).poll(&mut context) {
                return ended(answer, number);
            }
            thread::yield_now();
        }
        End::Gone
    }

    fn thread<A: Send + 'static>(
        &self,
        acts: impl FnOnce(Self) -> A + Send + 'static,
    ) -> thread::JoinHandle<A> {
        let scene = self.clone();
        thread::spawn(move || acts(scene))
    }

    /// Everybody has gone, each call has ended once, and nothing has run that had no right to. Gives how often one ran.
    fn is_over(self, ends: &[End]) -> usize {
        let core = self.core;
        let line = core.lock();
        OVER.set(true);
        drop(line);
        core.ready.notify_all();
        while core.lock().threads > 0 {
            thread::yield_now();
        }
        let stats = Workers::of(core).stats();
        assert_eq!((stats.queued, stats.busy, stats.threads), (0, 0, 0));
        // One that was dropped before its first poll has not come.
        assert_eq!(stats.calls, ends.len() as u64);
        let count = |end| ends.iter().filter(|other| **other == end).count();
        let (answered, gone) = (count(End::Answered), count(End::Gone));
        assert_eq!(stats.ok, answered as u64);
        let runs = self.runs.load(SeqCst);
        assert!((answered..=answered + gone).contains(&runs), "{runs} ran");
        core.books.reset();
        UNUSED.with_borrow_mut(|unused| unused.push(core.books));
        runs
    }
}

fn ended(answer: Answer<usize>, number: usize) -> End {
    match answer {
        Answer::Given(answer) => {
            assert_eq!(answer, number);
            End::Answered
        }
        Answer::Rejected(rejected) | Answer::Panicked(rejected, _) => {
            End::Rejected(rejected.reason())
        }
    }
}

fn ends(threads: Vec<thread::JoinHandle<End>>) -> Vec<End> {
    let ends = threads.into_iter().map(|thread| thread.join().unwrap());
    ends.collect()
}

fn all_answered(scene: impl Fn() -> Scene + Clone + Send + Sync + 'static) {
    explored(move || {
        let scene = scene();
        let asks = |number| scene.thread(move |scene| scene.ask(number));
        let mut all = ends((0..3).map(asks).collect());
        all.push(scene.ask(3));
        assert_eq!(all, [End::Answered; 4]);
        assert_eq!(scene.is_over(&all), 4);
    });
}

#[test]
fn everybody_is_answered_and_nothing_runs_twice() {
    all_answered(Scene::usual);
}

#[test]
fn everybody_is_answered_by_threads_that_end_when_they_like() {
    all_answered(Scene::restless);
}

#[test]
fn one_who_goes_costs_nobody_anything() {
    explored(|| {
        let scene = Scene::usual();
        let goes = scene.thread(|scene| scene.forget(7, 2));
        let asks = |number| scene.thread(move |scene| scene.ask(number));
        let mut all = ends((0..2).map(asks).collect());
        assert_eq!(all, [End::Answered; 2]);
        all.push(goes.join().unwrap());
        scene.is_over(&all);
    });
}

#[test]
fn no_more_wait_than_may_and_the_rest_are_told() {
    explored(|| {
        let scene = Scene::new(1, Full::Reject);
        let asks = |number| {
            scene.thread(move |scene| {
                let end = scene.ask(number);
                assert!(scene.core.lock().jobs.len() <= 1);
                end
            })
        };
        let all = ends((0..4).map(asks).collect());
        let full = End::Rejected(Reason::QueueFull);
        assert!(all.iter().all(|end| *end == End::Answered || *end == full));
        assert!(all.contains(&End::Answered));
        scene.is_over(&all);
    });
}

#[test]
fn a_panic_is_its_callers_and_the_worker_goes_on() {
    explored(|| {
        let scene = Scene::usual();
        let panics = scene.thread(|scene| {
            let body = || -> usize { resume_unwind(Box::new("mine")) };
            let call = scene.core.run(body, |_| false);
            let panic = catch_unwind(AssertUnwindSafe(|| block_on(call)));
            assert_eq!(
                panic.err().and_then(|panic| panic.downcast_ref().copied()),
                Some("mine")
            );
            End::Panicked
        });
        let asks = |number| scene.thread(move |scene| scene.ask(number));
        let mut all = ends((0..2).map(asks).collect());
        assert_eq!(all, [End::Answered; 2]);
        all.push(panics.join().unwrap());
        scene.is_over(&all);
    });
}

#[test]
fn who_moves_is_woken_where_he_is() {
    explored(|| {
        let scene = Scene::usual();
        let mut call = scene.call(3);
        let mut context = Context::from_waker(Waker::noop());
        let moved = match pin!(&mut call).poll(&mut context) {
            Poll::Ready(answer) => thread::spawn(move || ended(answer, 3)),
            Poll::Pending => thread::spawn(move || ended(block_on(call), 3)),
        };
        let all = [scene.ask(4), moved.join().unwrap()];
        assert_eq!(all, [End::Answered; 2]);
        assert_eq!(scene.is_over(&all), 2);
    });
}

#[test]
fn a_call_of_a_worker_ends_where_it_is() {
    explored(|| {
        let scene = Scene::usual();
        let outer = scene.thread(|scene| {
            let inside = scene.clone();
            let body = move || {
                inside.runs.fetch_add(1, SeqCst);
                assert_eq!(inside.ask(1), End::Answered);
                7
            };
            ended(block_on(scene.core.run(body, |_| false)), 7)
        });
        let asked = scene.ask(2);
        let all = [asked, outer.join().unwrap(), End::Answered];
        assert_eq!(all, [End::Answered; 3]);
        assert_eq!(scene.is_over(&all), 3);
    });
}

#[test]
fn shut_down_they_end_what_is_there_and_take_nothing_more() {
    explored(|| {
        let scene = Scene::usual();
        let asks = |number| scene.thread(move |scene| scene.ask(number));
        let asking: Vec<_> = (0..2).map(asks).collect();
        let workers = Workers::of(scene.core);
        assert_eq!(block_on(workers.close(std::future::pending())), 0);
        let mut all = ends(asking);
        let shut = End::Rejected(Reason::ShutDown);
        assert!(all.iter().all(|end| *end == End::Answered || *end == shut));
        all.push(scene.ask(2));
        assert_eq!(all[2], shut);
        scene.is_over(&all);
    });
}

/// Is ready at some time.
fn some_time() -> impl Future<Output = ()> {
    let mut polls = thread_rng().gen_range(0..4);
    poll_fn(move |cx| {
        if polls == 0 {
            return Poll::Ready(());
        }
        polls -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

#[test]
fn at_the_deadline_everybody_is_told_once() {
    explored(|| {
        let scene = Scene::usual();
        let asks = |number| scene.thread(move |scene| scene.ask(number));
        let goes = scene.thread(|scene| scene.forget(7, 1));
        let asking: Vec<_> = (0..3).map(asks).collect();
        block_on(Workers::of(scene.core).close(some_time()));
        let mut all = ends(asking);
        let shut = End::Rejected(Reason::ShutDown);
        assert!(all.iter().all(|end| *end == End::Answered || *end == shut));
        all.push(goes.join().unwrap());
        scene.is_over(&all);
    });
}
