//! Numbers by chance for tests: the same for the same seed, which is printed, so that what failed can be run again.
//!
//! - `PERFKIT_SEED`: the seed, else a new one. How threads interleave is not drawn from it.
//! - `PERFKIT_CHAOS_CALLS`: how many calls or events, else as many as the test says.

use std::any::Any;
use std::hash::{BuildHasher, RandomState};
use std::panic::resume_unwind;

/// Steele, Lea and Flood's `SplitMix64`.
#[derive(Clone, Copy)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// From one number to the next.
    pub(crate) const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

    /// With the seed that was asked for.
    pub(crate) fn seeded() -> Self {
        let seed = asked("PERFKIT_SEED").unwrap_or_else(|| RandomState::new().hash_one(0_u8));
        println!("PERFKIT_SEED={seed}");
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(Self::STEP);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    /// Another one, for a thread or a task of its own.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next())
    }
}

/// How many calls or events a test makes.
pub(crate) fn calls(usually: u64) -> u64 {
    let usually = if cfg!(miri) { usually / 500 } else { usually };
    let calls = asked("PERFKIT_CHAOS_CALLS").unwrap_or(usually);
    println!("PERFKIT_CHAOS_CALLS={calls}");
    calls
}

/// What those panic with whose panic is part of the chaos.
struct Chaos;

/// Panics as a user's code might, without a word.
pub(crate) fn panic() -> ! {
    resume_unwind(Box::new(Chaos))
}

/// Goes on with a panic that is none of those: a promise is broken.
pub(crate) fn forgive(panic: Box<dyn Any + Send>) {
    if !panic.is::<Chaos>() {
        resume_unwind(panic);
    }
}

fn asked(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}
