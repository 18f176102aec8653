//! Models: small scenes of threads and futures, in every order that a model checker can think of.
//!
//! A scene is run under schedules drawn at random, under those of a checker that prefers few and well-placed preemptions,
//! and a small one under the first of all there are, in their order. There is no time in a model: what ends here ends without a clock. How to run
//! them is in CONTRIBUTING.md.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use shuttle::future::block_on;
use shuttle::sync::Mutex;
use shuttle::thread;

use crate::explored::{explored, schedules};
use crate::parts::flight::lock::lock;
use crate::parts::flight::{Ending, Event, Flights, Landing, ancestry};

type Answer = Result<u64, String>;

/// What a source of truth says, and what is kept of it.
struct World {
    flights: Flights<u64, Answer>,
    /// The hash of each key.
    hash: fn(u64) -> u64,
    kept: Mutex<BTreeMap<u64, u64>>,
    truth: Mutex<u64>,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    leading: BTreeMap<u64, u32>,
    bodies: u32,
    cycles: u32,
}

impl World {
    fn new() -> Arc<Self> {
        Self::hashing(|key| key)
    }

    fn hashing(hash: fn(u64) -> u64) -> Arc<Self> {
        Arc::new(Self {
            flights: Flights::new(Duration::MAX),
            hash,
            kept: Mutex::new(BTreeMap::new()),
            truth: Mutex::new(0),
            now: Mutex::new(Now::default()),
        })
    }

    fn kept(&self, key: u64) -> Option<u64> {
        lock(&self.kept).get(&key).copied()
    }

    fn get(&self, key: u64, body: impl FnOnce() -> Answer) -> Answer {
        if let Some(kept) = self.kept(key) {
            return Ok(kept);
        }
        let hash = (self.hash)(key);
        self.flights
            .run(hash, key, &mut Keeps::new(self, key), body)
    }

    async fn get_async(&self, key: u64, body: impl Future<Output = Answer>) -> Answer {
        if let Some(kept) = self.kept(key) {
            return Ok(kept);
        }
        let landing = Keeps::new(self, key);
        let hash = (self.hash)(key);
        self.flights.run_async(hash, key, landing, body).await
    }

    /// What the source says now.
    fn truth(&self) -> u64 {
        *lock(&self.truth)
    }

    /// The source says something else, and what was read before is not to be answered any more.
    fn change(&self, key: u64) {
        *lock(&self.truth) += 1;
        self.flights
            .outdate((self.hash)(key), |other| *other == key);
        lock(&self.kept).remove(&key);
    }

    /// The same of all keys.
    fn change_all(&self) {
        *lock(&self.truth) += 1;
        self.flights.outdate_all();
        lock(&self.kept).clear();
    }

    /// What a thread of a scene does.
    fn caller(
        self: &Arc<Self>,
        call: impl FnOnce(&Self) + Send + 'static,
    ) -> Box<dyn FnOnce() + Send> {
        let world = self.clone();
        Box::new(move || call(&world))
    }

    fn bodies(&self) -> u32 {
        lock(&self.now).bodies
    }

    fn cycles(&self) -> u32 {
        lock(&self.now).cycles
    }

    fn verify(&self) {
        assert_eq!(self.flights.len(), 0, "records are left");
        assert_eq!(ancestry::waits(|_| true), 0, "edges are left");
        assert!(lock(&self.now).leading.is_empty(), "leads are left");
    }
}

struct Keeps<'w> {
    world: &'w World,
    key: u64,
    is_alone: bool,
}

impl<'w> Keeps<'w> {
    fn new(world: &'w World, key: u64) -> Self {
        Self {
            world,
            key,
            is_alone: false,
        }
    }
}

