//! What a breaker counts, and how long it has been what.
//!
//! What happens to calls is counted in stripes; what happens to the breaker happens seldom, and is kept under a lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::change::{BreakerChange, BreakerReason, BreakerState};
use super::told::{Last, Text};
use crate::parts::breaker::is_later;
use crate::parts::counter::Counters;

/// What happens to calls, by index of the counters.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Count {
    Rejected,
    WouldReject,
    Probe,
    Failure,
    Slow,
    Panic,
    Cancelled,
    Neutral,
    Late,
    KeyWithoutRoom,
}

const COUNTS: usize = 10;

/// The states that time is spent in.
const STATES: [BreakerState; 5] = [
    BreakerState::Closed,
    BreakerState::Open,
    BreakerState::HalfOpen,
    BreakerState::ForcedOpen,
    BreakerState::Disabled,
];

/// See the module.
pub(crate) struct Books {
    counters: Counters<COUNTS>,
    log: Mutex<Log>,
    last_error: Last,
}

/// What has happened to the breaker. Times in nanoseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    pub(super) opened: [u64; BreakerReason::OPENING.len()],
    pub(super) half_opened: u64,
    pub(super) closed: u64,
    pub(super) leases_expired: u64,
    /// How long it has been in which of [`STATES`], up to the last change.
    spent: [u64; STATES.len()],
    state: usize,
    /// When it came to be what it is.
    since: u64,
    /// From when on the time in the present state counts.
    counted_from: u64,
    generation: u64,
}

impl Books {
    pub(super) fn new() -> Self {
        Self {
            counters: Counters::new(),
            log: Mutex::new(Log::default()),
            last_error: Last::new(),
        }
    }

    #[inline]
    pub(super) fn count(&self, what: Count) {
        self.counters.add_one(what as usize);
    }

    /// Counts a call that was rejected where the thread counts alone, and says how many it has counted.
    #[inline]
    pub(super) fn count_rejected_of_its_own(&self) -> Option<u64> {
        self.counters.count_of_its_own(Count::Rejected as usize)
    }

    /// The same of any thread, and says how many of them those have counted that count with it.
    pub(super) fn count_rejected(&self) -> u64 {
        self.counters.count(Count::Rejected as usize)
    }

    pub(super) fn counted(&self, what: Count) -> u64 {
        self.counters.since_reset(what as usize)
    }

    /// What a failure said.
    #[cold]
    pub(super) fn failed_with(&self, said: &Text) {
        self.last_error.put(said);
    }

    /// What the last failure said that said something.
    pub(super) fn last_error(&self) -> Option<String> {
        self.last_error.text()
    }

    /// Begins with what the breaker is at first.
    pub(super) fn begin(&self, state: BreakerState, now: u64) {
        let mut log = self.lock();
        log.state = index(state);
        log.since = now;
        log.counted_from = now;
        log.generation = 0;
    }

    /// A change, of which those of keys count, but are none of the breaker as a whole.
    pub(super) fn changed(&self, change: &BreakerChange, generation: u64, now: u64) {
        let mut log = self.lock();
        match change.to {
            BreakerState::Open | BreakerState::ForcedOpen => {
                let opening = BreakerReason::OPENING;
                let reason = opening.iter().position(|reason| *reason == change.reason);
                if let Some(opened) = reason.and_then(|reason| log.opened.get_mut(reason)) {
                    *opened += 1;
                }
            }
            BreakerState::HalfOpen if change.reason == BreakerReason::LeaseExpired => {
                log.leases_expired += 1;
            }
            BreakerState::HalfOpen => log.half_opened += 1,
            BreakerState::Closed => log.closed += 1,
            _ => {}
        }
        // Whoever made a change may come to say so after the next one; the later one is what holds.
        if change.is_of_a_key || !is_later(generation, log.generation) {
            return;
        }
        log.spend(now);
        log.generation = generation;
        log.state = index(change.to);
        log.since = now;
    }

    pub(super) fn log(&self, now: u64) -> Log {
        let mut log = self.lock();
        log.spend(now);
        log.clone()
    }

    pub(super) fn reset(&self, now: u64) {
        self.counters.reset();
        self.last_error.forget();
        let mut log = self.lock();
        *log = Log {
            state: log.state,
            since: log.since,
            generation: log.generation,
            counted_from: now,
            ..Log::default()
        };
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    /// Counts the time in the present state.
    fn spend(&mut self, now: u64) {
        let spent = now.saturating_sub(self.counted_from);
        if let Some(sum) = self.spent.get_mut(self.state) {
            *sum = sum.saturating_add(spent);
        }
        self.counted_from = now;
    }

    /// Nanoseconds in a state.
    pub(super) fn spent(&self, state: BreakerState) -> u64 {
        self.spent.get(index(state)).copied().unwrap_or(0)
    }

    /// Nanoseconds since the last change.
    pub(super) fn age(&self, now: u64) -> u64 {
        now.saturating_sub(self.since)
    }
}

fn index(state: BreakerState) -> usize {
    let known = STATES.iter().position(|known| *known == state);
    known.unwrap_or(0)
}
