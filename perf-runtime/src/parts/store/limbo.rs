//! What has been taken out of a [`table`](super::table) and may still be read.
//!
//! It is collected until there are many, because to know that nobody reads any more costs a [`Grace`] each time; then it
//! waits for that grace in a batch. Batches end in the order in which they began: a reader whom one waits for is waited
//! for by all that began later. What nobody reads is dropped by whoever comes next, outside of all locks; its cells are
//! for the next entries, so that a full table allocates nothing.

use std::collections::VecDeque;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::slice;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use super::grace::Grace;
use super::index::Index;
use super::pages::{Marked, Name, Pages};
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
    pub(super) fn entries(&self) -> impl Iterator<Item = &Marked<T>> {
        let (refused, names, index) = match &self.garbage {
            Some(Garbage::Entry(name)) => (None, slice::from_ref(name), None),
            Some(Garbage::Many(names)) => (None, &**names, None),
            Some(Garbage::WithEntries(index)) => (None, &[][..], Some(names_in(index))),
            Some(Garbage::Refused(entry)) => (Some(&**entry), &[][..], None),
            Some(Garbage::Index(_)) | None => (None, &[][..], None),
        };
        let names = names.iter().copied().chain(index.into_iter().flatten());
        // SAFETY: they are dropped with this.
        let there = names.map(|name| unsafe { &*self.limbo.pages.address(name) });
        refused.into_iter().chain(there)
    }

    /// The same of one that is an entry alone, the usual one.
    #[inline]
    pub(super) fn entry(&self) -> Option<&Marked<T>> {
        match &self.garbage {
            // SAFETY: it is dropped with this.
            Some(Garbage::Entry(name)) => Some(unsafe { &*self.limbo.pages.address(*name) }),
            Some(Garbage::Refused(entry)) => Some(entry),
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

/// An entry or an index, owned, that may still be read.
pub(super) enum Garbage<T> {
    Entry(Name),
    /// One that was never in.
    Refused(Box<Marked<T>>),
    /// An index whose entries are in another one.
    Index(NonNull<Index>),
    WithEntries(NonNull<Index>),
    /// Entries that have come together before.
    Many(Box<[Name]>),
}

// SAFETY: it owns its entries, and others may still read them.
unsafe impl<T: Send + Sync> Send for Garbage<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Garbage<T> {}

fn names_in(index: &NonNull<Index>) -> impl Iterator<Item = Name> {
    // SAFETY: whoever has the garbage has the index.
    let index = unsafe { index.as_ref() };
    index.names(0, index.slots())
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

/// See the module. It owns the memory of all entries.
pub(super) struct Limbo<T> {
    pub(super) pages: Pages<T>,
    contents: Mutex<Contents<T>>,
    /// How many come together before a grace is worth its price.
    many: AtomicUsize,
    /// Whether there are spares.
    has_spares: AtomicBool,
}

struct Contents<T> {
    new: Vec<Garbage<T>>,
    spares: Vec<Name>,
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
    fn free(mut self, limbo: &Limbo<T>, spares: &mut Vec<Name>) -> Result<(), Self> {
        if !self.grace.is_over() {
            return Err(self);
        }
        for garbage in self.garbage {
            // SAFETY: it was taken out before the grace began, which is over.
            unsafe { limbo.free_into(garbage, spares) };
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
            pages: Pages::new(),
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
    /// Its entries were put in and can be reached no more, but by readers of the table that this limbo is in, who borrow
    /// both. The same holds for its index, which came out of a box.
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

    /// Drops everything that nobody reads.
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
    }

    fn free_waiting(&self) {
        let mut spares = Vec::new();
        loop {
            let Some(first) = self.contents().batches.pop_front() else {
                break;
            };
            if let Err(first) = first.free(self, &mut spares) {
                self.contents().batches.push_front(first);
                break;
            }
        }
        if !spares.is_empty() {
            let mut contents = self.contents();
            // Those of another thread that frees, too, and those that nobody has asked for yet.
            contents.spares.append(&mut spares);
            self.has_spares.store(true, Relaxed);
        }
    }

    /// Gives all cells that are for new entries to who has none.
    #[inline]
    pub(super) fn give_spares(&self, none: &mut Vec<Name>) {
        if self.has_spares.load(Relaxed) {
            let mut contents = self.contents();
            mem::swap(&mut contents.spares, none);
            self.has_spares.store(false, Relaxed);
        }
    }

    /// Adds all cells that are for new entries.
    pub(super) fn add_spares(&self, some: &mut Vec<Name>) {
        let mut spares = Vec::new();
        self.give_spares(&mut spares);
        some.append(&mut spares);
    }

    /// Drops it. A panic in a drop of the entries goes no further, and none of the others is left behind.
    ///
    /// # Safety
    /// It is of this table, and nobody reads it.
    pub(super) unsafe fn free(&self, garbage: Garbage<T>) {
        // SAFETY: given by the caller.
        unsafe { self.free_into(garbage, &mut Vec::new()) };
    }

    /// The same; the names of the cells are for others then.
    ///
    /// # Safety
    /// As of [`free`](Self::free).
    unsafe fn free_into(&self, garbage: Garbage<T>, spares: &mut Vec<Name>) {
        let mut free = |name| {
            if mem::needs_drop::<T>() {
                let entry = self.pages.address(name);
                // SAFETY: given by the caller; it is taken for dropped from here on, even if that panics.
                contained(|| unsafe { entry.drop_in_place() });
            }
            spares.push(name);
        };
        match garbage {
            Garbage::Entry(name) => free(name),
            Garbage::Many(names) => names.iter().copied().for_each(free),
            Garbage::Refused(entry) => contained(|| drop(entry)),
            // SAFETY: it came out of a box, and nobody reads it.
            Garbage::Index(index) => drop(unsafe { Box::from_raw(index.as_ptr()) }),
            Garbage::WithEntries(index) => {
                names_in(&index).for_each(free);
                // SAFETY: as above.
                drop(unsafe { Box::from_raw(index.as_ptr()) });
            }
        }
    }
}

impl<T> Drop for Limbo<T> {
    fn drop(&mut self) {
        let contents = self.contents.get_mut();
        let contents = contents.unwrap_or_else(PoisonError::into_inner);
        let batches = mem::take(&mut contents.batches);
        let waiting = batches.into_iter().flat_map(|batch| batch.garbage);
        let new = mem::take(&mut contents.new);
        for garbage in waiting.chain(new) {
            // SAFETY: readers borrow the table that this limbo is in, so there are none.
            unsafe { self.free(garbage) };
        }
    }
}