impl Landing for Keeps<'_> {
    type Key = u64;
    type Answer = Answer;
    type Shared = Answer;
    type Prepared = u64;
    type Displaced = ();

    fn found(&mut self) -> Option<Answer> {
        self.world.kept(self.key).map(Ok)
    }

    fn began(&mut self) {
        let mut now = lock(&self.world.now);
        now.bodies += 1;
        if !self.is_alone {
            let before = now.leading.insert(self.key, 1);
            assert_eq!(before, None, "two runs of one key");
        }
    }

    fn ended(&mut self, _: Ending<'_, Answer>) {
        if !self.is_alone {
            lock(&self.world.now).leading.remove(&self.key);
        }
    }

    fn prepare(&mut self, answer: &Answer) -> Option<u64> {
        answer.clone().ok()
    }

    fn displaced(&self) {}

    fn commit(
        &mut self,
        prepared: u64,
        is_wanted: impl Fn() -> bool,
        (): &mut (),
    ) -> Result<(), u64> {
        let mut kept = lock(&self.world.kept);
        if !is_wanted() {
            return Err(prepared);
        }
        kept.insert(self.key, prepared);
        Ok(())
    }

    fn share(&mut self, answer: &Answer) -> Option<Answer> {
        // Some can be shared, and some cannot.
        (answer != &Err("mine".to_owned())).then(|| answer.clone())
    }

    fn accept(&mut self, shared: Answer) -> Option<Answer> {
        Some(shared)
    }

    fn happened(&mut self, event: Event) {
        assert_ne!(event, Event::WaitExpired, "there is no clock");
        assert_ne!(event, Event::Deserted, "everybody is polled");
        if event == Event::Cycle {
            self.is_alone = true;
            lock(&self.world.now).cycles += 1;
        }
    }
}

/// Polls a future a few times, then forgets it.
struct Impatient<F>(Option<Pin<Box<F>>>, u32);

impl<F: Future> Future for Impatient<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let Some(future) = &mut self.0 else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(answer) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(answer));
        }
        if self.1 == 0 {
            self.0 = None;
            return Poll::Ready(None);
        }
        self.1 -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

async fn go_around() {
    shuttle::future::yield_now().await;
}

fn threads(bodies: Vec<Box<dyn FnOnce() + Send>>) {
    let threads: Vec<_> = bodies.into_iter().map(thread::spawn).collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

fn three_threads_of_one_key() {
    let world = World::new();
    let one = || world.caller(move |world| assert_eq!(world.get(1, || Ok(7)), Ok(7)));
    threads(vec![one(), one(), one()]);
    assert_eq!(world.bodies(), 1);
    world.verify();
}

#[test]
fn threads_of_one_key_run_one_body() {
    explored(three_threads_of_one_key);
}

#[test]
fn two_threads_of_one_key_run_one_body_under_schedules_in_order() {
    shuttle::check_dfs(
        || {
            let world = World::new();
            let other = world.clone();
            let other = thread::spawn(move || other.get(1, || Ok(7)));
            assert_eq!(world.get(1, || Ok(7)), Ok(7));
            assert_eq!(other.join().unwrap(), Ok(7));
            assert_eq!(world.bodies(), 1);
            world.verify();
        },
        Some(10 * schedules()),
    );
}

#[test]
fn futures_of_one_key_run_one_body_beside_a_thread() {
    explored(|| {
        let world = World::new();
        let body = || async {
            go_around().await;
            Ok(7)
        };
        let future =
            || world.caller(move |world| assert_eq!(block_on(world.get_async(1, body())), Ok(7)));
        let blocks = world.clone();
        threads(vec![
            future(),
            future(),
            Box::new(move || assert_eq!(blocks.get(1, || Ok(7)), Ok(7))),
        ]);
        assert_eq!(world.bodies(), 1);
        world.verify();
    });
}

#[test]
fn callers_that_cancel_hold_nobody_up() {
    explored(|| {
        let world = World::new();
        let impatient = |patience| {
            world.caller(move |world| {
                let body = std::future::pending();
                let call = Box::pin(world.get_async(1, body));
                let answer = block_on(Impatient(Some(call), patience));
                assert!(answer.is_none_or(|answer| answer == Ok(7)));
            })
        };
        let patient = world.clone();
        let body = async {
            go_around().await;
            Ok(7)
        };
        threads(vec![
            impatient(0),
            impatient(2),
            Box::new(move || assert_eq!(block_on(patient.get_async(1, body)), Ok(7))),
        ]);
        world.verify();
    });
}

#[test]
fn errors_reach_who_waits_or_make_it_run() {
    explored(|| {
        let world = World::new();
        let fails = |error: &'static str| {
            world.caller(move |world| {
                let answer = world.get(1, || Err(error.to_owned()));
                assert!(answer.is_err());
                // What cannot be shared is given to nobody else.
                assert!(error == "mine" || answer == Err("ours".to_owned()));
            })
        };
        threads(vec![fails("mine"), fails("ours"), fails("ours")]);
        world.verify();
    });
}

