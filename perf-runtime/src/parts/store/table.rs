//! A hash table that is read without a lock.
//!
//! Entries are boxed and stay where they are in memory; an [`Index`] finds them. Writers hold the table's lock and
//! publish each step with one store. Readers are [`pinned`](super::grace::pinned) and see the index before or after each
//! step, never between two entries. What is taken out (an entry, or an index that has become too small) is [`Unlinked`]:
//! nobody finds it any more, though somebody may still read it, and it stays in [`limbo`](super::limbo) until nobody does.
//! The memory of an entry comes back from there for the next one.
//!
//! The table knows hashes but not keys: who finds compares, and never puts in two entries with one key.

#![expect(clippy::inline_always, reason = "hits and entries go in one function")]

use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::grace::Pin;
use super::index::Index;
use super::limbo::{Garbage, Limbo, Spare, Unlinked};
use super::prefetch::prefetch;
use super::sync::{AtomicPtr, AtomicUsize, Mutex, MutexGuard, lock};
use super::turn;

/// A table of boxed `T`, and what its writers know besides, `W`.
pub(super) struct Table<T, W> {
    for_readers: ForReaders<T>,
    writer: Mutex<Writer<T, W>>,
    /// The thread that put something in last, by its [turn](super::turn).
    filled_by: AtomicUsize,
    limbo: Limbo<T>,
}

// On lines of its own: writers touch theirs all the time.
#[repr(align(128))]
struct ForReaders<T> {
    index: AtomicPtr<Index<T>>,
    owns: PhantomData<Box<T>>,
}

struct Writer<T, W> {
    len: usize,
    /// Where the next entries go.
    spares: Vec<Spare<T>>,
    /// Entries that were taken out for nobody to see. They go to the limbo when there are many.
    unseen: Vec<NonNull<T>>,
    also: W,
}

// SAFETY: a table shares `T` among threads and drops it on any of them; `W` goes from one to the next under the lock.
unsafe impl<T: Send + Sync, W: Send> Send for Table<T, W> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync, W: Send> Sync for Table<T, W> {}

impl<T, W> Table<T, W> {
    pub(super) fn new(also: W) -> Self {
        let index = Index::for_entries(0);
        Self {
            writer: Mutex::new(Writer {
                len: 0,
                spares: Vec::new(),
                unseen: Vec::new(),
                also,
            }),
            for_readers: ForReaders {
                index: AtomicPtr::new(Box::into_raw(Box::new(index))),
                owns: PhantomData,
            },
            filled_by: AtomicUsize::new(0),
            limbo: Limbo::new(),
        }
    }

    #[inline]
    fn index<'a>(&'a self, _: &'a Pin) -> &'a Index<T> {
        // SAFETY: it came out of a box and is freed by the limbo, which waits for the pin, or with the table.
        unsafe { &*self.for_readers.index.load(Acquire) }
    }

    /// The entry of this hash that `is` it.
    #[inline(always)]
    pub(super) fn find<'a>(
        &'a self,
        pin: &'a Pin,
        hash: u64,
        mut is: impl FnMut(&T) -> bool,
    ) -> Option<&'a T> {
        let index = self.index(pin);
        // SAFETY: the index has only what is freed by the limbo, which waits for the pin.
        let found = index.find(hash, |entry| is(unsafe { entry.as_ref() }))?;
        // SAFETY: as above.
        Some(unsafe { found.as_ref() })
    }

    /// How many slots there are for entries to be in.
    pub(super) fn slots(&self, pin: &Pin) -> usize {
        self.index(pin).slots()
    }

    /// The entries in `count` slots from `first` on.
    ///
    /// Over all slots, under one pin: each entry that is there the whole time, once, and of those that come or go
    /// meanwhile some.
    pub(super) fn entries<'a>(
        &'a self,
        pin: &'a Pin,
        first: usize,
        count: usize,
    ) -> impl Iterator<Item = &'a T> {
        let entries = self.index(pin).entries(first, count);
        // SAFETY: as in `find`.
        entries.map(|entry| unsafe { entry.as_ref() })
    }

    /// The thread that put something in last, of all that is known to have happened before.
    #[inline]
    pub(super) fn filled_by(&self) -> usize {
        self.filled_by.load(Acquire)
    }

    /// The one writer.
    pub(super) fn lock(&self) -> Locked<'_, T, W> {
        Locked {
            writer: lock(&self.writer),
            table: self,
        }
    }

    /// Drops what has been taken out, unless somebody reads. Called without any lock.
    pub(super) fn collect(&self) {
        let unseen = self.lock().take_unseen();
        drop(unseen);
        self.limbo.collect();
    }
}

