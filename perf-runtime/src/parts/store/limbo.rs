//! What has been taken out of a [`table`](super::table) and may still be read.
//!
//! It is collected until there are many, because to know that nobody reads any more costs a [`Grace`] each time; then it
//! waits for that grace in a batch. Batches end in the order in which they began: a reader whom one waits for is waited
//! for by all that began later. What nobody reads is dropped by whoever comes next, outside of all locks.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::grace::Grace;
use super::index::Index;

/// Something that nobody finds any more, on its way to its table's limbo: where it goes when this is dropped.
///
/// That may drop others of before, so it is done without any lock.
pub(super) struct Unlinked<'t, T> {
    /// None while it is dropped.
    garbage: Option<Garbage<T>>,
    limbo: &'t Limbo<T>,
}

impl<T> Unlinked<'_, T> {
    /// The entries that were taken out with it.
    pub(super) fn entries(&self) -> impl Iterator<Item = &T> {
        self.garbage.iter().flat_map(Garbage::entries)
    }
}

impl<T> Drop for Unlinked<'_, T> {
    fn drop(&mut self) {
        if let Some(garbage) = self.garbage.take() {
            self.limbo.add(garbage);
        }
    }
}

/// An owned entry or index that may still be read.
pub(super) enum Garbage<T> {
    Entry(NonNull<T>),
    /// An index whose entries are in another one.
    Index(NonNull<Index<T>>),
    WithEntries(NonNull<Index<T>>),
}

// SAFETY: it owns its entries, and others may still read them.
unsafe impl<T: Send + Sync> Send for Garbage<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Garbage<T> {}

impl<T> Garbage<T> {
    fn entries(&self) -> impl Iterator<Item = &T> {
        let (one, many) = match self {
            Self::Entry(entry) => (Some(*entry), None),
            Self::Index(_) => (None, None),
            Self::WithEntries(index) => (None, Some(entries(index))),
        };
        let entries = one.into_iter().chain(many.into_iter().flatten());
        // SAFETY: they are freed with this.
        entries.map(|entry| unsafe { entry.as_ref() })
    }

    /// Drops it. A panic in a drop of the entries goes no further, and none of the others is left behind.
    ///
    /// # Safety
    /// Nobody reads it.
    pub(super) unsafe fn free(self) {
        match self {
            // SAFETY: it came out of a box and is reached by nobody.
            Self::Entry(entry) => unsafe { free(entry) },
            // SAFETY: as above.
            Self::Index(index) => drop(unsafe { Box::from_raw(index.as_ptr()) }),
            Self::WithEntries(index) => {
                // SAFETY: as above.
                entries(&index).for_each(|entry| unsafe { free(entry) });
                // SAFETY: as above.
                drop(unsafe { Box::from_raw(index.as_ptr()) });
            }
        }
    }
}

fn entries<T>(index: &NonNull<Index<T>>) -> impl Iterator<Item = NonNull<T>> {
    // SAFETY: whoever has the garbage has the index.
    let index = unsafe { index.as_ref() };
    index.entries(0, index.slots())
}

/// # Safety
/// The pointer came out of a box and is reached by nobody.
unsafe fn free<T>(entry: NonNull<T>) {
    // SAFETY: given by the caller.
    let entry = unsafe { Box::from_raw(entry.as_ptr()) };
    contained(|| drop(entry));
}

/// Runs it, and lets no panic of it any further.
fn contained(run: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(run))
        // Whoever panics in a drop may panic in that of the payload, too.
        && let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        std::mem::forget(another);
    }
}

pub(super) struct Limbo<T> {
    contents: Mutex<Contents<T>>,
    /// How many come together before a grace is worth its price.
    many: AtomicUsize,
}

struct Contents<T> {
    new: Vec<Garbage<T>>,
    batches: VecDeque<Batch<T>>,
}

struct Batch<T> {
    garbage: Vec<Garbage<T>>,
    grace: Grace,
}

impl<T> Batch<T> {
    fn begin(garbage: Vec<Garbage<T>>) -> Self {
        let grace = Grace::begin();
        Self { garbage, grace }
    }

    /// Drops it all, or gives it back while somebody may read.
    fn free(mut self) -> Result<(), Self> {
        if !self.grace.is_over() {
            return Err(self);
        }
        for garbage in self.garbage {
            // SAFETY: it was taken out before the grace began, which is over.
            unsafe { garbage.free() };
        }
        Ok(())
    }
}

/// How often [`Limbo::collect`] looks whether readers have ended, which takes most of them less than one look.
const LOOKS: usize = 64;
/// With so many at a time, the grace of a busy process costs each of them some 40 nanoseconds.
const MOST: usize = 256;
/// One eighth of what is in the table may be waiting besides.
const SHARE: usize = 8;

impl<T> Limbo<T> {
    pub(super) fn new() -> Self {
        Self {
            contents: Mutex::new(Contents {
                new: Vec::new(),
                batches: VecDeque::new(),
            }),
            many: AtomicUsize::new(1),
        }
    }

    /// # Safety
    /// The pointer in it came out of a box and can be reached no more, but by readers of the table that this limbo is
    /// in, who borrow both. The same holds for the entries that are in it.
    pub(super) unsafe fn unlinked(&self, garbage: Garbage<T>) -> Unlinked<'_, T> {
        Unlinked {
            garbage: Some(garbage),
            limbo: self,
        }
    }

    /// Says how many entries are in the table.
    pub(super) fn set_beside(&self, entries: usize) {
        let many = (entries / SHARE).clamp(1, MOST);
        if self.many.load(Relaxed) != many {
            self.many.store(many, Relaxed);
        }
    }

    fn contents(&self) -> MutexGuard<'_, Contents<T>> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps it until there are many; then begins to wait for their readers and drops what has none any more.
    fn add(&self, garbage: Garbage<T>) {
        // An index is as large as many entries.
        let is_one = matches!(garbage, Garbage::Entry(_));
        let many = {
            let mut contents = self.contents();
            contents.new.push(garbage);
            if is_one && contents.new.len() < self.many.load(Relaxed) {
                return;
            }
            let room = contents.new.capacity();
            std::mem::replace(&mut contents.new, Vec::with_capacity(room))
        };
        self.free_waiting();
        if let Err(batch) = Batch::begin(many).free() {
            self.contents().batches.push_back(batch);
        }
    }

    /// Drops everything that nobody reads.
    pub(super) fn collect(&self) {
        let new = std::mem::take(&mut self.contents().new);
        if !new.is_empty() {
            let batch = Batch::begin(new);
            self.contents().batches.push_back(batch);
        }
        for _ in 0..LOOKS {
            self.free_waiting();
            if self.contents().batches.is_empty() {
                return;
            }
            std::thread::yield_now();
        }
    }

    fn free_waiting(&self) {
        loop {
            let Some(first) = self.contents().batches.pop_front() else {
                return;
            };
            if let Err(first) = first.free() {
                self.contents().batches.push_front(first);
                return;
            }
        }
    }
}

impl<T> Drop for Limbo<T> {
    fn drop(&mut self) {
        let contents = self
            .contents
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let batches = std::mem::take(&mut contents.batches);
        let waiting = batches.into_iter().flat_map(|batch| batch.garbage);
        for garbage in waiting.chain(std::mem::take(&mut contents.new)) {
            // SAFETY: readers borrow the table that this limbo is in, so there are none.
            unsafe { garbage.free() };
        }
    }
}
