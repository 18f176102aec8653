//! The last calls of a breaker, two bits each: whether it failed, and whether it was slow.
//!
//! A call takes the next place and learns what it puts out; so sums that are kept elsewhere stay exact, under any number
//! of threads, once all of them are done. Places belong to a generation, sixteen of them together: what an earlier one
//! has left counts as nothing, so starting anew clears nothing, and what comes late from an earlier one finds that it is.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use super::sync::AtomicU64;
use super::word::is_later;

const PER_WORD: u64 = 16;
const TAG: u32 = 32;

/// See the module. A word is `[generation 32][sixteen places 32]`.
pub(super) struct Ring {
    next: AtomicU64,
    words: Box<[AtomicU64]>,
    window: u64,
}

/// By how much the sums of a window change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Change {
    pub(super) failures: i64,
    pub(super) slow: i64,
}

/// One call, as a window has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) failure: bool,
    pub(super) slow: bool,
}

impl Mark {
    const fn bits(self) -> u64 {
        self.failure as u64 | (self.slow as u64) << 1
    }
}

impl Ring {
    /// Of so many calls, at least one.
    pub(super) fn new(window: u64) -> Self {
        let window = window.max(1);
        let words = window.div_ceil(PER_WORD);
        Self {
            next: AtomicU64::new(0),
            words: (0..words).map(|_| AtomicU64::new(0)).collect(),
            window,
        }
    }

    /// Takes the next place. Nothing when it belongs to a later generation already.
    pub(super) fn push(&self, generation: u64, mark: Mark) -> Option<Change> {
        let place = self.place();
        let index = usize::try_from(place / PER_WORD).unwrap_or(0);
        let word = self.words.get(index)?;
        let shift = place % PER_WORD * 2;
        let mut known = word.load(Acquire);
        loop {
            let of = known >> TAG;
            if is_later(of, generation) {
                return None;
            }
            let places = if of == generation {
                known & u64::from(u32::MAX)
            } else {
                0
            };
            let before = places >> shift & 3;
            let new = generation << TAG | places & !(3 << shift) | mark.bits() << shift;
            if new == known {
                return Some(Change::default());
            }
            match word.compare_exchange_weak(known, new, AcqRel, Acquire) {
                Ok(_) => return Some(Change::between(before, mark.bits())),
                Err(other) => known = other,
            }
        }
    }

    /// The next place. Without a division, which takes longer than all the rest.
    fn place(&self) -> u64 {
        let mut place = self.next.load(Relaxed);
        loop {
            let after = if place + 1 < self.window {
                place + 1
            } else {
                0
            };
            match self
                .next
                .compare_exchange_weak(place, after, Relaxed, Relaxed)
            {
                Ok(_) => return place,
                Err(other) => place = other,
            }
        }
    }

    /// What a generation has in it: failures and slow calls.
    #[cfg(test)]
    pub(super) fn sums(&self, generation: u64) -> (u64, u64) {
        let of = self.words.iter().map(|word| word.load(Acquire));
        let own = of.filter(|word| word >> TAG == generation);
        own.fold((0, 0), |(failures, slow), word| {
            let failed = (word & 0x5555_5555).count_ones();
            let slowed = (word & 0xaaaa_aaaa).count_ones();
            (failures + u64::from(failed), slow + u64::from(slowed))
        })
    }
}

impl Change {
    fn between(before: u64, after: u64) -> Self {
        let step = |bit: u64| i64::from(after & bit != 0) - i64::from(before & bit != 0);
        Self {
            failures: step(1),
            slow: step(2),
        }
    }
}