impl<T, W> Drop for Table<T, W> {
    fn drop(&mut self) {
        if let Some(index) = NonNull::new(*self.for_readers.index.get_mut()) {
            // SAFETY: the pointer came out of a box. A reader borrows the table, so nobody reads; neither is it used
            // again.
            unsafe { Garbage::WithEntries(index).free() };
        }
        let writer = self.writer.get_mut();
        let unseen = &mut writer.unwrap_or_else(PoisonError::into_inner).unseen;
        // SAFETY: as above; they are in no index.
        unsafe { Garbage::Many(mem::take(unseen).into()).free() };
    }
}

/// The table, for one writer at a time.
pub(super) struct Locked<'a, T, W> {
    table: &'a Table<T, W>,
    writer: MutexGuard<'a, Writer<T, W>>,
}

/// Where no entry is until the next change.
pub(super) struct Vacancy(usize);

/// Where an entry is until the next [rebuilding](Locked::rebuild).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Slot(u32);

impl Slot {
    fn new(slot: usize) -> Option<Self> {
        u32::try_from(slot).ok().map(Self)
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// The entries of a table that is locked.
pub(super) struct Entries<'l, T>(&'l Index<T>);

impl<'l, T> Entries<'l, T> {
    /// The entry of this hash that `is` it, and its slot.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut is: impl FnMut(&T) -> bool) -> Option<(Slot, &'l T)> {
        // SAFETY: only who has the lock takes an entry out.
        let found = self.0.search(hash, |entry| is(unsafe { entry.as_ref() }));
        let (slot, entry) = found?;
        // SAFETY: as above.
        Some((Slot::new(slot)?, unsafe { entry.as_ref() }))
    }

    /// Says that this hash will be looked for soon.
    #[inline]
    pub(super) fn prefetch_way(&self, hash: u64) {
        prefetch(self.0.address(hash));
    }

    /// Says that what is under this hash will be asked for soon, to who has the [way](Self::prefetch_way) to it by now.
    #[inline]
    pub(super) fn prefetch(&self, hash: u64) {
        // Its head will do.
        self.0.glance(hash, |entry| prefetch(entry.cast::<u8>()));
    }
}

impl<'t, T, W> Locked<'t, T, W> {
    fn index(&self) -> &Index<T> {
        // SAFETY: it came out of a box, and only who has the lock takes it out.
        unsafe { &*self.table.for_readers.index.load(Relaxed) }
    }

    pub(super) fn len(&self) -> usize {
        self.writer.len
    }

    pub(super) fn slots(&self) -> usize {
        self.index().slots()
    }

    /// The entry of this hash that `is` it, and its slot.
    #[inline]
    pub(super) fn find(&self, hash: u64, is: impl FnMut(&T) -> bool) -> Option<(Slot, &T)> {
        Entries(self.index()).find(hash, is)
    }

    /// Beside what writers know, a way to the entries.
    pub(super) fn parts(&mut self) -> (Entries<'_, T>, &mut W) {
        // SAFETY: as in `Self::index`; what is borrowed here keeps the lock, and the way to any change of the table.
        let index = unsafe { &*self.table.for_readers.index.load(Relaxed) };
        (Entries(index), &mut self.writer.also)
    }

    /// Where an entry of this hash may be put; none where that takes a [rebuilding](Self::rebuild).
    #[inline]
    pub(super) fn vacancy(&self, hash: u64) -> Option<Vacancy> {
        let index = self.index();
        let vacancy = index.vacancy(hash).map(Vacancy);
        vacancy.filter(|_| self.len() < index.room())
    }

    /// Puts in an entry whose key is not there; `name` sees it where it will be, before anybody else does.
    #[inline]
    pub(super) fn insert(
        &mut self,
        Vacancy(at): Vacancy,
        hash: u64,
        entry: T,
        name: impl FnOnce(&mut T),
    ) {
        let entry = self.boxed(entry, name);
        self.index().put(at, hash, entry);
        self.writer.len += 1;
    }

