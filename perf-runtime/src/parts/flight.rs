//! One run per key at a time: who comes while the answer is being made waits for it.
//!
//! # How it works
//! 1. The first caller of a key **leads**: it looks once more whether the answer is there by now, runs its body, hands
//!    the answer to whoever keeps it, and gives those who wait a share. Each key that is being led has a record in a
//!    table, and nothing else: a second caller is what brings the first allocation. A run that nobody meets lands without
//!    a lock: see [`shard`].
//! 2. A caller that meets a record takes a **seat** and waits: a thread on a condition variable, a future with its
//!    waker. It is told to look where answers are kept, gets a share of an answer that is not kept (an error, say), or
//!    takes over the lead.
//! 3. A lead is a guard. Panic, cancellation, an answer that can be neither kept nor shared: the record becomes vacant
//!    and a few of those who wait are woken. The first to ask has the lead; nobody is given it who is not running.
//! 4. [`outdate`](Flights::outdate) marks a run whose answer must not be kept. Those who waited already get it; those
//!    who come later wait until it is over, and then one of them leads.
//!
//! # What never waits for ever
//! - A call that would wait for itself, through other keys, tasks or threads as well, runs its body **alone**: see
//!   [`ancestry`].
//! - A lead whose future is alive but no longer polled is taken away: at once when it sits in the task of the one who
//!   waits, else when it has been woken and not been polled for an eighth of the longest wait: see [`record`].
//! - Any other wait ends after the longest wait, and the caller runs its body alone.
//!
//! What runs alone is neither kept nor shared.
//!
//! # What it does not do
//! It keeps no answers and counts nothing: a [`Landing`] does, and hears what happened. No code of the user's runs under
//! a lock here, save `Eq` of the key. What a body spawns does not inherit its ancestry: a cycle through it ends by the
//! longest wait.

use std::time::{Duration, Instant};

mod ancestry;
mod blocking;
mod call;
mod lead;
mod led;
mod lock;
mod record;
mod seat;
mod shard;
mod waiter;

pub(crate) use self::ancestry::Running;
pub(crate) use self::call::Call;
use self::lead::Lead;
pub(crate) use self::led::Led;
use self::lock::MutexGuard;
use self::record::{Found, Record, Table};
use self::shard::Shard;
use self::waiter::Waiter;

/// Few enough to be cheap beside a store, enough that threads seldom meet.
const SHARDS: usize = 16;
/// A lead that must show a sign of life has this share of the longest wait for it, and at most [`LONGEST_PROBE`].
const PROBES: u32 = 8;
const LONGEST_PROBE: Duration = Duration::from_secs(2);

/// What the flight asks of the one who keeps answers, and tells it; one for each call.
///
/// Only [`commit`](Self::commit) and [`has_room`](Self::has_room) may be called under a lock. A panic of any other method passes through to the caller whose
/// landing it is, and the others go on.
pub(crate) trait Landing {
    /// What tells one answer from another.
    type Key: Eq;
    /// What the body gives.
    type Answer;
    /// What one who waits gets of an answer that is not kept.
    type Shared;
    /// What is to be kept of an answer, with its key, made outside of the lock.
    type Prepared;
    /// What had to go for it, dropped outside of the lock.
    type Displaced;

    /// The answer, if it is kept by now. Asked by the one who leads before its body, and by those who waited.
    fn found(&mut self) -> Option<Self::Answer>;

    /// The body begins.
    fn began(&mut self);

    /// The body has ended, and all that it held is gone.
    fn ended(&mut self, ending: Ending<'_, Self::Answer>);

    /// What is to be kept of the answer; `None` when it is not kept.
    fn prepare(&mut self, answer: &Self::Answer) -> Option<Self::Prepared>;

    /// Nothing that had to go yet.
    fn displaced(&self) -> Self::Displaced;

    /// Keeps it, or gives it back when it is not wanted, which it asks where whoever takes out what is kept cannot come
    /// in between. What has to go is added to `displaced`. May be called under a lock of the flight, and must run no code
    /// of the user's but `Hash` and `Eq`.
    // Where it will be dropped: it is large.
    fn commit(
        &mut self,
        prepared: Self::Prepared,
        is_wanted: impl Fn() -> bool,
        displaced: &mut Self::Displaced,
    ) -> Result<(), Self::Prepared>;

    /// Whether what was committed can be found, and had not to go itself because there is no room for it. Asked only where
    /// others wait. May be called under a lock of the flight, and must run no code of the user's.
    fn has_room(&self, _: &Self::Displaced) -> bool {
        true
    }

    /// A share in an answer that is not kept, asked once for each caller that waits. `None`: it cannot be shared, and
    /// they run their own bodies, one after the other.
    fn share(&mut self, answer: &Self::Answer) -> Option<Self::Shared>;

    /// The answer that a share stands for. `None`: the call does not know what to do with it, and goes on as if there
    /// had been none.
    fn accept(&mut self, shared: Self::Shared) -> Option<Self::Answer>;

    /// Something happened to this call.
    fn happened(&mut self, event: Event);
}

/// How a body ended.
pub(crate) enum Ending<'a, R> {
    /// It gave an answer.
    Answered(&'a R),
    /// It panicked.
    Panicked,
    /// It was dropped before its end.
    Cancelled,
}

/// What happened to a call, beside its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Its answer is that of another call's body.
    Coalesced,
    /// It would have waited for itself, and ran its body alone.
    Cycle,
    /// It has waited for as long as it may, and ran its body alone.
    WaitExpired,
    /// It waited for a body that nobody polled any more, and took the lead from it.
    Deserted,
}

