//! Models: small scenes of a batcher, in every order that a model checker can think of. How to run them is in CONTRIBUTING.md.
//!
//! There is no time in a model. Leaders are threads of it, which may be gone at any await: who waits in vain then is found
//! as a deadlock.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use shuttle::future::block_on;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use crate::batcher::{Batcher, BatcherBuilder};
use crate::explored::explored;
use crate::parts::batch::Bounds;
use crate::rejected::{Reason, Rejected};

type Doubler = Batcher<u64, Result<u64, Rejected>>;
type Answer = Result<u64, Rejected>;

std::thread_local! {
    /// Whether leaders of the scene may be gone before their end.
    static MORTAL: Cell<bool> = const { Cell::new(false) };
}

/// Runs a leader, or some of it.
pub(in crate::batcher) fn spawn(leader: impl Future<Output = ()> + Send + 'static) {
    let most = match MORTAL.get() {
        true => thread_rng().gen_range(0..8),
        false => usize::MAX,
    };
    thread::spawn(move || block_on(some_polls(most, leader)));
}

/// Polls so often, and drops it then.
async fn some_polls(most: usize, future: impl Future<Output = ()>) {
    let mut future = Box::pin(future);
    let mut polls = 0;
    poll_fn(move |cx| {
        if polls == most {
            return Poll::Ready(());
        }
        polls += 1;
        future.as_mut().poll(cx)
    })
    .await;
}

/// Is ready when it is polled the second time.
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

fn doubled(items: Vec<u64>) -> Vec<u64> {
    items.into_iter().map(|item| item * 2).collect()
}

fn awaits(builder: BatcherBuilder) -> Doubler {
    builder.build(|items: Vec<u64>| async move {
        once_more().await;
        doubled(items)
    })
}

fn blocks(builder: BatcherBuilder) -> Doubler {
    builder.build_blocking(|items: Vec<u64>| {
        thread::yield_now();
        doubled(items)
    })
}

/// A batcher of two, and what it has counted before: scenes of one name are one row.
struct Scene {
    batcher: Doubler,
    before: u64,
}

impl Scene {
    fn of(name: &str, make: impl FnOnce(BatcherBuilder) -> Doubler) -> Self {
        let batcher = make(Batcher::builder(format!("model: {name}")).max_size(2));
        let before = batcher.stats().items;
        Self { batcher, before }
    }

    /// A thread that asks.
    fn thread<A: Send + 'static>(
        &self,
        asks: impl FnOnce(Doubler) -> A + Send + 'static,
    ) -> thread::JoinHandle<A> {
        let batcher = self.batcher.clone();
        thread::spawn(move || asks(batcher))
    }

    /// Everybody has gone, and each item has ended once.
    fn is_over(&self, handed_in: u64) {
        let stats = self.batcher.stats();
        assert_eq!(stats.items - self.before, handed_in);
        assert_eq!((stats.queued, self.batcher.queued()), (0, 0));
    }
}