    /// Puts an entry in the place of one with the same key; gives it back when there is none.
    pub(super) fn replace(&mut self, slot: Slot, entry: T) -> Result<Unlinked<'t, T>, T> {
        if self.index().get(slot.index()).is_none() {
            return Err(entry);
        }
        let entry = self.boxed(entry, |_| ());
        match self.index().replace(slot.index(), entry) {
            // SAFETY: it came out of a box and is in the index no more, and an entry is in one slot only.
            Some(before) => Ok(unsafe { self.table.limbo.unlinked(Garbage::Entry(before)) }),
            // SAFETY: it has just come out of the box and has gone nowhere.
            None => Err(*unsafe { Box::from_raw(entry.as_ptr()) }),
        }
    }

    /// A box for it, if possible that of an entry which nobody reads any more.
    // It moves once: to read as a whole what it has just written in parts, the processor waits for all its writes.
    #[inline(always)]
    fn boxed(&mut self, entry: T, name: impl FnOnce(&mut T)) -> NonNull<T> {
        self.table.filled_by.store(turn::advance(), Release);
        let mut boxed = match self.spare() {
            Some(spare) => Box::write(spare, entry),
            None => Box::new(entry),
        };
        name(&mut boxed);
        NonNull::from(Box::leak(boxed))
    }

    fn spare(&mut self) -> Option<Spare<T>> {
        let spares = &mut self.writer.spares;
        if spares.is_empty() {
            self.table.limbo.give_spares(spares);
        }
        let spare = spares.pop()?;
        if let Some(next) = spares.last() {
            prefetch(next.as_ptr());
        }
        Some(spare)
    }

    /// Takes out the entry that was put in with this hash.
    pub(super) fn remove(&mut self, slot: Slot, hash: u64) -> Option<Unlinked<'t, T>> {
        let entry = self.index().take(slot.index(), hash)?;
        self.writer.len -= 1;
        // SAFETY: it came out of a box and is in the index no more, and an entry is in one slot only.
        Some(unsafe { self.table.limbo.unlinked(Garbage::Entry(entry)) })
    }

    /// The same for nobody to see but `see`, now. It is dropped with [others](Self::take_unseen).
    #[inline]
    pub(super) fn discard<R>(
        &mut self,
        slot: Slot,
        hash: u64,
        see: impl FnOnce(&T) -> R,
    ) -> Option<R> {
        let entry = self.index().take(slot.index(), hash)?;
        self.writer.len -= 1;
        // SAFETY: nobody frees it before it is in the limbo.
        let seen = see(unsafe { entry.as_ref() });
        self.writer.unseen.push(entry);
        Some(seen)
    }

    /// Whether it is time for [`take_unseen`](Self::take_unseen).
    #[inline]
    pub(super) fn has_many_unseen(&self) -> bool {
        self.writer.unseen.len() >= self.table.limbo.many()
    }

    /// All that was taken out for nobody to see.
    #[cold]
    pub(super) fn take_unseen(&mut self) -> Unlinked<'t, T> {
        let room = self.writer.unseen.len();
        let unseen = mem::replace(&mut self.writer.unseen, Vec::with_capacity(room));
        // SAFETY: each came out of a box and is in the index no more, and an entry is in one slot only.
        unsafe { self.table.limbo.unlinked(Garbage::Many(unseen.into())) }
    }

    /// Makes room for `entries` in all. The hash must not panic.
    pub(super) fn rebuild(
        &mut self,
        entries: usize,
        hash: impl Fn(&W, &T) -> u64,
    ) -> Unlinked<'t, T> {
        let index = Index::for_entries(entries.max(self.len()));
        let slots = self.slots();
        // SAFETY: as in `Self::index`; borrowed from the table and not from `self`, which is changed meanwhile.
        let before = unsafe { &*self.table.for_readers.index.load(Relaxed) };
        for entry in before.entries(0, slots) {
            // SAFETY: only who has the lock takes an entry out.
            let hash = hash(&self.writer.also, unsafe { entry.as_ref() });
            // There is a vacancy for each, the index having been made for them.
            if let Some(at) = index.vacancy(hash) {
                index.put(at, hash, entry);
            }
        }
        let before = self.swap(index);
        // SAFETY: it came out of a box and is the table's no more; its entries are in the new one.
        unsafe { self.table.limbo.unlinked(Garbage::Index(before)) }
    }

    /// An entry that is not to be put in, for who expects one that was taken out.
    pub(super) fn refuse(&mut self, entry: T) -> Unlinked<'t, T> {
        let entry = self.boxed(entry, |_| ());
        // SAFETY: it came out of the box and is reached by nobody.
        unsafe { self.table.limbo.unlinked(Garbage::Entry(entry)) }
    }

    /// Takes out everything, which costs the same however much it is.
    pub(super) fn take_all(&mut self) -> Unlinked<'t, T> {
        let empty = Index::for_entries(0);
        self.writer.len = 0;
        let before = self.swap(empty);
        // SAFETY: it came out of a box and is the table's no more, and its entries are in no other.
        unsafe { self.table.limbo.unlinked(Garbage::WithEntries(before)) }
    }

    fn swap(&self, index: Index<T>) -> NonNull<Index<T>> {
        let place = &self.table.for_readers.index;
        let before = place.load(Relaxed);
        place.store(Box::into_raw(Box::new(index)), Release);
        // SAFETY: never null: it came out of a box.
        unsafe { NonNull::new_unchecked(before) }
    }
}

impl<T, W> Drop for Locked<'_, T, W> {
    fn drop(&mut self) {
        self.table.limbo.set_beside(self.len());
    }
}

impl<T, W> Deref for Locked<'_, T, W> {
    type Target = W;

    fn deref(&self) -> &W {
        &self.writer.also
    }
}

impl<T, W> DerefMut for Locked<'_, T, W> {
    fn deref_mut(&mut self) -> &mut W {
        &mut self.writer.also
    }
}

#[cfg(test)]
mod tests;
