//! A cache as small as can be around the flight, that counts all there is to count.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::parts::flight::lead::id;
use crate::parts::flight::{Ending, Event, Flights, Landing, ancestry};

/// Errors are not kept.
pub(super) type Answer = Result<u64, String>;

pub(super) const WAIT: Duration = Duration::from_secs(10);

/// See the module. Everything is checked again when it is dropped.
pub(super) struct World {
    pub(super) flights: Flights<u64, Answer>,
    pub(super) kept: Mutex<HashMap<u64, u64>>,
    /// Whether an error can be given to those who waited for it.
    pub(super) shares: bool,
    /// Whether an answer can be found as soon as it is kept.
    pub(super) keeps: bool,
    /// The hash of each key.
    pub(super) hash: fn(u64) -> u64,
    counts: [AtomicUsize; 8],
    /// Runs of a key at this moment, and the most there ever were of one.
    running: Mutex<HashMap<u64, usize>>,
    most: AtomicUsize,
    /// Who leads a key, and how often somebody did beside another one who had not been deserted.
    leading: Mutex<HashMap<u64, usize>>,
    doubled: AtomicUsize,
}

/// What a world counts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Count {
    Began,
    Answered,
    Panicked,
    Cancelled,
    Coalesced,
    Cycle,
    WaitExpired,
    Deserted,
}

use self::Count::{Answered, Began, Cancelled, Panicked};

impl World {
    pub(super) fn new() -> Arc<Self> {
        Self::with(|_| ())
    }

    pub(super) fn with(change: impl FnOnce(&mut Self)) -> Arc<Self> {
        let mut world = Self {
            flights: Flights::new(WAIT),
            kept: Mutex::default(),
            shares: true,
            keeps: true,
            hash: |key| key.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            counts: Default::default(),
            running: Mutex::default(),
            most: AtomicUsize::new(0),
            leading: Mutex::default(),
            doubled: AtomicUsize::new(0),
        };
        change(&mut world);
        Arc::new(world)
    }

    pub(super) fn count(&self, what: Count) -> usize {
        self.counts[what as usize].load(SeqCst)
    }

    fn add(&self, what: Count) {
        self.counts[what as usize].fetch_add(1, SeqCst);
    }

    /// The most runs of one key that there ever were at a time.
    pub(super) fn most(&self) -> usize {
        self.most.load(SeqCst)
    }

    /// How often a key was run beside another run that was to be the only one.
    pub(super) fn doubled(&self) -> usize {
        self.doubled.load(SeqCst)
    }

    pub(super) fn kept(&self, key: u64) -> Option<u64> {
        self.kept.lock().unwrap().get(&key).copied()
    }

    pub(super) fn get(&self, key: u64, body: impl FnOnce() -> Answer) -> Answer {
        if let Some(found) = self.kept(key) {
            return Ok(found);
        }
        let mut landing = Keeps::new(self, key);
        self.flights.run((self.hash)(key), key, &mut landing, || {
            let _run = self.run(key);
            body()
        })
    }

    /// What a future of an annotated function does; boxed, so that bodies can call each other.
    pub(super) fn get_async<'w>(
        &'w self,
        key: u64,
        body: impl Future<Output = Answer> + Send + 'w,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'w>> {
        Box::pin(async move {
            if let Some(found) = self.kept(key) {
                return Ok(found);
            }
            let landing = Keeps::new(self, key);
            let body = async move {
                let _run = self.run(key);
                body.await
            };
            let hash = (self.hash)(key);
            self.flights.run_async(hash, key, landing, body).await
        })
    }

    pub(super) fn invalidate(&self, key: u64) {
        self.flights
            .outdate((self.hash)(key), |other| *other == key);
        self.kept.lock().unwrap().remove(&key);
    }

    /// How many calls wait.
    pub(super) fn seated(&self) -> usize {
        self.flights.seated()
    }

    /// Waits, without sleeping, until this is so.
    pub(super) fn until(&self, is: impl Fn(&Self) -> bool) {
        while !is(self) {
            std::thread::yield_now();
        }
    }

