//! Counters that threads do not fight over.
//!
//! A set of counters has stripes, each on cache lines of its own. The first threads of the process own a stripe each,
//! in every set, and count with a load and a store, because nobody else writes there. Threads beyond them share the
//! last few stripes and count with a read-modify-write. A stripe whose thread has ended goes to the next new thread
//! with its numbers in it, so nothing is lost or folded. Adding up reads every stripe and stops nobody.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};
use std::sync::{Mutex, OnceLock, PoisonError};

/// `N` counters, told apart by their index.
///
/// Every number is exact under any number of threads. Counting neither locks nor allocates after a thread's first time
/// in the process, and who reads a count also sees what happened before it.
///
/// A set has 128 bytes for each of `2 × cores` owners (8 to 64) and of four shared stripes, and for each further
/// sixteen counters as much again.
pub(crate) struct Counters<const N: usize> {
    /// Those that have one writer.
    owned: Box<[Stripe<N>]>,
    shared: Box<[Stripe<N>]>,
    /// What [`Counters::reset`] has taken off.
    forgotten: [AtomicU64; N],
}

// Two lines of 64 bytes, because processors fetch them in pairs.
#[repr(align(128))]
struct Stripe<const N: usize>([AtomicU64; N]);

impl<const N: usize> Counters<N> {
    pub(crate) fn new() -> Self {
        let stripe = || Stripe(std::array::from_fn(|_| AtomicU64::new(0)));
        Self {
            owned: (0..owners()).map(|_| stripe()).collect(),
            shared: (0..SHARED).map(|_| stripe()).collect(),
            forgotten: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// Counts one.
    #[inline]
    pub(crate) fn add_one(&self, counter: usize) {
        self.count(counter);
    }

    /// Counts one, and says how many of them the stripe of this thread has now.
    #[inline]
    pub(crate) fn count(&self, counter: usize) -> u64 {
        match self.count_of_its_own(counter) {
            Some(count) => count,
            None => self.count_elsewhere(counter),
        }
    }

    /// The same for a thread that has counted before and owns a stripe; of others nothing is counted.
    #[inline]
    pub(crate) fn count_of_its_own(&self, counter: usize) -> Option<u64> {
        Some(self.own()?.0.count_of_its_owner(counter))
    }

    /// Where this thread counts, if it owns that: whoever has it counts without a call of anything.
    #[inline]
    pub(crate) fn own(&self) -> Option<Own<'_, N>> {
        // One comparison.
        let index = STRIPE.try_with(Cell::get).ok()?;
        self.owned.get(index).map(Own)
    }

    #[cold]
    #[inline(never)]
    fn count_elsewhere(&self, counter: usize) -> u64 {
        self.here().count(counter)
    }

    /// The set as this thread writes it, for who counts more than once.
    #[inline]
    pub(crate) fn here(&self) -> Here<'_, N> {
        let index = stripe_of_this_thread();
        let owned = self.owned.get(index);
        let shared = || self.shared.get(index.checked_sub(self.owned.len())?);
        Here {
            stripe: owned.or_else(shared),
            is_owner: owned.is_some(),
            not_send: PhantomData,
        }
    }

    /// How often it was counted since the last reset.
    pub(crate) fn since_reset(&self, counter: usize) -> u64 {
        let forgotten = self.forgotten.get(counter).map_or(0, |f| f.load(Relaxed));
        self.ever(counter).wrapping_sub(forgotten)
    }

    /// How often it was counted since the set was made.
    pub(crate) fn ever(&self, counter: usize) -> u64 {
        self.owned
            .iter()
            .chain(&self.shared)
            .filter_map(|stripe| stripe.0.get(counter))
            .fold(0, |sum, count| sum.wrapping_add(count.load(Acquire)))
    }

    /// Starts every counter anew; what is counted meanwhile is counted before or after it, never lost.
    pub(crate) fn reset(&self) {
        for (counter, forgotten) in self.forgotten.iter().enumerate() {
            forgotten.store(self.ever(counter), Relaxed);
        }
    }
}

/// See [`Counters::own`].
pub(crate) struct Own<'c, const N: usize>(&'c Stripe<N>);

impl<const N: usize> Own<'_, N> {
    /// Counts one.
    #[inline]
    pub(crate) fn add_one(&self, counter: usize) {
        self.0.count_of_its_owner(counter);
    }
}

/// See [`Counters::here`].
pub(crate) struct Here<'c, const N: usize> {
    stripe: Option<&'c Stripe<N>>,
    is_owner: bool,
    // On another thread there would be two writers.
    not_send: PhantomData<*const ()>,
}

impl<const N: usize> Here<'_, N> {
    /// Counts one, and says how many of them this stripe has now.
    #[inline]
    pub(crate) fn count(&self, counter: usize) -> u64 {
        let Some(stripe) = self.stripe else { return 0 };
        if self.is_owner {
            return stripe.count_of_its_owner(counter);
        }
        let shared = stripe.0.get(counter);
        shared.map_or(0, |count| count.fetch_add(1, AcqRel).wrapping_add(1))
    }
}