/// The runs of one site, by key.
///
/// `A` is what callers that wait get of an answer that is not kept.
pub(crate) struct Flights<K, A> {
    shards: [Shard<K, A>; SHARDS],
    wait: Duration,
}

/// How a call goes on.
enum Entry<'f, K: Eq, A> {
    /// It runs its body for all.
    Lead(Lead<'f, K, A>),
    /// It waits for another call.
    Wait(Waiter<'f, K, A>),
    /// It runs its body for itself.
    Alone,
}

impl<K: Eq, A> Flights<K, A> {
    /// No flights yet. No call waits for another one for longer than `wait`; `Duration::MAX` is for ever.
    pub(crate) fn new(wait: Duration) -> Self {
        Self {
            shards: std::array::from_fn(|_| Shard::new()),
            wait,
        }
    }

    /// Runs `body`, or waits for the call that already does, and gives the answer. Blocks the thread.
    ///
    /// `hash` is that of `key`. A panic of the body passes through. See the [module](self) for the rest.
    pub(crate) fn run<L>(
        &self,
        hash: u64,
        key: K,
        landing: &mut L,
        body: impl FnOnce() -> L::Answer,
    ) -> L::Answer
    where
        L: Landing<Key = K, Shared = A>,
    {
        blocking::run(self, hash, key, landing, body)
    }

    /// Awaits `body`, or the call that already does, and gives the answer.
    ///
    /// `hash` is that of `key`. Takes part when it is first polled. Cancel safe as the body is; when it is dropped while
    /// its body runs for others, one of them takes over as soon as the body is gone. A panic of the body passes
    /// through. Polled again after its end it stays pending.
    pub(crate) fn run_async<L, F>(&self, hash: u64, key: K, landing: L, body: F) -> Call<'_, L, F>
    where
        L: Landing<Key = K, Shared = A>,
        F: Future<Output = L::Answer>,
    {
        Call::new(self, hash, key, landing, body)
    }

    /// The answer of the run that `is` finds under `hash` is not kept. Call it before what is kept is removed.
    pub(crate) fn outdate(&self, hash: u64, is: impl Fn(&K) -> bool) {
        if let Some(record) = self.shard(hash).lock(hash).find(hash, is) {
            record.outdate();
        }
    }

    /// The same for every run under `hash`, whatever its key.
    pub(crate) fn outdate_hash(&self, hash: u64) {
        self.shard(hash).lock(hash).each_of(hash, Record::outdate);
    }

    /// No answer of the runs there are is kept. Call it before what is kept is removed.
    pub(crate) fn outdate_all(&self) {
        for shard in &self.shards {
            shard.lock_all().for_each(Record::outdate);
        }
    }

    /// How many keys are being led or waited for.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let count = |shard: &Shard<K, A>| shard.lock_all().len();
        self.shards.iter().map(count).sum()
    }

    #[inline]
    fn shard(&self, hash: u64) -> &Shard<K, A> {
        // Bits that the map within uses least: it takes the lowest and the seven highest.
        let [_, _, bits, ..] = hash.to_be_bytes();
        &self.shards[usize::from(bits) % SHARDS]
    }

    /// The decision: lead, wait or go alone. `key` is taken when it leads what nobody led.
    #[inline]
    fn enter(&self, hash: u64, key: &mut Option<K>) -> Entry<'_, K, A> {
        let shard = self.shard(hash);
        let Some(own) = key.take() else {
            return Self::meet(shard, shard.lock(hash), hash, key);
        };
        match shard.lead(hash, own) {
            Ok(ticket) => Entry::Lead(Lead::new(shard, hash, ticket)),
            Err((table, own)) => {
                *key = Some(own);
                Self::meet(shard, table, hash, key)
            }
        }
    }

    /// The same where something is led.
    #[inline(never)]
    fn meet<'f>(
        shard: &'f Shard<K, A>,
        mut table: MutexGuard<'f, Table<K, A>>,
        hash: u64,
        key: &mut Option<K>,
    ) -> Entry<'f, K, A> {
        match table.enter(hash, key) {
            Found::Led(ticket) => Entry::Lead(Lead::new(shard, hash, ticket)),
            Found::Running(record) => match Waiter::join(shard, hash, record) {
                Some(waiter) => Entry::Wait(waiter),
                None => Entry::Alone,
            },
            Found::Nothing => Entry::Alone,
        }
    }

    /// When a call that begins to wait at `now` must have an answer; `None` is never.
    fn deadline(&self, now: Instant) -> Option<Instant> {
        now.checked_add(self.wait)
    }

    /// When a call that waits has to look after the one who leads; `None` is never.
    fn probe(&self, now: Instant) -> Option<Instant> {
        if cfg!(all(test, perfkit_model)) {
            return None; // models have no clock
        }
        now.checked_add((self.wait / PROBES).min(LONGEST_PROBE))
    }
}

#[cfg(test)]
mod tests;
