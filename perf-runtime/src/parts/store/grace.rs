//! When nobody reads any more what has been taken out.
//!
//! A reader of a [`table`](super::table) takes no lock and no reference; it only says, in a record of its own thread,
//! that it reads ([`pinned`]). Who takes something out of a table begins a [`Grace`]: it notes which threads read at that
//! moment, and is over when each of them has been seen not to, or to read anew. Nobody waits; a grace is asked again
//! later.
//!
//! The reader stores "I read" and then loads pointers, the writer stores pointers and then loads "who reads". For one of
//! them to see the other there must be a full fence between the two steps on both sides. Where the system can make all
//! threads of the process pass a fence (`membarrier` on Linux), the writer asks for that, and a reader has none of its
//! own: it stores to a line that no one else writes, and that is all. Elsewhere both have a fence.
//!
//! The rule is that of asymmetric Dekker synchronisation, as in user-space RCU (Desnoyers and others, "User-level
//! implementations of read-copy update", 2012).

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::PoisonError;
use std::sync::atomic::{
    Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst},
    compiler_fence,
};

use super::sync::{AtomicBool, AtomicU64, RwLock, fence, thread_local};

/// What one thread says of itself. Records are never freed; that of a thread which has ended goes to the next new one.
// Two lines of 64 bytes, because processors fetch them in pairs.
#[repr(align(128))]
struct Record {
    /// Odd while the thread reads; each change counts.
    state: AtomicU64,
    /// Whether a reader may leave its fence to the writers.
    asymmetric: bool,
    taken: AtomicBool,
}

/// As many as there have been threads at one time that read.
#[cfg(not(all(test, perfkit_model)))]
static RECORDS: RwLock<Vec<&'static Record>> = RwLock::new(Vec::new());

#[cfg(all(test, perfkit_model))]
shuttle::lazy_static! {
    static ref RECORDS: RwLock<Vec<&'static Record>> = RwLock::new(Vec::new());
}

thread_local! {
    // Has no destructor, so that it can be asked until the thread's very end.
    static MINE: Cell<Option<&'static Record>> = const { Cell::new(None) };
    static OWNERSHIP: Cell<Option<Ownership>> = const { Cell::new(None) };
}

/// Gives the record back when the thread ends.
struct Ownership(&'static Record);

impl Drop for Ownership {
    fn drop(&mut self) {
        let _ = MINE.try_with(Cell::take);
        self.0.taken.store(false, Release);
    }
}

/// The proof that this thread reads: what was reachable when it was made stays valid while it lives.
pub(crate) struct Pin {
    record: &'static Record,
    /// Whether it is inside of another one, which says all there is to say.
    is_inner: bool,
    /// Whether the record was taken for this time only, because the thread is ending.
    is_lent: bool,
    not_send: PhantomData<*mut ()>,
}

/// Reads: nothing that `read` can reach from a table is freed before it returns.
///
/// May be called inside itself. Takes no lock, and writes only where this thread writes.
#[inline]
pub(crate) fn pinned<R>(read: impl FnOnce(&Pin) -> R) -> R {
    read(&Pin::new())
}

impl Record {
    /// Says that its thread reads, which did not.
    #[expect(clippy::inline_always, reason = "the way of a hit, in one function")]
    #[inline(always)]
    fn begin(&self, before: u64) {
        self.state.store(before.wrapping_add(1), Relaxed);
        if self.asymmetric {
            compiler_fence(SeqCst);
        } else {
            fence(SeqCst);
        }
    }
}

impl Pin {
    /// Begins to read, until this is dropped, as [`pinned`] does for all but the one that cannot afford a call.
    ///
    /// It must not leave the scope it is made in: pins of a thread end in the reverse order of their beginning, or the
    /// outermost could end before one inside it.
    #[expect(clippy::inline_always, reason = "the way of a hit, in one function")]
    #[inline(always)]
    pub(super) fn new() -> Self {
        let mine = MINE.try_with(Cell::get).ok().flatten();
        let (record, is_lent) = match mine {
            Some(record) => (record, false),
            None => of_this_thread(),
        };
        let before = record.state.load(Relaxed);
        let is_inner = before & 1 == 1;
        if !is_inner {
            record.begin(before);
        }
        Self {
            record,
            is_inner,
            is_lent,
            not_send: PhantomData,
        }
    }

    /// The same in the usual case, without a call of anything: of a thread that has read before, and does not now.
    #[expect(clippy::inline_always, reason = "the way of a hit, in one function")]
    #[inline(always)]
    pub(super) fn at_once() -> Option<Self> {
        let record = MINE.try_with(Cell::get).ok().flatten()?;
        let before = record.state.load(Relaxed);
        if before & 1 == 1 || (barrier::IS_KNOWN && !record.asymmetric) {
            return None;
        }
        record.begin(before);
        Some(Self {
            record,
            is_inner: false,
            is_lent: false,
            not_send: PhantomData,
        })
    }
}

impl Drop for Pin {
    #[inline]
    fn drop(&mut self) {
        let state = &self.record.state;
        if !self.is_inner {
            // Nobody else writes it while it is taken.
            state.store(state.load(Relaxed).wrapping_add(1), Release);
        }
        if self.is_lent {
            self.record.taken.store(false, Release);
        }
    }
}

/// The record of a thread that reads for the first time, and whether it is for this one time only, because the thread is
/// ending.
#[cold]
#[inline(never)]
fn of_this_thread() -> (&'static Record, bool) {
    let record = take_record();
    let owned = OWNERSHIP.try_with(|ownership| ownership.set(Some(Ownership(record))));
    let is_mine = owned.is_ok() && MINE.try_with(|mine| mine.set(Some(record))).is_ok();
    (record, !is_mine)
}

fn take_record() -> &'static Record {
    let take = |record: &Record| {
        record
            .taken
            .compare_exchange(false, true, AcqRel, Relaxed)
            .is_ok()
    };
    let mut records = RECORDS.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(record) = records.iter().copied().find(|record| take(record)) {
        return record;
    }
    let record = Box::leak(Box::new(Record {
        state: AtomicU64::new(0),
        asymmetric: barrier::is_for_all(),
        taken: AtomicBool::new(true),
    }));
    records.push(record);
    record
}

