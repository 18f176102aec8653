//! The harness, let loose on the flight.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::harness::{self, Called, Script, Subject};
use super::world::{Count, World};
use crate::parts::flight::Flights;

impl Subject for World {
    fn call(self: &Arc<Self>, key: u64, script: Script) -> Called<'_> {
        self.get_async(key, script.run(self))
    }

    fn invalidate(&self, key: Option<u64>) {
        if let Some(key) = key {
            World::invalidate(self, key);
        } else {
            self.flights.outdate_all();
            self.kept.lock().unwrap().clear();
        }
    }

    fn verify(&self) {
        World::verify(self);
    }
}

/// Keys are forgotten often enough that most calls are no hits.
#[test]
fn chaos_leaves_no_run_doubled_and_nobody_hanging() {
    let (mut began, mut doubled) = (0, 0);
    let counts = [
        Count::Coalesced,
        Count::Cycle,
        Count::WaitExpired,
        Count::Deserted,
    ];
    let mut sums = [0; 4];
    // Short, because a round waits for those that nobody polls.
    let new = || World::with(|world| world.flights = Flights::new(Duration::from_millis(100)));
    let tally = harness::run(200_000, new, |world: &World| {
        began += world.count(Count::Began);
        doubled += world.doubled();
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum += world.count(count);
        }
    });
    println!(
        "{} calls, {} answers, {} errors, {} panics, {} cancelled, {} of them kept unpolled; \
         {began} bodies, coalesced, cycles, expired, deserted: {sums:?}, {doubled} doubled",
        tally.calls.load(Relaxed),
        tally.answers.load(Relaxed),
        tally.errors.load(Relaxed),
        tally.panics.load(Relaxed),
        tally.cancelled.load(Relaxed),
        tally.unpolled.load(Relaxed),
    );
    assert_eq!(doubled, 0);
}
