//! The caller that runs its body for all: a guard from before its body until its answer has landed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Waker;

use super::Landing;
use super::ancestry::{FlightId, Running};
use super::lock::MutexGuard;
use super::record::{Record, Table, Ticket};
use super::seat::{News, Seat};
use super::shard::Shard;

type Seats<A> = BTreeMap<u64, Arc<Seat<A>>>;

/// See the module. Dropped before it has landed, it hands the lead on.
pub(super) struct Lead<'f, K: Eq, A> {
    shard: &'f Shard<K, A>,
    hash: u64,
    flight: u64,
    run: u32,
    /// It has landed, or was handed on.
    is_over: bool,
}

/// The name of a flight among all flights.
pub(super) fn id<K, A>(shard: &Shard<K, A>, flight: u64) -> FlightId {
    FlightId {
        shard: std::ptr::from_ref(shard).addr(),
        number: flight,
    }
}

impl<'f, K: Eq, A> Lead<'f, K, A> {
    #[inline]
    pub(super) fn new(shard: &'f Shard<K, A>, hash: u64, ticket: Ticket) -> Self {
        Self {
            shard,
            hash,
            flight: ticket.flight,
            run: ticket.run,
            is_over: false,
        }
    }

    #[inline]
    fn ticket(&self) -> Ticket {
        Ticket {
            flight: self.flight,
            run: self.run,
        }
    }

    /// Code of this run runs on this thread.
    #[inline]
    pub(super) fn running(&self) -> Running {
        Running::enter(id(self.shard, self.flight))
    }

    /// A poll of the body begins that is not the first. False when the lead has been taken away.
    pub(super) fn resume(&self) -> bool {
        let mut table = self.shard.lock(self.hash);
        let record = table.run(self.hash, self.ticket());
        record.is_some_and(|record| {
            record.pulse.is_paused = false;
            true
        })
    }

    /// A poll of the body has ended, and the body has not. `waker` is how it is polled again.
    pub(super) fn pause(&self, waker: &Waker) {
        // A run that nobody has met has not been paused yet, and knows no waker.
        let is_first = self.shard.is_unmet(self.flight);
        let mut first = is_first.then(|| waker.clone());
        let mut table = self.shard.lock(self.hash);
        let Some(record) = table.run(self.hash, self.ticket()) else {
            return;
        };
        record.pulse.is_paused = true;
        record.pulse.polls = record.pulse.polls.wrapping_add(1);
        if is_first {
            std::mem::swap(&mut record.pulse.waker, &mut first);
            return;
        }
        let known = record.pulse.waker.as_ref();
        if known.is_some_and(|known| known.will_wake(waker)) {
            return;
        }
        drop(table);
        let mut waker = Some(waker.clone());
        let mut table = self.shard.lock(self.hash);
        if let Some(record) = table.run(self.hash, self.ticket()) {
            std::mem::swap(&mut record.pulse.waker, &mut waker);
        }
        drop(table);
        drop(waker);
    }

    /// The answer is kept already, by a run that ended just before this one began.
    #[cold]
    pub(super) fn found(&mut self) {
        let mut table = self.shard.lock(self.hash);
        if table.run(self.hash, self.ticket()).is_some() {
            self.end(table);
        }
    }