/// Until when the threads that read at one moment may still read.
pub(super) struct Grace {
    /// Who read, and the state that says so. A thread whose state has changed since cannot reach what was taken out
    /// before.
    readers: Vec<(&'static Record, u64)>,
    /// False when the system has refused the barrier: then nothing is known of anybody, and the grace never ends.
    is_known: bool,
}

impl Grace {
    /// Begins now, for all that this thread has taken out before. Costs a system call that interrupts the other
    /// processors on which this process runs: 0.4 to 10 microseconds.
    pub(super) fn begin() -> Self {
        let is_known = barrier::for_all();
        let records = RECORDS.read().unwrap_or_else(PoisonError::into_inner);
        // Acquire: what a reader did before it ended comes before the freeing.
        let state = |record: &&'static Record| (*record, record.state.load(Acquire));
        let reads = |(_, state): &(_, u64)| state & 1 == 1;
        Self {
            readers: records.iter().map(state).filter(reads).collect(),
            is_known,
        }
    }

    /// Whether all of them have ended since.
    pub(super) fn is_over(&mut self) -> bool {
        self.readers
            .retain(|(record, state)| record.state.load(Acquire) == *state);
        self.is_known && self.readers.is_empty()
    }
}

/// One fence for all threads of the process.
mod barrier {
    #[cfg(all(target_os = "linux", not(any(miri, all(test, perfkit_model)))))]
    mod system {
        use std::sync::OnceLock;

        /// Whether such a fence may be had here.
        pub(crate) const IS_KNOWN: bool = true;

        const QUERY: libc::c_int = 0;
        const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
        const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;

        fn membarrier(command: libc::c_int) -> libc::c_long {
            const FLAGS: libc::c_uint = 0;
            const CPU: libc::c_int = 0;
            // SAFETY: the call takes three integers and touches no memory of ours.
            unsafe { libc::syscall(libc::SYS_membarrier, command, FLAGS, CPU) }
        }

        fn register() -> bool {
            membarrier(REGISTER_PRIVATE_EXPEDITED) == 0
        }

        pub(crate) fn is_for_all() -> bool {
            static IS_FOR_ALL: OnceLock<bool> = OnceLock::new();
            *IS_FOR_ALL.get_or_init(|| {
                let both = libc::c_long::from(PRIVATE_EXPEDITED | REGISTER_PRIVATE_EXPEDITED);
                let known = membarrier(QUERY);
                known >= 0 && known & both == both && register()
            })
        }

        /// False when it has not happened, though it was said to be there.
        pub(crate) fn for_all() -> bool {
            if !is_for_all() {
                super::own();
                return true;
            }
            membarrier(PRIVATE_EXPEDITED) == 0 || (register() && membarrier(PRIVATE_EXPEDITED) == 0)
        }
    }

    #[cfg(not(all(target_os = "linux", not(any(miri, all(test, perfkit_model))))))]
    mod system {
        pub(crate) const IS_KNOWN: bool = false;

        pub(crate) fn is_for_all() -> bool {
            false
        }

        pub(crate) fn for_all() -> bool {
            super::own();
            true
        }
    }

    pub(super) use system::{IS_KNOWN, for_all, is_for_all};

    /// A fence of this thread alone, which the readers answer with one of theirs.
    fn own() {
        super::fence(super::SeqCst);
    }
}

#[cfg(test)]
mod tests;
