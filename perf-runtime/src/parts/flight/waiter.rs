//! A caller that waits: what it does when it is woken, when it has waited for a while, and when it has waited enough.
//!
//! Threads and futures wait for different things and decide by the same code: a [`Step`] says how to go on.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use super::ancestry::Waiting;
use super::lead::{Lead, id};
use super::lock::MutexGuard;
use super::record::{Record, Table};
use super::seat::{News, Seat};
use super::shard::Shard;
use crate::rt::wake;

/// So often the task of a caller goes around without a poll of the one who leads, who sits in the same task, before that
/// one is taken for deserted. Once would do where every future of a task is polled each time; a few more cost nothing.
const ROUNDS: u8 = 3;

/// See the module. Leaves its seat when it is dropped.
pub(super) struct Waiter<'f, K: Eq, A> {
    shard: &'f Shard<K, A>,
    hash: u64,
    flight: u64,
    number: u64,
    seat: Arc<Seat<A>>,
    is_seated: bool,
    watch: Watch,
    _waiting: Waiting,
}

/// How a caller that waits goes on.
pub(super) enum Step<'f, K: Eq, A> {
    /// It waits.
    Wait,
    /// It waits no more.
    News(News<A>),
    /// It leads, because nobody did.
    Lead(Lead<'f, K, A>),
    /// It leads, because nobody polled the one who did.
    Desert(Lead<'f, K, A>),
}

/// What this caller has seen of the one who leads.
#[derive(Default)]
struct Watch {
    /// The last sign of life, if both sit in one task.
    seen: Option<Sign>,
    rounds: u8,
    /// They have been polled in turn.
    is_companion: bool,
    /// The sign of life at which it was woken.
    pinged: Option<Sign>,
}

/// A run, and how often it has been polled.
type Sign = (u32, u32);

impl<'f, K: Eq, A> Waiter<'f, K, A> {
    /// Takes a seat; `None` when the wait would never end.
    pub(super) fn join(
        shard: &'f Shard<K, A>,
        hash: u64,
        record: &mut Record<K, A>,
    ) -> Option<Self> {
        let flight = record.ticket.flight;
        let waiting = Waiting::begin(id(shard, flight))?;
        let seat = Arc::new(Seat::new());
        Some(Self {
            shard,
            hash,
            flight,
            number: record.join(seat.clone()),
            seat,
            is_seated: true,
            watch: Watch::default(),
            _waiting: waiting,
        })
    }

    /// What there is for it. A task is woken through `waker` when there is more.
    pub(super) fn look(&mut self, waker: Option<&Waker>) -> Step<'f, K, A> {
        if let Some(news) = self.seat.look(waker) {
            return Step::News(news);
        }
        let mut table = self.shard.lock(self.hash);
        let Some(record) = table.flight(self.hash, self.flight) else {
            return Step::Wait; // the news are on their way
        };
        if !record.is_led() {
            return self.claim(table).map_or(Step::Wait, Step::Lead);
        }
        let Some(waker) = waker else {
            return Step::Wait;
        };
        let pulse = &record.pulse;
        let leader = pulse.waker.as_ref().filter(|_| pulse.is_paused);
        if !leader.is_some_and(|leader| leader.will_wake(waker)) {
            return Step::Wait;
        }
        let is_companion = self.watch.is_companion;
        if self.watch.goes_around((record.ticket.run, pulse.polls)) >= ROUNDS {
            return self.claim(table).map_or(Step::Wait, Step::Desert);
        }
        drop(table);
        if !(is_companion || self.watch.is_companion) {
            waker.wake_by_ref();
        }
        Step::Wait
    }

    /// It has waited for a while: wakes the one who leads, to see whether it is polled until the next time.
    pub(super) fn probe(&mut self) -> Step<'f, K, A> {
        let mut table = self.shard.lock(self.hash);
        let Some(record) = table.flight(self.hash, self.flight) else {
            return Step::Wait;
        };
        if !record.is_led() {
            return self.claim(table).map_or(Step::Wait, Step::Lead);
        }
        if !record.pulse.is_paused {
            self.watch.pinged = None;
            return Step::Wait;
        }
        let sign = Some((record.ticket.run, record.pulse.polls));
        if self.watch.pinged == sign {
            return self.claim(table).map_or(Step::Wait, Step::Desert);
        }
        self.watch.pinged = sign;
        let leader = record.pulse.waker.take();
        drop(table);
        if let Some(leader) = leader {
            wake(leader);
        }
        Step::Wait
    }

    /// Blocks the thread until it is woken, and for at most `timeout`.
    pub(super) fn sleep(&self, timeout: Option<Duration>) {
        self.seat.sleep(timeout);
    }

    /// It has waited enough. [`Step::Wait`] is that it must go on alone.
    pub(super) fn give_up(&mut self) -> Step<'f, K, A> {
        let mut table = self.shard.lock(self.hash);
        if let Some(record) = table.flight(self.hash, self.flight)
            && !record.is_led()
        {
            return self.claim(table).map_or(Step::Wait, Step::Lead);
        }
        drop(table);
        self.leave();
        // Of two things that come together the better one.
        self.seat.look(None).map_or(Step::Wait, Step::News)
    }

    /// Leads from now on.
    fn claim(&mut self, mut table: MutexGuard<'_, Table<K, A>>) -> Option<Lead<'f, K, A>> {
        let record = table.flight(self.hash, self.flight)?;
        self.is_seated = false;
        record.leave(self.number);
        let (ticket, pulse) = record.claim();
        drop(table);
        let lead = Lead::new(self.shard, self.hash, ticket);
        // Where it leads already: should it panic, the lead is handed on.
        drop(pulse);
        Some(lead)
    }

    fn leave(&mut self) {
        if !std::mem::take(&mut self.is_seated) {
            return;
        }
        let mut table = self.shard.lock(self.hash);
        let Some(record) = table.flight(self.hash, self.flight) else {
            return;
        };
        let seat = record.leave(self.number);
        let mut next = Vec::new();
        let mut removed = None;
        if !record.is_led() {
            // It may have been the one that was woken to lead.
            if record.is_awaited() {
                next = record.next();
            } else {
                removed = table.remove(self.hash, self.flight);
            }
        }
        drop(table);
        drop(removed);
        drop(seat);
        for seat in next {
            seat.ring();
        }
    }
}

impl<K: Eq, A> Drop for Waiter<'_, K, A> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Watch {
    /// The task is polled again. Gives how often that happened since the last sign of life.
    fn goes_around(&mut self, sign: Sign) -> u8 {
        match self.seen.replace(sign) {
            Some(seen) if seen == sign => self.rounds = self.rounds.saturating_add(1),
            Some(_) => (self.rounds, self.is_companion) = (0, true),
            None => self.rounds = 0,
        }
        self.rounds
    }
}
