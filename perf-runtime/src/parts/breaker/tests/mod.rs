//! The machine against a naive one, under threads, and under the schedules of a model checker.

use super::rules::{Failures, MILLION, Rules, Window};
use super::*;

mod at_once;
mod by_key;
#[cfg(perfkit_model)]
mod models;
mod naive;
mod reference;

const SECOND: u64 = 1_000_000_000;

/// Five failures in a row, open for a second, one probe.
fn rules() -> Rules {
    Rules {
        failures: Failures::InARow(5),
        window: Window::None,
        min_calls: 1,
        slow_share: None,
        cancelled: None,
        reset: SECOND,
        max_reset: SECOND,
        probes: 1,
        successes: 1,
        lease: SECOND,
    }
}

impl Machine {
    fn seeded_with(rules: Rules) -> Self {
        Self::seeded(rules, Phase::Closed, 7)
    }
}

/// Steele, Lea and Flood's `SplitMix64`.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    fn one_in(&mut self, most: u64) -> bool {
        self.below(most) == 0
    }
}

/// From the environment, else by chance; printed, so that what failed can be run again.
fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    let given = std::env::var("PERFKIT_SEED").ok();
    let seed = given.map_or_else(
        || RandomState::new().hash_one(0_u8),
        |seed| seed.parse().unwrap(),
    );
    println!("PERFKIT_SEED={seed}");
    seed
}

/// How many events a test makes.
fn events(usually: u64) -> u64 {
    let given = std::env::var("PERFKIT_CHAOS_CALLS").ok();
    let usually = if cfg!(miri) { usually / 500 } else { usually };
    given.map_or(usually, |events| events.parse().unwrap())
}
