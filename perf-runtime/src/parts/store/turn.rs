//! Whether anything has been put in since a thread looked, told without looking again.
//!
//! Each shard knows which thread put something in last, and each thread how often it did. When the last one was the thread
//! that looked, and it has put nothing in since, nobody else has either: whatever others put in before its own last time
//! was there when it looked. Of a shard that several threads fill nothing is known now and then; then one looks again.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::sync::thread_local;

thread_local! {
    // Has no destructor, so that it can be asked until the thread's very end.
    static ME: Me = const { Me { thread: Cell::new(0), put: Cell::new(0) } };
}

/// What a thread knows of itself.
struct Me {
    /// Who it is; 0 until somebody asks.
    thread: Cell<usize>,
    /// How often it has put something in.
    put: Cell<u64>,
}

impl Me {
    #[inline]
    fn thread(&self) -> usize {
        match self.thread.get() {
            0 => self.first(),
            thread => thread,
        }
    }

    #[cold]
    fn first(&self) -> usize {
        static THREADS: AtomicUsize = AtomicUsize::new(1);
        // Not an address: a call may go on in a thread that began after this one has ended, and has its place.
        let thread = THREADS.fetch_add(1, Relaxed);
        self.thread.set(thread);
        thread
    }
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
        ME.with(|me| Self {
            thread: me.thread(),
            put: me.put.get(),
        })
    }
}

/// This thread puts something in. Gives who it is.
#[inline]
pub(super) fn advance() -> usize {
    ME.with(|me| {
        me.put.set(me.put.get().wrapping_add(1));
        me.thread()
    })
}
