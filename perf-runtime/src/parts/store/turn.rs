//! Whether anything has been put in since a thread looked, told without looking again.
//!
//! Each shard knows which thread put something in last, and each thread how often it did. When the last one was the thread
//! that looked, and it has put nothing in since, nobody else has either: whatever others put in before its own last time
//! was there when it looked. Of a shard that several threads fill nothing is known now and then; then one looks again.

use std::cell::Cell;

thread_local! {
    // Has no destructor, so that it can be asked until the thread's very end.
    static PUT: Cell<u64> = const { Cell::new(0) };
}

/// A moment in the life of a thread: who it is, and how often it has put something in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Turn {
    pub(super) thread: usize,
    put: u64,
}

impl Turn {
    #[inline]
    pub(crate) fn now() -> Self {
        PUT.with(|put| Self {
            thread: identity(put),
            put: put.get(),
        })
    }
}

/// This thread puts something in. Gives who it is.
#[inline]
pub(super) fn advance() -> usize {
    PUT.with(|put| {
        put.set(put.get().wrapping_add(1));
        identity(put)
    })
}

/// Another thread has it only when this one has ended, and began after it: so what this one put in was there.
fn identity(put: &Cell<u64>) -> usize {
    std::ptr::from_ref(put).addr()
}
