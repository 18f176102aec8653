//! Answers that are not kept, and code of the user's in the wrong places.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use super::world::{Answer, Count, Gate, World, caught, fall, poll};
use crate::parts::flight::shard::Shard;
use crate::parts::flight::{Ending, Event, Flights, Landing};
use crate::rt::tests::block_on;

fn failed() -> Answer {
    Err("down".to_owned())
}

#[test]
fn a_loader_that_fails_runs_once_for_all_who_wait() {
    let world = World::new();
    let gate = Gate::default();
    let mut calls: Vec<_> = (0..16)
        .map(|_| {
            world.get_async(1, async {
                gate.passed().await;
                failed()
            })
        })
        .collect();
    for call in &mut calls {
        assert!(poll(call).is_pending());
    }
    gate.open();
    assert!(calls.into_iter().all(|call| block_on(call) == failed()));
    assert_eq!(
        (world.count(Count::Began), world.count(Count::Coalesced)),
        (1, 15)
    );
    assert_eq!(world.get(1, || Ok(1)), Ok(1));
}

#[test]
fn an_error_that_cannot_be_shared_makes_them_run_one_after_the_other() {
    let world = World::with(|world| world.shares = false);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(world.get(1, failed), failed()));
        }
    });
    assert_eq!((world.count(Count::Began), world.most()), (8, 1));

    let gate = Gate::default();
    let mut calls: Vec<_> = (0..50)
        .map(|_| {
            world.get_async(2, async {
                gate.passed().await;
                failed()
            })
        })
        .collect();
    for call in &mut calls {
        assert!(poll(call).is_pending());
    }
    gate.open();
    assert!(calls.into_iter().all(|call| block_on(call) == failed()));
    assert_eq!((world.count(Count::Began), world.most()), (58, 1));
}

#[test]
fn an_answer_for_which_there_is_no_room_reaches_all_who_waited() {
    let world = World::with(|world| world.keeps = false);
    let gate = Gate::default();
    let mut calls = [(); 5].map(|()| {
        world.get_async(1, async {
            gate.passed().await;
            Ok(7)
        })
    });
    for call in &mut calls {
        assert!(poll(call).is_pending());
    }
    gate.open();
    assert_eq!(calls.map(block_on), [(); 5].map(|()| Ok(7)));
    assert_eq!(world.count(Count::Began), 1);
}

#[test]
fn who_left_before_the_error_came_needs_no_share() {
    let world = World::new();
    let gate = Gate::default();
    let load = || {
        world.get_async(1, async {
            gate.passed().await;
            failed()
        })
    };
    let (mut leader, mut gone, mut stays) = (load(), load(), load());
    for call in [&mut leader, &mut gone, &mut stays] {
        assert!(poll(call).is_pending());
    }
    drop(gone);
    gate.open();
    assert_eq!((block_on(leader), block_on(stays)), (failed(), failed()));
}

/// Looks, wherever code of the user's can run, whether a lock is held; and panics there if it is told to.
#[derive(Default)]
struct Watch {
    flights: Mutex<Option<Arc<Flights<Key, Share>>>>,
    falls_in: Mutex<Option<Place>>,
    seen: Mutex<Vec<Place>>,
    /// Whether the answer is found.
    is_kept: AtomicBool,
    /// Where a lock was held.
    held: Mutex<Vec<Place>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Found,
    Began,
    Body,
    Ended,
    Prepare,
    DropPrepared,
    DropDisplaced,
    DropKey,
    DropFirstKey,
    Share,
    DropShare,
    DropWaker,
    Accept,
    Wake,
}

impl Watch {
    /// Flights to be watched.
    fn flights(&self) -> Arc<Flights<Key, Share>> {
        let flights = Arc::new(Flights::new(Duration::from_secs(10)));
        *self.flights.lock().unwrap() = Some(flights.clone());
        flights
    }

    /// Nothing is held, and nothing is left.
    fn end(&self) {
        *self.falls_in.lock().unwrap() = None;
        assert_eq!(*self.held.lock().unwrap(), [], "a lock is held");
        let flights = self.flights.lock().unwrap().take().unwrap();
        assert_eq!(flights.len(), 0, "records are left");
    }