fn all_answered(name: &'static str, make: fn(BatcherBuilder) -> Doubler) {
    explored(move || {
        let scene = Scene::of(name, make);
        let threads: Vec<_> = (0..3)
            .map(|thread| {
                scene.thread(move |batcher| {
                    for item in [thread, thread + 10] {
                        assert_eq!(block_on(batcher.call(item)), Ok(item * 2));
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        scene.is_over(6);
    });
}

#[test]
fn everybody_gets_his_own_answer() {
    all_answered("awaits", awaits);
}

#[test]
fn everybody_gets_his_own_answer_where_batches_run_beside_each_other() {
    all_answered("beside", |builder| awaits(builder.concurrency(2)));
}

#[test]
fn everybody_gets_his_own_answer_from_a_body_that_blocks() {
    all_answered("blocks", blocks);
}

#[test]
fn everybody_gets_his_own_answer_from_bodies_that_block_beside_each_other() {
    all_answered("blocks beside", |builder| blocks(builder.concurrency(2)));
}

/// Polls it once or twice, and drops it.
fn forgets(call: impl Future<Output = Answer>, item: u64) {
    let mut call = pin!(call);
    for _ in 0..2 {
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(answer) = call.as_mut().poll(&mut context) {
            assert_eq!(answer, Ok(item * 2));
            return;
        }
        thread::yield_now();
    }
}

#[test]
fn one_who_is_cancelled_costs_nobody_anything() {
    for (name, make) in [
        ("cancelled", awaits as fn(_) -> _),
        ("cancelled blocks", blocks),
    ] {
        explored(move || {
            let scene = Scene::of(name, make);
            let gone = scene.thread(|batcher| forgets(batcher.call(7), 7));
            let others: Vec<_> = (0..2)
                .map(|item| {
                    scene.thread(move |batcher| {
                        assert_eq!(block_on(batcher.call(item)), Ok(item * 2));
                    })
                })
                .collect();
            gone.join().unwrap();
            for other in others {
                other.join().unwrap();
            }
            scene.is_over(3);
        });
    }
}

#[test]
fn who_moves_is_woken_where_he_is() {
    explored(|| {
        let scene = Scene::of("moves", awaits);
        let batcher = scene.batcher.clone();
        let mut call = Box::pin(async move { batcher.call(3).await });
        let mut context = Context::from_waker(Waker::noop());
        let moved = match call.as_mut().poll(&mut context) {
            Poll::Ready(answer) => thread::spawn(move || answer),
            Poll::Pending => thread::spawn(move || block_on(call)),
        };
        let other = scene.thread(|batcher| block_on(batcher.call(4)));
        assert_eq!(moved.join().unwrap(), Ok(6));
        assert_eq!(other.join().unwrap(), Ok(8));
        scene.is_over(2);
    });
}

#[test]
fn a_leader_that_is_gone_is_replaced_or_told_of() {
    explored(|| {
        MORTAL.set(true);
        let scene = Scene::of("mortal", |builder| awaits(builder.concurrency(2)));
        let threads: Vec<_> = (0..3)
            .map(|item| {
                scene.thread(move |batcher| match block_on(batcher.call(item)) {
                    Ok(answer) => assert_eq!(answer, item * 2),
                    Err(rejected) => assert_eq!(rejected.reason(), Reason::BatchLost),
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        scene.is_over(3);
    });
}

#[test]
fn a_batch_that_panics_is_told_to_each_of_its_callers() {
    explored(|| {
        let scene = Scene::of("panics", |builder| {
            builder.build(|items: Vec<u64>| async move {
                once_more().await;
                if items.contains(&1) {
                    std::panic::resume_unwind(Box::new("one"));
                }
                doubled(items)
            })
        });
        let threads: Vec<_> = (0..3)
            .map(|item| {
                scene.thread(move |batcher| {
                    let answer = catch_unwind(AssertUnwindSafe(|| block_on(batcher.call(item))));
                    match answer {
                        Ok(Ok(answer)) => assert_eq!((answer, item != 1), (item * 2, true)),
                        Ok(Err(rejected)) => assert_eq!(rejected.reason(), Reason::BatchLost),
                        Err(panic) => assert_eq!(panic.downcast_ref(), Some(&"one")),
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        scene.is_over(3);
    });
}

#[test]
fn nothing_runs_after_a_batcher_has_shut_down() {
    explored(|| {
        let ran = Arc::new(AtomicUsize::new(0));
        let runs = Arc::clone(&ran);
        let scene = Scene::of("shut down", move |builder| {
            builder.build(move |items: Vec<u64>| {
                let runs = Arc::clone(&runs);
                async move {
                    once_more().await;
                    runs.fetch_add(1, SeqCst);
                    doubled(items)
                }
            })
        });
        let right = |item: u64, answer: Answer| match answer {
            Ok(answer) => assert_eq!(answer, item * 2),
            Err(rejected) => assert_eq!(rejected.reason(), Reason::ShutDown),
        };
        let one = scene.thread(move |batcher| right(1, block_on(batcher.call(1))));
        let many = scene.thread(move |batcher| {
            for (item, answer) in (2..5).zip(block_on(batcher.many(2..5))) {
                right(item, answer);
            }
        });
        let wave = scene.thread(move |batcher| {
            for (item, answer) in (5..7).zip(block_on(in_a_wave(&batcher, 5..7))) {
                right(item, answer);
            }
        });
        assert_eq!(block_on(scene.batcher.shutdown(Duration::MAX)), 0);
        let before = ran.load(SeqCst);
        for asks in [one, many, wave] {
            asks.join().unwrap();
        }
        assert_eq!(ran.load(SeqCst), before);
        scene.is_over(6);
    });
}

/// As a function with other attributes is asked for many.
async fn in_a_wave(batcher: &Doubler, items: std::ops::Range<u64>) -> Vec<Answer> {
    let calls = items.map(|item| {
        let batcher = batcher.clone();
        Box::pin(async move { batcher.call(item).await })
            as Pin<Box<dyn Future<Output = Answer> + Send>>
    });
    let bounds = Bounds {
        size: 2,
        concurrency: 1,
    };
    crate::batcher::many::all(calls, bounds).await
}

#[test]
fn a_wave_is_not_divided_by_a_leader_that_forms() {
    explored(|| {
        let batches = Arc::new(std::sync::Mutex::new(Vec::new()));
        let known = Arc::clone(&batches);
        let scene = Scene::of("wave", move |builder| {
            builder.max_size(5).build(move |items: Vec<u64>| {
                known.lock().unwrap().push(items.clone());
                async move { doubled(items) }
            })
        });
        let alone = scene.thread(|batcher| block_on(batcher.call(9)));
        let many = scene.thread(|batcher| block_on(batcher.many([0, 1])));
        assert_eq!(block_on(in_a_wave(&scene.batcher, 2..4)), [Ok(4), Ok(6)]);
        assert_eq!(many.join().unwrap(), [Ok(0), Ok(2)]);
        assert_eq!(alone.join().unwrap(), Ok(18));
        for batch in &*batches.lock().unwrap() {
            assert_eq!(batch.contains(&0), batch.contains(&1), "{batch:?}");
            assert_eq!(batch.contains(&2), batch.contains(&3), "{batch:?}");
        }
        scene.is_over(5);
    });
}

#[test]
fn one_of_a_wave_that_goes_takes_nobody_along() {
    explored(|| {
        let scene = Scene::of("wave goes", awaits);
        let many = scene.thread(|batcher| {
            let mut many = Box::pin(in_a_wave(&batcher, 0..3));
            let mut context = Context::from_waker(Waker::noop());
            let _ = many.as_mut().poll(&mut context);
            thread::yield_now();
        });
        let other = scene.thread(|batcher| block_on(batcher.call(3)));
        assert_eq!(other.join().unwrap(), Ok(6));
        many.join().unwrap();
        scene.is_over(4);
    });
}

#[test]
fn a_window_without_an_end_ends_when_it_is_full_or_flushed() {
    explored(|| {
        let scene = Scene::of("window", |builder| awaits(builder.linger(Duration::MAX)));
        let threads: Vec<_> = (0..3)
            .map(|item| {
                scene.thread(move |batcher| {
                    assert_eq!(block_on(batcher.call(item)), Ok(item * 2));
                })
            })
            .collect();
        while scene.batcher.stats().items - scene.before < 3 {
            block_on(scene.batcher.flush());
            thread::yield_now();
        }
        for thread in threads {
            thread.join().unwrap();
        }
        scene.is_over(3);
    });
}

#[test]
fn a_body_that_asks_its_own_batcher_is_answered() {
    explored(|| {
        let own: Arc<std::sync::OnceLock<Doubler>> = Arc::default();
        let asks = Arc::clone(&own);
        let scene = Scene::of("asks itself", move |builder| {
            builder.build(move |items: Vec<u64>| {
                let own = Arc::clone(&asks);
                async move {
                    let mut answers = Vec::new();
                    for item in items {
                        answers.push(match item {
                            0 => 0,
                            _ => own.get().unwrap().call(item - 1).await.unwrap() + 2,
                        });
                    }
                    answers
                }
            })
        });
        own.get_or_init(|| scene.batcher.clone());
        let other = scene.thread(|batcher| block_on(batcher.call(1)));
        assert_eq!(block_on(scene.batcher.call(2)), Ok(4));
        assert_eq!(other.join().unwrap(), Ok(2));
        scene.is_over(5);
    });
}