    /// The body has given its answer and is gone.
    #[expect(
        clippy::inline_always,
        reason = "the way of a run that nobody meets, in one function"
    )]
    #[inline(always)]
    pub(super) fn land<L>(&mut self, landing: &mut L, answer: &L::Answer)
    where
        L: Landing<Key = K, Shared = A>,
    {
        let (shard, flight) = (self.shard, self.flight);
        match landing.prepare(answer) {
            None if shard.end_unmet(flight) => self.is_over = true,
            Some(keep) if shard.is_unmet(flight) => {
                // What had to go goes last, when this is over.
                let mut displaced = landing.displaced();
                match landing.commit(keep, || shard.is_unmet(flight), &mut displaced) {
                    Ok(()) if shard.end_unmet(flight) => self.is_over = true,
                    Ok(()) => self.committed_among_others(&displaced, landing, answer),
                    Err(keep) => self.land_met(Some(keep), landing, answer),
                }
            }
            prepared => self.land_met(prepared, landing, answer),
        }
    }

    /// The same where somebody may have come.
    #[inline(never)]
    pub(super) fn land_met<L>(
        &mut self,
        mut prepared: Option<L::Prepared>,
        landing: &mut L,
        answer: &L::Answer,
    ) where
        L: Landing<Key = K, Shared = A>,
    {
        // What had to go goes last.
        let mut displaced = landing.displaced();
        let mut table = self.shard.lock(self.hash);
        let Some(record) = table.take_lonely(self.hash, self.ticket()) else {
            drop(table);
            return self.land_among_others(prepared, landing, answer);
        };
        self.is_over = true;
        let keep = prepared.take_if(|_| !record.is_outdated());
        let Record { key, pulse, .. } = record;
        let refused = keep.map(|keep| landing.commit(keep, || true, &mut displaced));
        drop(table);
        drop((key, pulse, refused));
    }

    /// Somebody waits, or has waited.
    #[cold]
    fn land_among_others<L>(
        &mut self,
        mut prepared: Option<L::Prepared>,
        landing: &mut L,
        answer: &L::Answer,
    ) where
        L: Landing<Key = K, Shared = A>,
    {
        // What had to go goes last.
        let mut displaced = landing.displaced();
        let mut table = self.shard.lock(self.hash);
        let keep = prepared.take_if(|_| self.is_wanted(&mut table));
        let committed = keep.map(|keep| landing.commit(keep, || true, &mut displaced));
        if let Some(Ok(())) = committed
            && landing.has_room(&displaced)
        {
            self.end(table);
        } else {
            self.share(table, landing, answer);
        }
        drop(committed);
    }

    /// Somebody has come to the key while its answer was handed over.
    #[cold]
    #[inline(never)]
    fn committed_among_others<L>(
        &mut self,
        displaced: &L::Displaced,
        landing: &mut L,
        answer: &L::Answer,
    ) where
        L: Landing<Key = K, Shared = A>,
    {
        let mut table = self.shard.lock(self.hash);
        if landing.has_room(displaced) && self.is_wanted(&mut table) {
            self.end(table);
        } else {
            self.share(table, landing, answer);
        }
    }

    /// Whether this run still leads, and its answer may be kept.
    fn is_wanted(&self, table: &mut Table<K, A>) -> bool {
        let record = table.run(self.hash, self.ticket());
        record.is_some_and(|record| !record.is_outdated())
    }

    /// The answer can be found: the flight is over, and those who wait are told to look.
    #[cold]
    fn end(&mut self, mut table: MutexGuard<'_, Table<K, A>>) {
        let removed = table.remove(self.hash, self.flight);
        drop(table);
        self.is_over = true;
        let Some(record) = removed else {
            return;
        };
        let Record {
            key, pulse, crowd, ..
        } = record;
        if let Some(crowd) = crowd {
            Delivery(crowd.into_seats()).tell_all(|| News::Look);
        }
        // Last, because what a user drops may panic.
        drop((key, pulse));
    }

    /// The answer is not kept: those who waited for it get a share, or lead themselves.
    #[cold]
    fn share<L>(
        &mut self,
        mut table: MutexGuard<'_, Table<K, A>>,
        landing: &mut L,
        answer: &L::Answer,
    ) where
        L: Landing<Key = K, Shared = A>,
    {
        let Some(record) = table.run(self.hash, self.ticket()) else {
            return drop(table); // taken away
        };
        let mut delivery = Delivery(record.take_joined());
        drop(table);
        delivery.share(landing, answer);
        let rest = std::mem::take(&mut delivery.0);
        self.hand_on(rest);
        self.is_over = true;
    }

    /// Nobody leads any more. `rest` go back to their seats.
    #[cold]
    fn hand_on(&self, rest: Seats<A>) {
        let mut delivery = Delivery(rest);
        let mut table = self.shard.lock(self.hash);
        let Some(record) = table.run(self.hash, self.ticket()) else {
            drop(table);
            return;
        };
        record.put_back(std::mem::take(&mut delivery.0));
        if record.is_awaited() {
            let pulse = record.vacate();
            let next = record.next();
            drop(table);
            for seat in next {
                seat.ring();
            }
            // Last, because a waker may panic when it is dropped.
            drop(pulse);
        } else {
            let removed = table.remove(self.hash, self.flight);
            drop(table);
            drop(removed);
        }
    }
}

impl<K: Eq, A> Drop for Lead<'_, K, A> {
    #[inline]
    fn drop(&mut self) {
        if !self.is_over {
            self.hand_on(Seats::new());
        }
    }
}

/// Those who are about to hear of an answer. If a panic comes in between, the rest begins again.
struct Delivery<A>(Seats<A>);

impl<A> Delivery<A> {
    fn tell_all(&mut self, news: impl Fn() -> News<A>) {
        while let Some((_, seat)) = self.0.pop_first() {
            seat.tell(news());
        }
    }

    /// Until one cannot be shared with.
    fn share<L>(&mut self, landing: &mut L, answer: &L::Answer)
    where
        L: Landing<Shared = A>,
    {
        while let Some(entry) = self.0.first_entry() {
            if Arc::strong_count(entry.get()) == 1 {
                drop(entry.remove()); // gone meanwhile
                continue;
            }
            let Some(share) = landing.share(answer) else {
                return;
            };
            entry.remove().tell(News::Shared(share));
        }
    }
}

impl<A> Drop for Delivery<A> {
    fn drop(&mut self) {
        self.tell_all(|| News::Again);
    }
}