impl<const N: usize> Stripe<N> {
    #[inline]
    fn count_of_its_owner(&self, counter: usize) -> u64 {
        let Some(count) = self.0.get(counter) else {
            return 0;
        };
        let more = count.load(Relaxed).wrapping_add(1);
        count.store(more, Release);
        more
    }
}

/// How many stripes the threads share that own none.
const SHARED: usize = 4;

/// How many threads own a stripe: enough for the workers of two runtimes, few enough that a thousand sites stay small.
fn owners() -> usize {
    static OWNERS: OnceLock<usize> = OnceLock::new();
    *OWNERS.get_or_init(|| {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        cores.saturating_mul(2).clamp(8, 64)
    })
}

/// The stripes that have no owner; nothing before the first thread has asked.
static FREE: Mutex<Option<BTreeSet<usize>>> = Mutex::new(None);

const UNKNOWN: usize = usize::MAX;

thread_local! {
    // Has no destructor, so that it can be asked until the thread's very end.
    static STRIPE: Cell<usize> = const { Cell::new(UNKNOWN) };
    static OWNERSHIP: Cell<Option<Ownership>> = const { Cell::new(None) };
}

/// Gives the stripe back when the thread ends.
struct Ownership(usize);

impl Drop for Ownership {
    fn drop(&mut self) {
        // What other destructors of the thread still count goes where everybody may. The lock hands over what was
        // stored to the next owner.
        let _ = STRIPE.try_with(|stripe| stripe.set(shared_stripe()));
        with_free(|free| free.insert(self.0));
    }
}

#[inline]
fn stripe_of_this_thread() -> usize {
    match STRIPE.try_with(Cell::get) {
        Ok(UNKNOWN) | Err(_) => find_stripe(),
        Ok(stripe) => stripe,
    }
}

#[cold]
#[inline(never)]
fn find_stripe() -> usize {
    let stripe = own_stripe().unwrap_or_else(shared_stripe);
    let _ = STRIPE.try_with(|known| known.set(stripe));
    stripe
}

/// Nothing when all have an owner, or when this thread is ending and could not give it back.
fn own_stripe() -> Option<usize> {
    OWNERSHIP
        .try_with(|ownership| {
            let stripe = with_free(BTreeSet::pop_first)?;
            ownership.set(Some(Ownership(stripe)));
            Some(stripe)
        })
        .ok()
        .flatten()
}

fn shared_stripe() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    owners() + NEXT.fetch_add(1, Relaxed) % SHARED
}

fn with_free<R>(change: impl FnOnce(&mut BTreeSet<usize>) -> R) -> R {
    let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    change(free.get_or_insert_with(|| (0..owners()).collect()))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Barrier};

    use super::{Counters, SHARED, owners};

    #[test]
    fn every_count_of_more_threads_than_stripes_is_kept() {
        let threads = owners() + 2 * SHARED;
        let each = if cfg!(miri) { 20 } else { 2_000 };
        let counters = Arc::new(Counters::<2>::new());
        // All at once, so that some must share; then again, so that stripes change hands.
        for _ in 0..2 {
            let barrier = Arc::new(Barrier::new(threads));
            let running: Vec<_> = (0..threads)
                .map(|_| {
                    let (counters, barrier) = (counters.clone(), barrier.clone());
                    std::thread::spawn(move || {
                        counters.add_one(0);
                        barrier.wait();
                        for _ in 1..each {
                            counters.add_one(0);
                        }
                        counters.add_one(1);
                    })
                })
                .collect();
            for thread in running {
                thread.join().unwrap();
            }
        }
        let threads = u64::try_from(threads).unwrap();
        assert_eq!(counters.ever(0), 2 * threads * each);
        assert_eq!(counters.ever(1), 2 * threads);
    }

    #[test]
    fn a_reset_starts_anew_and_forgets_nothing_of_what_is_ever() {
        let counters = Counters::<2>::new();
        counters.add_one(0);
        counters.add_one(1);
        counters.reset();
        counters.add_one(1);
        assert_eq!((counters.since_reset(0), counters.since_reset(1)), (0, 1));
        assert_eq!((counters.ever(0), counters.ever(1)), (1, 2));
    }

    #[test]
    fn a_counter_that_is_not_there_counts_nothing() {
        let counters = Counters::<1>::new();
        counters.add_one(1);
        assert_eq!((counters.ever(0), counters.ever(1)), (0, 0));
    }

    #[test]
    fn a_thread_counts_until_its_very_end() {
        struct CountsWhenDropped(Arc<Counters<1>>);
        impl Drop for CountsWhenDropped {
            fn drop(&mut self) {
                self.0.add_one(0);
            }
        }
        thread_local! {
            static LAST: std::cell::RefCell<Vec<CountsWhenDropped>> = const { std::cell::RefCell::new(Vec::new()) };
        }
        let counters = Arc::new(Counters::<1>::new());
        for first in [true, false] {
            let counters = counters.clone();
            std::thread::spawn(move || {
                // Before and after the thread gets its stripe, so that both orders of destructors are met.
                if first {
                    counters.add_one(0);
                }
                LAST.with_borrow_mut(|last| last.push(CountsWhenDropped(counters.clone())));
                if !first {
                    counters.add_one(0);
                }
            })
            .join()
            .unwrap();
        }
        assert_eq!(counters.ever(0), 4);
    }
}
