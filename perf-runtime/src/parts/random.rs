//! Random numbers for what must not happen at one moment everywhere: delays, resets.
//!
//! Each thread has a generator of its own, seeded by the standard library from what the system gives; nothing is shared.
//! Not for secrets.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

thread_local! {
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// A random number: Marsaglia's `xorshift64`, with the multiplication of Vigna's `xorshift64*` behind it.
pub(crate) fn random() -> u64 {
    STATE.try_with(next).unwrap_or_else(|_| seed())
}

fn next(state: &Cell<u64>) -> u64 {
    let mut random = match state.get() {
        // The one state that the generator cannot leave, and the one it begins with.
        0 => seed() | 1,
        state => state,
    };
    random ^= random >> 12;
    random ^= random << 25;
    random ^= random >> 27;
    state.set(random);
    random.wrapping_mul(0x2545_f491_4f6c_dd1d)
}

#[cold]
fn seed() -> u64 {
    // Its keys differ from call to call.
    RandomState::new().hash_one(0_u8)
}

#[cfg(test)]
mod tests {
    use super::random;

    #[test]
    fn numbers_are_spread_over_the_whole_range() {
        let mut halves = [0_u32; 2];
        for _ in 0..10_000 {
            halves[usize::from(random() > u64::MAX / 2)] += 1;
        }
        // Twenty standard deviations.
        assert!(
            halves.iter().all(|half| (4_000..6_000).contains(half)),
            "{halves:?}"
        );
    }

    #[test]
    fn threads_have_numbers_of_their_own() {
        let first = || std::thread::spawn(random).join().unwrap();
        assert_ne!(first(), first());
    }
}
