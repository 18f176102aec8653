//! Leading: forming batches and running them, until nobody waits.
//!
//! Of an `async` body a task leads, on the runtime of the caller that found nobody leading; it ends when the line is empty.
//! Should that runtime end, the callers in line are woken, and the first of them that is polled starts another leader on its
//! own. Of a body that blocks a caller leads, on its own thread, for one batch; then the first in line goes on. Nobody runs
//! a batch inside of a future of the user's: it might not be polled again, and all would wait.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::books::{Item, Trigger};
use super::form::form;
use super::group::Group;
use super::inside::{Inside, Polling};
use super::sync::{block_on, spawn, spawn_apart};
use super::work::{Batch, By, Work};
use crate::clock;
use crate::latency::record;
use crate::parts::batch::{Delivery, Given, Loss, Next, Outcome, Taken, Then, Took};
use crate::rt::wake_all;

/// Leads in the background, or on this thread until one batch has run.
pub(super) fn lead<K, I, A, W>(group: &Arc<Group<K, I, A>>, work: W)
where
    K: Clone + Send + Sync + 'static,
    I: Send + 'static,
    A: Send + 'static,
    W: Work<K, I, A>,
{
    let seat = Seat::new(Arc::clone(group));
    let stillborn = group.lock().stillborn;
    match W::BY {
        By::Caller => block_on(one_batch(seat, work)),
        By::Task => match stillborn {
            0 => spawn(all_batches(seat, work)),
            // The runtime that this is called in runs nothing any more.
            1 => spawn_apart(all_batches(seat, work)),
            // And there are no threads.
            _ => seat.give_up(),
        },
    }
}

async fn one_batch<K, I, A, W>(mut seat: Seat<K, I, A>, work: W)
where
    K: Clone + Send + Sync + 'static,
    I: Send + 'static,
    A: Send + 'static,
    W: Work<K, I, A>,
{
    seat.is_alive();
    let trigger = form(&seat.group, W::BY).await;
    if seat.take(trigger, Next::IsCalled) != Took::Nothing {
        let started = clock::ticks();
        let ran = seat.run(work.clone()).await;
        // Threads that sleep will look when they are woken; a future that was kept may not.
        let then = if seat.group.common.settings.blocks {
            Then::HandOver
        } else {
            Then::Die
        };
        seat.deliver(&work, ran, started, then);
    }
}

async fn all_batches<K, I, A, W>(mut seat: Seat<K, I, A>, work: W)
where
    K: Clone + Send + Sync + 'static,
    I: Send + 'static,
    A: Send + 'static,
    W: Work<K, I, A>,
{
    seat.is_alive();
    loop {
        let trigger = form(&seat.group, W::BY).await;
        match seat.take(trigger, Next::Follows) {
            Took::Nothing => return,
            Took::Batch => {}
            Took::More => lead(&seat.group, work.clone()),
        }
        let started = clock::ticks();
        let ran = seat.run(work.clone()).await;
        if !seat.deliver(&work, ran, started, Then::GoOn) {
            return;
        }
    }
}

/// How far a leader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not polled yet.
    New,
    Forming,
    Running,
    Over,
}

/// A leader: whatever becomes of it, its callers are answered and the line goes on.
struct Seat<K, I, A> {
    group: Arc<Group<K, I, A>>,
    stage: Stage,
    taken: Taken<I, Arc<Inside>>,
    outcomes: Vec<Outcome<A>>,
    /// How the items have ended.
    ends: Vec<Item>,
    given: Given<A>,
}

impl<K, I, A> Seat<K, I, A> {
    fn new(group: Arc<Group<K, I, A>>) -> Self {
        Self {
            group,
            stage: Stage::New,
            taken: Taken::new(),
            outcomes: Vec::new(),
            ends: Vec::new(),
            given: Given::new(),
        }
    }

    fn is_alive(&mut self) {
        self.stage = Stage::Forming;
        self.group.lock().stillborn = 0;
    }

    /// Nobody will ever run this: all who wait are told.
    fn give_up(mut self) {
        self.stage = Stage::Over;
        let mut given = Given::new();
        let items = {
            let mut line = self.group.lock();
            line.stillborn = 0;
            let mut wakers = Vec::new();
            line.desert(&mut wakers);
            given.wakers = wakers;
            line.refuse(&Loss::Gone, &mut given)
        };
        for _ in &items {
            self.group.common.books.count(Item::Left);
            self.group.common.books.count(Item::Lost);
        }
        wake_all(given.wakers);
    }

    /// Takes a batch out of the line.
    fn take(&mut self, trigger: Trigger, next: Next) -> Took {
        let common = &self.group.common;
        // The body keeps them, so that there is no room to use again.
        self.taken.items = Vec::new();
        self.taken.places.clear();
        let took = {
            let mut line = self.group.lock();
            let expected = line.queued().min(common.bounds.size);
            self.taken.items.reserve_exact(expected);
            line.take(common.bounds, next, &mut self.taken)
        };
        wake_all(self.taken.wakers.drain(..));
        if took == Took::Nothing {
            self.stage = Stage::Over;
            return took;
        }
        self.stage = Stage::Running;
        let books = common.books;
        let now = clock::ticks();
        let waited = self.taken.places.iter();
        record(
            &books.wait,
            waited.map(|(_, since)| now.saturating_sub(*since)),
        );
        for _ in &self.taken.places {
            books.count(Item::Taken);
        }
        books.batch(trigger, self.taken.places.len());
        took
    }