#[test]
fn what_was_read_before_an_invalidation_is_never_kept_after_it() {
    explored(|| {
        let world = World::new();
        let reads = || {
            world.caller(move |world| {
                let answer = world.get(1, || {
                    let read = world.truth();
                    thread::yield_now();
                    Ok(read)
                });
                assert!(answer.is_ok());
            })
        };
        let writer = world.clone();
        threads(vec![
            reads(),
            reads(),
            Box::new(move || {
                writer.change(1);
                // A call that begins after the invalidation does not get what was read before it.
                assert_eq!(writer.get(1, || Ok(writer.truth())), Ok(1));
            }),
        ]);
        assert_eq!(world.kept(1), Some(1));
        world.verify();
    });
}

#[test]
fn what_was_read_before_all_is_cleared_is_never_kept_after_it() {
    explored(|| {
        let world = World::new();
        let reads = |keys: [u64; 2]| {
            world.caller(move |world| {
                for key in keys {
                    let answer = world.get(key, || {
                        let read = world.truth();
                        thread::yield_now();
                        Ok(read)
                    });
                    assert!(answer.is_ok());
                }
            })
        };
        let writer = world.clone();
        threads(vec![
            reads([1, 2]),
            reads([2, 3]),
            Box::new(move || {
                writer.change_all();
                assert_eq!(writer.get(2, || Ok(writer.truth())), Ok(1));
            }),
        ]);
        assert_eq!(world.kept(2), Some(1));
        for key in [1, 3] {
            assert!(world.kept(key).is_none_or(|kept| kept == 1));
        }
        world.verify();
    });
}

#[test]
fn what_has_ended_unmet_is_found_and_makes_room_for_others() {
    explored(|| {
        let world = World::new();
        // All of one shard.
        let runs = |keys: [u64; 3]| {
            world.caller(move |world| {
                for key in keys {
                    assert_eq!(world.get(key, || Ok(key)), Ok(key));
                }
            })
        };
        threads(vec![runs([1, 2, 3]), runs([2, 1, 4]), runs([3, 1, 2])]);
        assert_eq!(world.bodies(), 4);
        world.verify();
    });
}

#[test]
fn keys_of_one_hash_neither_wait_for_each_other_nor_go_together() {
    explored(|| {
        let world = World::hashing(|_| 7);
        let (first, other, writer) = (world.clone(), world.clone(), world.clone());
        let (told, hears) = std::sync::mpsc::channel();
        let hears = Mutex::new(Some(hears));
        threads(vec![
            Box::new(move || {
                let body = || {
                    // Until the other one has its answer.
                    let hears = lock(&hears).take().unwrap();
                    while hears.try_recv().is_err() {
                        thread::yield_now();
                    }
                    Ok(1)
                };
                assert_eq!(first.get(1, body), Ok(1));
            }),
            Box::new(move || {
                assert_eq!(other.get(2, || Ok(2)), Ok(2));
                told.send(()).unwrap();
            }),
            Box::new(move || writer.change(3)),
        ]);
        assert_eq!((world.kept(1), world.kept(2)), (Some(1), Some(2)));
        assert_eq!(world.bodies(), 2);
        world.verify();
    });
}

#[test]
fn errors_that_nobody_waits_for_leave_nothing() {
    explored(|| {
        let world = World::new();
        let fails = |key| {
            world.caller(move |world| {
                for _ in 0..2 {
                    let answer = world.get(key, || Err("mine".to_owned()));
                    assert_eq!(answer, Err("mine".to_owned()));
                }
            })
        };
        threads(vec![fails(1), fails(1), fails(2)]);
        assert_eq!(world.bodies(), 6);
        world.verify();
    });
}

#[test]
fn threads_that_want_each_others_key_never_hang() {
    explored(|| {
        let world = World::new();
        let through = |own: u64, other: u64| {
            world.caller(move |world| {
                let answer = world.get(own, || world.get(other, || Ok(other)));
                assert!(answer.is_ok());
            })
        };
        threads(vec![through(1, 2), through(2, 3), through(3, 1)]);
        assert!(world.cycles() <= 1);
        world.verify();
    });
}

#[test]
fn a_body_that_panics_leaves_the_lead_to_the_next() {
    explored(|| {
        let world = World::new();
        let falls = world.clone();
        let stands = world.clone();
        threads(vec![
            Box::new(move || {
                let body = || std::panic::resume_unwind(Box::new("a body"));
                let answer =
                    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| falls.get(1, body)));
                assert!(answer.is_err() || answer.is_ok_and(|answer| answer == Ok(7)));
            }),
            Box::new(move || assert_eq!(stands.get(1, || Ok(7)), Ok(7))),
        ]);
        world.verify();
    });
}
