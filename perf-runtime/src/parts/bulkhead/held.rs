//! The permits that the callers above a call hold: those of this thread, or of the task that it polls.
//!
//! A call that waits for a permit which only its own callers can give back would wait for ever. So whoever holds one says
//! so while its body runs: a thread until the body is over, a future while it is polled, which follows the task from thread
//! to thread. What a body spawns is somebody else's and knows nothing of it.

use std::cell::Cell;
use std::marker::PhantomData;

/// How deep permits may be nested and still be known. Those further in are not: who would wait for itself there waits for as
/// long as it may wait at all.
const DEEPEST: usize = 64;

thread_local! {
    // Without a destructor, so that it costs nothing to ask for and is there until the thread's very end.
    static HELD: [Cell<usize>; DEEPEST] = const { [const { Cell::new(0) }; DEEPEST] };
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// While it lives, this thread holds a permit.
pub(crate) struct Scope {
    // It must end on the thread where it began.
    not_send: PhantomData<*const ()>,
}

impl Scope {
    /// A permit of the bulkhead at that address.
    #[inline]
    pub(crate) fn enter(address: usize) -> Self {
        let depth = DEPTH.get();
        HELD.with(|held| {
            if let Some(place) = held.get(depth) {
                place.set(address);
            }
        });
        DEPTH.set(depth.wrapping_add(1));
        Self {
            not_send: PhantomData,
        }
    }
}

impl Drop for Scope {
    #[inline]
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().wrapping_sub(1));
    }
}

/// How many permits of the bulkhead at that address the callers above hold.
pub(crate) fn above(address: usize) -> usize {
    let depth = DEPTH.get().min(DEEPEST);
    HELD.with(|held| {
        let held = held.iter().take(depth);
        held.filter(|place| place.get() == address).count()
    })
}

#[cfg(test)]
mod tests {
    use super::{DEEPEST, Scope, above};

    #[test]
    fn permits_above_are_counted_by_bulkhead_and_forgotten_when_they_end() {
        let one = Scope::enter(1);
        let two = Scope::enter(2);
        let three = Scope::enter(1);
        assert_eq!((above(1), above(2), above(3)), (2, 1, 0));
        drop(three);
        assert_eq!(above(1), 1);
        drop(two);
        drop(one);
        assert_eq!(above(1), 0);
    }

    #[test]
    fn a_panic_leaves_none_behind() {
        let panicked = std::panic::catch_unwind(|| {
            let _scope = Scope::enter(1);
            std::panic::resume_unwind(Box::new("body"));
        });
        assert!(panicked.is_err());
        assert_eq!(above(1), 0);
    }

    #[test]
    fn what_is_too_deep_is_not_known_and_does_no_harm() {
        let scopes: Vec<_> = (0..DEEPEST + 10).map(|_| Scope::enter(1)).collect();
        assert_eq!(above(1), DEEPEST);
        drop(scopes);
        assert_eq!(above(1), 0);
    }
}