    fn see(&self, place: Place) {
        let flights = self.flights.lock().unwrap().clone().unwrap();
        let is_free = flights.shards.iter().all(Shard::is_free);
        if !is_free {
            self.held.lock().unwrap().push(place);
        }
        self.seen.lock().unwrap().push(place);
        if *self.falls_in.lock().unwrap() == Some(place) && !thread::panicking() {
            fall();
        }
    }
}

/// Says where it is when it is dropped.
struct Dropped(Arc<Watch>, Place);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.see(self.1);
    }
}

struct Key(#[expect(dead_code)] Dropped);

impl PartialEq for Key {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Key {}

struct Share(#[expect(dead_code)] Dropped);

/// What wakes one task.
struct Task(#[expect(dead_code)] Dropped);

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

impl Wake for Watch {
    fn wake(self: Arc<Self>) {
        self.see(Place::Wake);
    }
}

struct Watched {
    watch: Arc<Watch>,
    keeps: bool,
}

fn key(watch: &Arc<Watch>) -> Key {
    Key(Dropped(watch.clone(), Place::DropKey))
}

fn landing(watch: &Arc<Watch>) -> Watched {
    Watched {
        watch: watch.clone(),
        keeps: true,
    }
}

impl Landing for Watched {
    type Key = Key;
    type Answer = ();
    type Shared = Share;
    type Prepared = Dropped;
    type Displaced = Option<(Dropped, Dropped)>;

    fn found(&mut self) -> Option<()> {
        self.watch.see(Place::Found);
        self.watch.is_kept.load(SeqCst).then_some(())
    }

    fn began(&mut self) {
        self.watch.see(Place::Began);
    }

    fn ended(&mut self, _: Ending<'_, ()>) {
        self.watch.see(Place::Ended);
    }

    fn prepare(&mut self, (): &()) -> Option<Dropped> {
        self.watch.see(Place::Prepare);
        self.keeps
            .then(|| Dropped(self.watch.clone(), Place::DropPrepared))
    }

    fn displaced(&self) -> Self::Displaced {
        None
    }

    fn commit(
        &mut self,
        prepared: Dropped,
        is_wanted: impl Fn() -> bool,
        displaced: &mut Self::Displaced,
    ) -> Result<(), Dropped> {
        if !is_wanted() {
            return Err(prepared);
        }
        let other = Dropped(self.watch.clone(), Place::DropDisplaced);
        *displaced = Some((prepared, other));
        Ok(())
    }

    fn share(&mut self, (): &()) -> Option<Share> {
        self.watch.see(Place::Share);
        Some(Share(Dropped(self.watch.clone(), Place::DropShare)))
    }

    fn accept(&mut self, _: Share) -> Option<()> {
        self.watch.see(Place::Accept);
        Some(())
    }

    fn happened(&mut self, _: Event) {}
}

/// Where a destructor panics, the call has ended all the same.
fn dropped<T>(it: T) {
    _ = catch_unwind(AssertUnwindSafe(|| drop(it)));
}

fn is_ready<F: Future + ?Sized>(call: &mut Pin<Box<F>>, cx: &mut Context<'_>) -> bool {
    call.as_mut().poll(cx).is_ready()
}

/// A leader, one that waits for its answer, and one that is cancelled meanwhile; an outdated run, and one that is not.
fn tour(watch: &Arc<Watch>, keeps: bool, outdates: bool) {
    let flights = watch.flights();
    let waker = Waker::from(watch.clone());
    let mut cx = Context::from_waker(&waker);
    let call = |gate: Gate| {
        let landing = Watched {
            watch: watch.clone(),
            keeps,
        };
        let call = flights.run_async(1, key(watch), landing, async move {
            gate.passed().await;
            watch.see(Place::Body);
        });
        Box::pin(caught(call))
    };
    let gate = Gate::default();
    let mut calls = [(); 4].map(|()| Some(call(gate.clone())));
    let mut poll_all = |calls: &mut [Option<_>]| {
        for call in calls {
            if call.as_mut().is_some_and(|call| is_ready(call, &mut cx)) {
                dropped(call.take());
            }
        }
    };
    poll_all(&mut calls);
    if outdates {
        flights.outdate(1, |_| true);
    }
    let late = call(gate.clone());
    let mut calls = calls.into_iter().chain([Some(late)]).collect::<Vec<_>>();
    dropped(calls[1].take());
    _ = catch_unwind(AssertUnwindSafe(|| gate.open()));
    for _ in 0..10 {
        poll_all(&mut calls);
    }
    assert!(calls.iter().all(Option::is_none), "somebody hangs");
    assert_eq!(flights.len(), 0, "records are left");
    *watch.flights.lock().unwrap() = None;
}

#[test]
fn no_code_of_the_users_runs_under_a_lock() {
    let watch = Arc::new(Watch::default());
    for (keeps, outdates) in [(true, false), (true, true), (false, false)] {
        tour(&watch, keeps, outdates);
    }
    assert_eq!(*watch.held.lock().unwrap(), [], "a lock is held");
    let seen = watch.seen.lock().unwrap();
    for place in [
        Place::DropPrepared,
        Place::DropDisplaced,
        Place::DropKey,
        Place::DropShare,
        Place::Wake,
    ] {
        assert!(seen.contains(&place), "{place:?} was not seen");
    }
}

#[test]
fn a_panic_anywhere_hangs_nobody_and_leaves_nothing() {
    let places = [
        Place::Found,
        Place::Began,
        Place::Body,
        Place::Ended,
        Place::Prepare,
        Place::DropPrepared,
        Place::DropDisplaced,
        Place::DropKey,
        Place::Share,
        Place::DropShare,
        Place::Accept,
        Place::Wake,
    ];
    for place in places {
        for (keeps, outdates) in [(true, false), (true, true), (false, false)] {
            let watch = Arc::new(Watch::default());
            *watch.falls_in.lock().unwrap() = Some(place);
            tour(&watch, keeps, outdates);
            assert_eq!(*watch.held.lock().unwrap(), [], "a lock is held");
            watch.falls_in.lock().unwrap().take();
        }
    }
}

#[test]
fn a_key_that_is_not_led_is_dropped_without_a_lock() {
    let watch = Arc::new(Watch::default());
    let flights = watch.flights();
    let led = flights.lead(1, key(&watch), landing(&watch));
    assert!(led.is_some());
    assert!(flights.lead(1, key(&watch), landing(&watch)).is_none());
    assert_eq!(*watch.seen.lock().unwrap(), [Place::DropKey]);
    drop(led);
    watch.end();
}

#[test]
fn a_key_that_panics_when_it_is_dropped_keeps_nobody_from_a_kept_answer() {
    let watch = Arc::new(Watch::default());
    let flights = watch.flights();
    let waker = Waker::from(watch.clone());
    let mut cx = Context::from_waker(&waker);
    let call = |key| {
        let body = std::future::pending();
        let call = flights.run_async(1, key, landing(&watch), body);
        Box::pin(caught(call))
    };
    let mut leader = call(Key(Dropped(watch.clone(), Place::DropFirstKey)));
    let (mut first, mut second) = (call(key(&watch)), call(key(&watch)));
    for call in [&mut leader, &mut first, &mut second] {
        assert!(!is_ready(call, &mut cx));
    }
    drop(leader);
    watch.is_kept.store(true, SeqCst);
    *watch.falls_in.lock().unwrap() = Some(Place::DropFirstKey);
    // It leads now, and finds what it would have loaded.
    assert_eq!(first.as_mut().poll(&mut cx), Poll::Ready(None));
    *watch.falls_in.lock().unwrap() = None;
    assert_eq!(second.as_mut().poll(&mut cx), Poll::Ready(Some(())));
    watch.end();
}

#[test]
fn a_waker_that_panics_when_it_is_dropped_keeps_nobody_from_being_woken() {
    let watch = Arc::new(Watch::default());
    let flights = watch.flights();
    let call = || {
        let body = std::future::pending();
        let call = flights.run_async(1, key(&watch), landing(&watch), body);
        Box::pin(caught(call))
    };
    let (mut leader, mut other) = (call(), call());
    let task = Waker::from(Arc::new(Task(Dropped(watch.clone(), Place::DropWaker))));
    assert!(!is_ready(&mut leader, &mut Context::from_waker(&task)));
    drop(task);
    let waker = Waker::from(watch.clone());
    assert!(!is_ready(&mut other, &mut Context::from_waker(&waker)));
    *watch.falls_in.lock().unwrap() = Some(Place::DropWaker);
    dropped(leader);
    assert!(watch.seen.lock().unwrap().contains(&Place::Wake));
    *watch.falls_in.lock().unwrap() = None;
    drop(other);
    watch.end();
}