    fn run(&self, key: u64) -> Run<'_> {
        let mut running = self.running.lock().unwrap();
        let now = running.entry(key).or_default();
        *now += 1;
        self.most.fetch_max(*now, SeqCst);
        Run { world: self, key }
    }

    /// Nothing is left, and the books balance.
    pub(super) fn verify(&self) {
        assert_eq!(self.flights.len(), 0, "records are left");
        assert_eq!(self.flights.waits(), 0, "edges are left");
        assert_eq!(
            ancestry::depth(),
            0,
            "this thread believes to be in a flight"
        );
        let ended = [Answered, Panicked, Cancelled].map(|end| self.count(end));
        assert_eq!(self.count(Began), ended.iter().sum::<usize>());
        let running = self.running.lock().unwrap();
        assert!(running.values().all(|now| *now == 0), "runs are left");
        assert!(self.leading.lock().unwrap().is_empty(), "leads are left");
        assert_eq!(self.doubled(), 0, "two runs of one key");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.verify();
        }
    }
}

impl<K: Eq, A> Flights<K, A> {
    /// How many calls wait.
    pub(super) fn seated(&self) -> usize {
        let mut seated = 0;
        for shard in &self.shards {
            shard
                .lock_all()
                .for_each(|record| seated += record.seated());
        }
        seated
    }

    /// How many flights of these wait for another one.
    fn waits(&self) -> usize {
        let shards: Vec<_> = self.shards.iter().map(|shard| id(shard, 0).shard).collect();
        ancestry::waits(|flight| shards.contains(&flight.shard))
    }
}

/// A body that runs, until all of it is gone.
struct Run<'w> {
    world: &'w World,
    key: u64,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        let mut running = self.world.running.lock().unwrap();
        *running.get_mut(&self.key).unwrap() -= 1;
    }
}

/// A call of a world's.
pub(super) struct Keeps<'w> {
    world: &'w World,
    key: u64,
    happened: Option<Event>,
    /// Its number among those that led.
    leads: Option<usize>,
}

impl<'w> Keeps<'w> {
    pub(super) fn new(world: &'w World, key: u64) -> Self {
        Self {
            world,
            key,
            happened: None,
            leads: None,
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
        let number = self.world.counts[Began as usize].fetch_add(1, SeqCst);
        if matches!(self.happened, Some(Event::Cycle | Event::WaitExpired)) {
            return;
        }
        self.leads = Some(number);
        let before = self.world.leading.lock().unwrap().insert(self.key, number);
        if before.is_some() && self.happened != Some(Event::Deserted) {
            self.world.doubled.fetch_add(1, SeqCst);
        }
    }

    fn ended(&mut self, ending: Ending<'_, Answer>) {
        let mut leading = self.world.leading.lock().unwrap();
        if self.leads.is_some() && leading.get(&self.key).copied() == self.leads {
            leading.remove(&self.key);
        }
        drop(leading);
        self.world.add(match ending {
            Ending::Answered(_) => Answered,
            Ending::Panicked => Panicked,
            Ending::Cancelled => Cancelled,
        });
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
        let mut kept = self.world.kept.lock().unwrap();
        if !is_wanted() {
            return Err(prepared);
        }
        if self.world.keeps {
            kept.insert(self.key, prepared);
        }
        Ok(())
    }

    fn has_room(&self, (): &()) -> bool {
        self.world.keeps
    }

    fn share(&mut self, answer: &Answer) -> Option<Answer> {
        (self.world.shares || answer.is_ok()).then(|| answer.clone())
    }

    fn accept(&mut self, shared: Answer) -> Option<Answer> {
        Some(shared)
    }

    fn happened(&mut self, event: Event) {
        self.happened = Some(event);
        self.world.add(match event {
            Event::Coalesced => Count::Coalesced,
            Event::Cycle => Count::Cycle,
            Event::WaitExpired => Count::WaitExpired,
            Event::Deserted => Count::Deserted,
        });
    }
}

/// One poll, by nobody in particular.
pub(super) fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}

/// Lets the executor run others once.
pub(super) async fn go_around() {
    let mut is_second = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut is_second, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Panics without the hook's message, which would look like a failed test.
pub(super) fn fall() -> ! {
    std::panic::resume_unwind(Box::new("a body"))
}

/// What a future gives, `None` when it panics.
pub(super) async fn caught<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        match polled {
            Ok(polled) => polled.map(Some),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

/// Something that is opened once, for threads and futures.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Gate {
    pub(super) fn open(&self) {
        let mut gate = self.0.lock().unwrap();
        gate.0 = true;
        let wakers = std::mem::take(&mut gate.1);
        drop(gate);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(super) async fn passed(&self) {
        poll_fn(|cx| {
            let mut gate = self.0.lock().unwrap();
            if gate.0 {
                return Poll::Ready(());
            }
            gate.1.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    pub(super) fn pass(&self) {
        crate::rt::tests::block_on(self.passed());
    }
}
