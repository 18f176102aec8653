//! What has been taken out of a [`table`](super::table) and may still be read.
//!
//! It is collected until there are many, because to know that nobody reads any more costs a [`Grace`] each time; then it
//! waits for that grace in a batch. Batches end in the order in which they began: a reader whom one waits for is waited
//! for by all that began later. What nobody reads is dropped by whoever comes next, outside of all locks; the memory of
//! some of it is kept for the next entries, so that a full table allocates nothing.

use std::collections::VecDeque;
use std::mem::{self, MaybeUninit};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::slice;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use super::grace::Grace;
use super::index::Index;
use super::sync::{AtomicBool, AtomicUsize, Mutex, MutexGuard, lock, yield_now};

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

    /// The same of one that is an entry alone, the usual one.
    #[inline]
    pub(super) fn entry(&self) -> Option<&T> {
        match &self.garbage {
            // SAFETY: it is freed with this.
            Some(Garbage::Entry(entry)) => Some(unsafe { entry.as_ref() }),
            _ => None,
        }
    }
}

impl<T> Drop for Unlinked<'_, T> {
    #[inline]
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
    /// Entries that have come together before.
    Many(Box<[NonNull<T>]>),
}

// SAFETY: it owns its entries, and others may still read them.
unsafe impl<T: Send + Sync> Send for Garbage<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Garbage<T> {}

impl<T> Garbage<T> {
    fn entries(&self) -> impl Iterator<Item = &T> {
        let (listed, indexed) = match self {
            Self::Entry(entry) => (slice::from_ref(entry), None),
            Self::Many(entries) => (&**entries, None),
            Self::Index(_) => (&[][..], None),
            Self::WithEntries(index) => (&[][..], Some(entries(index))),
        };
        let listed = listed.iter().copied();
        let entries = listed.chain(indexed.into_iter().flatten());
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
            // SAFETY: as above.
            Self::Many(entries) => entries.iter().for_each(|entry| unsafe { free(*entry) }),
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
    drop(unsafe { emptied(entry) });
}

/// The memory of an entry that has been dropped.
pub(super) type Spare<T> = Box<MaybeUninit<T>>;

/// Drops the entry, and gives its box back.
///
/// # Safety
/// The pointer came out of a box and is reached by nobody.
#[expect(clippy::unnecessary_box_returns, reason = "the box is what is kept")]
unsafe fn emptied<T>(entry: NonNull<T>) -> Spare<T> {
    if mem::needs_drop::<T>() {
        // SAFETY: given by the caller; it is taken for dropped from here on, even if that panics.
        contained(|| unsafe { entry.drop_in_place() });
    }
    // SAFETY: given by the caller; nothing need be in it.
    unsafe { Box::from_raw(entry.as_ptr().cast()) }
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
    /// Whether there are spares.
    has_spares: AtomicBool,
}

struct Contents<T> {
    new: Vec<Garbage<T>>,
    spares: Vec<Spare<T>>,
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

    /// Drops it all, or gives it back while somebody may read. Keeps the memory of up to so many entries.
    fn free(mut self, spares: &mut Vec<Spare<T>>, most: usize) -> Result<(), Self> {
        if !self.grace.is_over() {
            return Err(self);
        }
        for garbage in self.garbage {
            match garbage {
                Garbage::Entry(entry) if spares.len() < most => {
                    // SAFETY: it was taken out before the grace began, which is over.
                    spares.push(unsafe { emptied(entry) });
                }
                Garbage::Many(entries) => {
                    for entry in entries {
                        // SAFETY: as above.
                        let spare = unsafe { emptied(entry) };
                        if spares.len() < most {
                            spares.push(spare);
                        }
                    }
                }
                // SAFETY: as above.
                garbage => unsafe { garbage.free() },
            }
        }
        Ok(())
    }
}

/// How often [`Limbo::collect`] looks whether readers have ended, which takes most of them less than one look.
const LOOKS: usize = 64;
/// With so many at a time, the grace of a busy process costs each of them some 40 nanoseconds.
const MOST: usize = 256;
/// One eighth of what is in the table may be waiting besides, and as much memory may be kept for new entries.
const SHARE: usize = 8;
/// At most so many bytes of it.
const SPARE_BYTES: usize = 16 << 10;

impl<T> Limbo<T> {
    pub(super) fn new() -> Self {
        Self {
            contents: Mutex::new(Contents {
                new: Vec::new(),
                spares: Vec::new(),
                batches: VecDeque::new(),
            }),
            many: AtomicUsize::new(1),
            has_spares: AtomicBool::new(false),
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

    /// How many are many.
    #[inline]
    pub(super) fn many(&self) -> usize {
        self.many.load(Relaxed)
    }

    fn contents(&self) -> MutexGuard<'_, Contents<T>> {
        lock(&self.contents)
    }

    /// Keeps it until there are many; then begins to wait for their readers and drops what has none any more.
    #[inline]
    fn add(&self, garbage: Garbage<T>) {
        // An index is as large as many entries.
        let is_one = matches!(garbage, Garbage::Entry(_));
        let mut contents = self.contents();
        contents.new.push(garbage);
        if !is_one || contents.new.len() >= self.many.load(Relaxed) {
            let room = contents.new.capacity();
            let many = mem::replace(&mut contents.new, Vec::with_capacity(room));
            drop(contents);
            self.add_many(many);
        }
    }

    #[cold]
    #[inline(never)]
    fn add_many(&self, many: Vec<Garbage<T>>) {
        let batch = Batch::begin(many);
        self.contents().batches.push_back(batch);
        self.free_waiting();
    }

    /// Drops everything that nobody reads, and the memory that was kept.
    pub(super) fn collect(&self) {
        let new = mem::take(&mut self.contents().new);
        if !new.is_empty() {
            let batch = Batch::begin(new);
            self.contents().batches.push_back(batch);
        }
        for _ in 0..LOOKS {
            self.free_waiting();
            if self.contents().batches.is_empty() {
                break;
            }
            yield_now();
        }
        let mut spares = Vec::new();
        self.give_spares(&mut spares);
    }

    fn free_waiting(&self) {
        let most = self.many.load(Relaxed);
        let most = most.min(SPARE_BYTES / size_of::<T>().max(1));
        let mut spares = Vec::new();
        self.give_spares(&mut spares);
        loop {
            let Some(first) = self.contents().batches.pop_front() else {
                break;
            };
            if let Err(first) = first.free(&mut spares, most) {
                self.contents().batches.push_front(first);
                break;
            }
        }
        // Those of another thread that frees, too, go after the lock.
        let _others;
        if !spares.is_empty() {
            let mut contents = self.contents();
            _others = mem::replace(&mut contents.spares, spares);
            self.has_spares.store(true, Relaxed);
        }
    }

    /// Gives all memory that is kept for new entries, where there is none.
    #[inline]
    pub(super) fn give_spares(&self, none: &mut Vec<Spare<T>>) {
        if self.has_spares.load(Relaxed) {
            let mut contents = self.contents();
            mem::swap(&mut contents.spares, none);
            self.has_spares.store(false, Relaxed);
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