    /// Runs what was taken.
    async fn run<W>(&mut self, work: W) -> Result<Batch<A>, Box<dyn Any + Send>>
    where
        K: Clone + Send + Sync + 'static,
        W: Work<K, I, A>,
        I: Send + 'static,
        A: Send + 'static,
    {
        let items = std::mem::take(&mut self.taken.items);
        let batch = Batch {
            outcomes: std::mem::take(&mut self.outcomes),
            deduped: 0,
            op: self.group.common.op,
        };
        let inside = self
            .group
            .inside
            .with(std::mem::take(&mut self.taken.within));
        let group = &self.group;
        // The key is cloned by code of the user's, too.
        let running = async move { work.run(group.key.clone(), items, batch).await };
        let mut running = pin!(running);
        poll_fn(|cx: &mut Context<'_>| {
            let _polling = Polling::begin(Arc::clone(&inside));
            match catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(cx))) {
                Ok(polled) => polled.map(Ok),
                Err(panic) => Poll::Ready(Err(panic)),
            }
        })
        .await
    }

    /// Gives out the answers; true when the leader is to form another batch.
    fn deliver<W: Work<K, I, A>>(
        &mut self,
        work: &W,
        ran: Result<Batch<A>, Box<dyn Any + Send>>,
        started: u64,
        then: Then,
    ) -> bool {
        let cost = clock::ticks().saturating_sub(started);
        let books = self.group.common.books;
        record(&books.run, [cost]);
        match ran {
            Ok(batch) => {
                for _ in 0..batch.deduped {
                    books.count(Item::Deduped);
                }
                self.outcomes = batch.outcomes;
            }
            Err(panic) => self.panicked(panic),
        }
        let is_error = |answer: &A| {
            catch_unwind(AssertUnwindSafe(|| work.is_error(answer))).unwrap_or_default()
        };
        let ends = self.outcomes.iter().map(|outcome| end(outcome, is_error));
        self.ends.clear();
        self.ends.extend(ends);
        let goes_on = self.hand_out(Some(cost), then);
        self.stage = if goes_on { Stage::Forming } else { Stage::Over };
        goes_on
    }

    /// One caller gets what the batch panicked with, the others hear of it.
    fn panicked(&mut self, panic: Box<dyn Any + Send>) {
        let text = panic
            .downcast_ref::<&'static str>()
            .map(|text| Arc::from(*text))
            .or_else(|| {
                panic
                    .downcast_ref::<String>()
                    .map(|text| text.as_str().into())
            });
        let others = self.taken.places.len().saturating_sub(1);
        self.outcomes = Vec::with_capacity(others + 1);
        self.outcomes.push(Outcome::Panicked(panic));
        let lost = || Outcome::Lost(Loss::Panicked(text.clone()));
        self.outcomes
            .extend(std::iter::repeat_with(lost).take(others));
    }

    fn hand_out(&mut self, cost: Option<u64>, then: Then) -> bool {
        let goes_on = {
            let batch = Delivery {
                places: &self.taken.places,
                arrival: self.taken.arrival,
                cost,
                bounds: self.group.common.bounds,
                then,
            };
            let mut line = self.group.lock();
            line.deliver(batch, &mut self.outcomes, &mut self.given)
        };
        let mut unwanted = self
            .given
            .unwanted
            .iter()
            .map(|(number, _)| *number)
            .peekable();
        for (number, &end) in self.ends.iter().enumerate() {
            // Whose caller has gone counts as cancelled already.
            if unwanted.next_if_eq(&number).is_none() {
                self.group.common.books.count(end);
            }
        }
        wake_all(self.given.wakers.drain(..));
        self.given.unwanted.clear();
        goes_on
    }
}

/// How an item has ended.
fn end<A>(outcome: &Outcome<A>, is_error: impl Fn(&A) -> bool) -> Item {
    match outcome {
        Outcome::Answered(answer) if is_error(answer) => Item::Error,
        Outcome::Answered(_) => Item::Ok,
        Outcome::Panicked(_) | Outcome::Lost(Loss::Panicked(_)) => Item::Panic,
        Outcome::Lost(Loss::Failed) => Item::Error,
        Outcome::Lost(Loss::ShutDown) => Item::Rejected,
        Outcome::Lost(Loss::Length { .. } | Loss::Gone) => Item::Lost,
    }
}

impl<K, I, A> Drop for Seat<K, I, A> {
    fn drop(&mut self) {
        match self.stage {
            Stage::Over => {}
            Stage::New | Stage::Forming => {
                let mut wakers = Vec::new();
                {
                    let mut line = self.group.lock();
                    if self.stage == Stage::New {
                        line.stillborn = line.stillborn.saturating_add(1);
                    }
                    line.desert(&mut wakers);
                }
                wake_all(wakers);
            }
            Stage::Running => {
                let outcomes = self.taken.places.iter();
                self.outcomes = outcomes.map(|_| Outcome::Lost(Loss::Gone)).collect();
                self.ends = vec![Item::Lost; self.outcomes.len()];
                self.hand_out(None, Then::Die);
            }
        }
    }
}
