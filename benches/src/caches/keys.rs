//! What the caches are asked for: keys drawn by Zipf's law before a block is timed.
//!
//! A population is so many keys; [`Population::draw`] draws those that the calling thread asks for next, with the
//! exponent 0.99 that is usual in the literature on caches. Every block gets new ones: in a sequence that is gone round
//! and round, a cache meets what it has evicted in the same order again and learns the bench. The keys look random and
//! are filled in an order that has nothing to do with how hot they are: a table that keeps neighbours together gets
//! nothing for free.

use std::cell::RefCell;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use rand_distr::{Distribution as _, Zipf};

use crate::tools::body;

/// Entries of the small caches.
pub const THOUSAND_ENTRIES: usize = 1_000;
/// Entries of the large caches, and keys of the stream that does not fit.
pub const MILLION_ENTRIES: usize = 1_000_000;

/// How often the hottest key is asked for more than the others, as the exponent of Zipf's law.
const SKEW: f64 = 0.99;

/// A thousand keys.
pub const THOUSAND: Population = Population {
    entries: THOUSAND_ENTRIES,
};

/// A million keys.
pub const MILLION: Population = Population {
    entries: MILLION_ENTRIES,
};

/// So many keys.
pub struct Population {
    entries: usize,
}

thread_local! {
    static DRAWN: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
    // From a fixed seed, another one for each thread: the same keys for every tool and run.
    static RANDOM: RefCell<SmallRng> = RefCell::new({
        static THREADS: AtomicU64 = AtomicU64::new(0);
        SmallRng::seed_from_u64(THREADS.fetch_add(1, Relaxed))
    });
}

impl Population {
    /// Draws the next `turns` keys of this thread.
    ///
    /// # Panics
    ///
    /// Never: there are keys, and the exponent is positive.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "ranks from 1 to a million"
    )]
    pub fn draw(&self, turns: u64) {
        let law = Zipf::new(self.entries as f64, SKEW).expect("a positive exponent");
        DRAWN.with_borrow_mut(|drawn| {
            RANDOM.with_borrow_mut(|random| {
                drawn.clear();
                drawn.extend((0..turns).map(|_| law.sample(random) as u32 - 1));
            });
        });
    }

    /// The first `turns` of the keys drawn.
    ///
    /// # Panics
    ///
    /// When fewer were drawn.
    #[inline(always)]
    pub fn each(&self, turns: u64, mut call: impl FnMut(u64)) {
        each_rank(turns, |rank| call(key(rank)));
    }

    /// Every key once.
    ///
    /// # Panics
    ///
    /// Only in `call`.
    pub fn all(&self, mut call: impl FnMut(u64)) {
        self.all_ranks(|rank| call(key(rank)));
    }

    fn all_ranks(&self, mut call: impl FnMut(u32)) {
        const PRIME: usize = 7_368_787; // divides no number of entries here, so that its multiples visit every place
        for place in 0..self.entries {
            call(u32::try_from(place * PRIME % self.entries).expect("a few million entries"));
        }
    }
}

#[inline(always)]
fn each_rank(turns: u64, mut call: impl FnMut(u32)) {
    let turns = usize::try_from(turns).expect("as many as were drawn");
    DRAWN.with_borrow(|drawn| {
        for &rank in &drawn[..turns] {
            call(rank);
        }
    });
}

/// The text keys, by rank.
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let ranks = 0..u32::try_from(THOUSAND_ENTRIES).expect("a thousand");
    ranks
        .map(|rank| format!("user:{:016x}", key(rank)))
        .collect()
});

/// The first `turns` of the keys drawn from [`THOUSAND`], as text.
#[inline(always)]
pub fn each_name(turns: u64, mut call: impl FnMut(&'static str)) {
    let names = NAMES.as_slice();
    each_rank(turns, |rank| call(&names[rank as usize]));
}

/// Every text key once.
pub fn all_names(mut call: impl FnMut(&'static str)) {
    THOUSAND.all_ranks(|rank| call(&NAMES[rank as usize]));
}

/// The next `turns` keys that nobody has asked for.
#[inline(always)]
pub fn each_new(turns: u64, mut call: impl FnMut(u64)) {
    static NEXT: AtomicU64 = AtomicU64::new(1 << 40);
    let first = NEXT.fetch_add(turns, Relaxed);
    for fresh in first..first + turns {
        call(body(fresh));
    }
}

#[inline(always)]
fn key(rank: u32) -> u64 {
    body(u64::from(rank) + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{MILLION, THOUSAND, THOUSAND_ENTRIES, each_new, each_rank, key};

    #[test]
    fn all_visits_every_key_once() {
        let mut keys = HashSet::new();
        THOUSAND.all(|key| assert!(keys.insert(key)));
        assert_eq!(keys.len(), THOUSAND_ENTRIES);
        let mut ranks = HashSet::new();
        MILLION.all_ranks(|rank| assert!(ranks.insert(rank)));
        assert_eq!(ranks.len(), 1_000_000);
    }

    #[test]
    fn the_first_rank_is_as_much_hotter_as_the_law_says() {
        let mut drawn = vec![0_u32; THOUSAND_ENTRIES];
        THOUSAND.draw(1 << 20);
        each_rank(1 << 20, |rank| drawn[rank as usize] += 1);
        let times = f64::from(drawn[0]) / f64::from(drawn[99]);
        let law = 100_f64.powf(0.99);
        assert!((times / law - 1.0).abs() < 0.1, "{times} instead of {law}");
    }

    #[test]
    fn a_row_and_its_baseline_get_the_same_keys_and_the_next_block_others() {
        let some = || {
            let mut keys = Vec::new();
            MILLION.each(1_000, |key| keys.push(key));
            keys
        };
        MILLION.draw(1_000);
        let first = some();
        assert_eq!(first, some());
        MILLION.draw(1_000);
        assert_ne!(first, some());
        assert!(first.contains(&key(0)), "the hottest is always among them");
    }

    #[test]
    fn new_keys_never_come_again() {
        let mut keys = HashSet::new();
        each_new(1_000, |key| assert!(keys.insert(key)));
        each_new(1_000, |key| assert!(keys.insert(key)));
        let others: Vec<u64> = std::thread::spawn(|| {
            let mut keys = Vec::new();
            each_new(1_000, |key| keys.push(key));
            keys
        })
        .join()
        .expect("no panic");
        assert!(others.iter().all(|key| keys.insert(*key)));
    }
}
