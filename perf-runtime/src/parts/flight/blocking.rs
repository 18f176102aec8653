//! A thread that leads, waits or goes alone.

use std::time::Instant;

use super::lead::Lead;
use super::seat::News;
use super::waiter::{Step, Waiter};
use super::{Ending, Entry, Event, Flights, Landing};
use crate::clock;

/// See [`Flights::run`].
#[inline]
pub(super) fn run<L: Landing>(
    flights: &Flights<L::Key, L::Shared>,
    hash: u64,
    key: L::Key,
    landing: &mut L,
    body: impl FnOnce() -> L::Answer,
) -> L::Answer {
    let shard = flights.shard(hash);
    match shard.lead(hash, key) {
        Ok(ticket) => lead(Lead::new(shard, hash, ticket), landing, body, Lead::land),
        Err((table, key)) => {
            let mut key = Some(key);
            let entry = Flights::meet(shard, table, hash, &mut key);
            follow(flights, hash, key, entry, landing, body)
        }
    }
}

/// Runs the body for all and hands its answer to `land`, unless that is kept by now.
#[expect(
    clippy::inline_always,
    reason = "there is one usual call for each function, and what is made for it stays in registers"
)]
#[inline(always)]
fn lead<'f, L: Landing>(
    mut lead: Lead<'f, L::Key, L::Shared>,
    landing: &mut L,
    body: impl FnOnce() -> L::Answer,
    land: impl FnOnce(&mut Lead<'f, L::Key, L::Shared>, &mut L, &L::Answer),
) -> L::Answer {
    let _running = lead.running();
    if let Some(answer) = landing.found() {
        return found(&mut lead, landing, answer);
    }
    let answer = run_body(landing, body);
    land(&mut lead, landing, &answer);
    answer
}

/// The same after another one, where others may wait.
#[cold]
#[inline(never)]
fn lead_next<L: Landing>(
    next: Lead<'_, L::Key, L::Shared>,
    landing: &mut L,
    body: impl FnOnce() -> L::Answer,
) -> L::Answer {
    lead(next, landing, body, |lead, landing, answer| {
        lead.land_met(landing.prepare(answer), landing, answer);
    })
}

/// The answer is kept by now.
#[cold]
#[inline(never)]
fn found<L: Landing>(
    lead: &mut Lead<'_, L::Key, L::Shared>,
    landing: &mut L,
    answer: L::Answer,
) -> L::Answer {
    lead.found();
    landing.happened(Event::Coalesced);
    answer
}

/// The one that did not come first.
#[cold]
#[inline(never)]
fn follow<'f, L: Landing>(
    flights: &'f Flights<L::Key, L::Shared>,
    hash: u64,
    mut key: Option<L::Key>,
    mut entry: Entry<'f, L::Key, L::Shared>,
    landing: &mut L,
    body: impl FnOnce() -> L::Answer,
) -> L::Answer {
    let deadline = flights.deadline(clock::instant());
    loop {
        let step = match entry {
            Entry::Lead(lead) => Step::Lead(lead),
            Entry::Alone => {
                landing.happened(Event::Cycle);
                return run_body(landing, body);
            }
            Entry::Wait(waiter) => wait(flights, waiter, deadline),
        };
        match step {
            Step::Wait => {
                landing.happened(Event::WaitExpired);
                return run_body(landing, body);
            }
            Step::Lead(lead) => return lead_next(lead, landing, body),
            Step::Desert(lead) => {
                landing.happened(Event::Deserted);
                return lead_next(lead, landing, body);
            }
            Step::News(News::Shared(share)) => {
                if let Some(answer) = landing.accept(share) {
                    landing.happened(Event::Coalesced);
                    return answer;
                }
            }
            Step::News(News::Look) => {
                if let Some(answer) = landing.found() {
                    landing.happened(Event::Coalesced);
                    return answer;
                }
            }
            Step::News(News::Again) => {}
        }
        entry = flights.enter(hash, &mut key);
    }
}

/// Blocks until there is something to do; [`Step::Wait`] is that the time is up.
fn wait<'f, K: Eq, A>(
    flights: &'f Flights<K, A>,
    mut waiter: Waiter<'f, K, A>,
    deadline: Option<Instant>,
) -> Step<'f, K, A> {
    let mut probe = flights.probe(clock::instant());
    loop {
        let step = waiter.look(None);
        if !matches!(step, Step::Wait) {
            return step;
        }
        let now = clock::instant();
        if deadline.is_some_and(|deadline| deadline <= now) {
            return waiter.give_up();
        }
        if probe.is_some_and(|probe| probe <= now) {
            probe = flights.probe(now);
            let step = waiter.probe();
            if !matches!(step, Step::Wait) {
                return step;
            }
        }
        let until = [deadline, probe].into_iter().flatten().min();
        waiter.sleep(until.map(|until| until.saturating_duration_since(now)));
    }
}

/// Runs a body, and says how it ended.
#[inline]
fn run_body<L: Landing>(landing: &mut L, body: impl FnOnce() -> L::Answer) -> L::Answer {
    landing.began();
    let panics = Panics(landing);
    let answer = body();
    std::mem::forget(panics);
    landing.ended(Ending::Answered(&answer));
    answer
}

/// Dropped only when the body panics.
struct Panics<'l, L: Landing>(&'l mut L);

impl<L: Landing> Drop for Panics<'_, L> {
    fn drop(&mut self) {
        self.0.ended(Ending::Panicked);
    }
}
