//! A hash table that is read without a lock.
//!
//! Entries are in cells of [`Pages`](super::pages::Pages) and stay where they are in memory; an [`Index`] finds them. Writers
//! hold the table's lock and publish each step with one store. Readers are [`pinned`](super::grace::pinned) and see the
//! index before or after each step, never between two entries. What is taken out (an entry, or an index that has become too
//! small) is [`Unlinked`]: nobody finds it any more, though somebody may still read it, and it stays in
//! [`limbo`](super::limbo) until nobody does. The cell of an entry comes back from there for the next one.
//!
//! The table knows hashes but not keys: who finds compares, and never puts in two entries with one key.

#![expect(clippy::inline_always, reason = "hits and entries go in one function")]

use std::mem;
use std::ops::{Deref, DerefMut, Range};
use std::ptr::NonNull;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::grace::Pin;
use super::index::{Index, Slot};
use super::limbo::{Garbage, Limbo, Unlinked};
use super::pages::{Marked, Name, Pages};
use super::prefetch::prefetch;
use super::sync::{AtomicPtr, AtomicUsize, Mutex, MutexGuard, lock};
use super::turn;

/// A table of `T`, and what its writers know besides, `W`.
pub(super) struct Table<T, W> {
    for_readers: ForReaders,
    writer: Mutex<Writer<W>>,
    /// The thread that put something in last, by its [turn](super::turn).
    filled_by: AtomicUsize,
    limbo: Limbo<T>,
}

// On lines of its own: writers touch theirs all the time.
#[repr(align(128))]
struct ForReaders {
    index: AtomicPtr<Index>,
}

struct Writer<W> {
    len: usize,
    /// Where the next entries go: where others have been, and what of the newest page nothing was in yet.
    spares: Vec<Name>,
    fresh: Range<u32>,
    /// How many spares were left when their memory was given back.
    kept: usize,
    /// Entries that were taken out for nobody to see. They go to the limbo when there are many.
    unseen: Vec<Name>,
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
                fresh: 0..0,
                kept: 0,
                unseen: Vec::new(),
                also,
            }),
            for_readers: ForReaders {
                index: AtomicPtr::new(Box::into_raw(Box::new(index))),
            },
            filled_by: AtomicUsize::new(0),
            limbo: Limbo::new(),
        }
    }

    #[inline]
    fn index<'a>(&'a self, _: &'a Pin) -> &'a Index {
        // SAFETY: it came out of a box and is freed by the limbo, which waits for the pin, or with the table.
        unsafe { &*self.for_readers.index.load(Acquire) }
    }

    /// The entry of this hash that `is` it.
    #[inline(always)]
    pub(super) fn find<'a>(
        &'a self,
        pin: &'a Pin,
        hash: u64,
        mut is: impl FnMut(&Marked<T>) -> bool,
    ) -> Option<&'a Marked<T>> {
        let (index, pages) = (self.index(pin), &self.limbo.pages);
        // SAFETY: the index has only what is dropped by the limbo, which waits for the pin.
        let entry = |name| unsafe { &*pages.address(name) };
        index.find(hash, |name| is(entry(name))).map(entry)
    }

    /// How many slots there are for entries to be in.
    pub(super) fn slots(&self, pin: &Pin) -> usize {
        self.index(pin).slots()
    }

    /// The entries in `count` slots from `first` on, each with the name of its cell.
    ///
    /// Over all slots, under one pin: each entry that is there the whole time, once, and of those that come or go
    /// meanwhile some.
    pub(super) fn entries<'a>(
        &'a self,
        pin: &'a Pin,
        first: usize,
        count: usize,
    ) -> impl Iterator<Item = (Name, &'a Marked<T>)> {
        let pages = &self.limbo.pages;
        let names = self.index(pin).names(first, count);
        // SAFETY: as in `find`.
        names.map(|name| (name, unsafe { &*pages.address(name) }))
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
        self.lock().release();
    }
}

impl<T, W> Drop for Table<T, W> {
    fn drop(&mut self) {
        let writer = self.writer.get_mut();
        let unseen = &mut writer.unwrap_or_else(PoisonError::into_inner).unseen;
        let unseen = Garbage::Many(mem::take(unseen).into());
        let index = NonNull::new(*self.for_readers.index.get_mut());
        for garbage in index.map(Garbage::WithEntries).into_iter().chain([unseen]) {
            // SAFETY: what is in the index is in it alone, and the index is the table's. A reader borrows the table, so
            // nobody reads; neither is it used again.
            unsafe { self.limbo.free(garbage) };
        }
    }
}

/// The table, for one writer at a time.
pub(super) struct Locked<'a, T, W> {
    table: &'a Table<T, W>,
    writer: MutexGuard<'a, Writer<W>>,
}

/// Where no entry is until the next change.
pub(super) struct Vacancy(Slot);

/// A cell for one entry.
#[must_use = "it is lost to the table"]
pub(super) struct Empty(Name);

impl Empty {
    pub(super) fn name(&self) -> Name {
        self.0
    }
}

/// The entries of a table that is locked.
pub(super) struct Entries<'l, T> {
    index: &'l Index,
    pages: &'l Pages<T>,
    /// Cells in which nothing has been.
    fresh: Range<u32>,
}

impl<'l, T> Entries<'l, T> {
    /// The mark of the entry that is or was in a cell.
    #[inline]
    pub(super) fn mark(&self, name: Name) -> Option<&'l std::sync::atomic::AtomicU64> {
        if self.fresh.contains(&name.number()) {
            return None;
        }
        // SAFETY: in all other cells of the table something was, and only who has the lock gives pages back.
        unsafe { self.pages.mark(name) }
    }

    /// Says that the entry in this cell will be asked for soon, and that of this hash looked for.
    #[inline]
    pub(super) fn prefetch(&self, name: Name, hash: u64) {
        // Its head will do.
        prefetch(self.pages.address(name).cast::<u8>());
        self.index.prefetch(hash);
    }
}

impl<'t, T, W> Locked<'t, T, W> {
    fn index(&self) -> &'t Index {
        // SAFETY: it came out of a box, and goes to the limbo only by who has the lock, which is used no more then.
        unsafe { &*self.table.for_readers.index.load(Relaxed) }
    }

    pub(super) fn len(&self) -> usize {
        self.writer.len
    }

    pub(super) fn slots(&self) -> usize {
        self.index().slots()
    }

    /// Bytes allocated for entries, and for finding them room.
    pub(super) fn memory(&self) -> usize {
        let Writer { spares, unseen, .. } = &*self.writer;
        let names = spares.capacity() + unseen.capacity();
        self.table.limbo.pages.memory() + self.index().memory() + names * size_of::<Name>()
    }

    /// The entry of this hash that `is` it, and the name of its cell.
    #[inline]
    pub(super) fn find(
        &self,
        hash: u64,
        mut is: impl FnMut(&Marked<T>) -> bool,
    ) -> Option<(Name, &Marked<T>)> {
        let pages = &self.table.limbo.pages;
        // SAFETY: only who has the lock takes an entry out.
        let entry = |name| unsafe { &*pages.address(name) };
        let name = self.index().find(hash, |name| is(entry(name)))?;
        Some((name, entry(name)))
    }

    /// Whether the entry in this cell is here, which was put in with this hash.
    pub(super) fn has(&self, name: Name, hash: u64) -> bool {
        self.index().has(name, hash)
    }

    /// Beside what writers know, a way to the entries.
    pub(super) fn parts(&mut self) -> (Entries<'_, T>, &mut W) {
        let entries = Entries {
            index: self.index(),
            pages: &self.table.limbo.pages,
            fresh: self.writer.fresh.clone(),
        };
        (entries, &mut self.writer.also)
    }

    /// Where an entry of this hash may be put; none where that takes a [rebuilding](Self::rebuild).
    #[inline]
    pub(super) fn vacancy(&self, hash: u64) -> Option<Vacancy> {
        let index = self.index();
        let vacancy = index.vacancy(hash).map(Vacancy);
        vacancy.filter(|_| self.len() < index.room())
    }

    /// A cell for an entry, if possible of one which nobody reads any more. None when all there can be are in use.
    #[inline]
    pub(super) fn empty(&mut self) -> Option<Empty> {
        let limbo = &self.table.limbo;
        let Writer { spares, fresh, .. } = &mut *self.writer;
        if spares.is_empty() {
            limbo.give_spares(spares);
        }
        if let Some(spare) = spares.pop() {
            if let Some(next) = spares.last() {
                prefetch(limbo.pages.address(*next));
            }
            return Some(Empty(spare));
        }
        if fresh.start >= fresh.end {
            *fresh = limbo.pages.grow()?;
        }
        fresh.next().and_then(Name::new).map(Empty)
    }

    /// Puts in an entry whose key is not there.
    #[inline]
    pub(super) fn insert(
        &mut self,
        Vacancy(at): Vacancy,
        empty: Empty,
        hash: u64,
        entry: Marked<T>,
    ) {
        let name = self.fill(empty, entry);
        self.index().put(at, hash, name);
        self.writer.len += 1;
    }

    /// Puts an entry in the place of one with the same key, which was put in with this hash; none when that is not here.
    pub(super) fn replace(
        &mut self,
        before: Name,
        hash: u64,
        empty: Empty,
        entry: Marked<T>,
    ) -> Option<Unlinked<'t, T>> {
        if !self.index().has(before, hash) {
            return None;
        }
        let name = self.fill(empty, entry);
        self.index().replace(before, hash, name);
        // SAFETY: it was put in and is in the index no more, and an entry is in one slot only.
        Some(unsafe { self.table.limbo.unlinked(Garbage::Entry(before)) })
    }

    // It moves once: to read as a whole what it has just written in parts, the processor waits for all its writes.
    #[inline(always)]
    fn fill(&mut self, Empty(name): Empty, entry: Marked<T>) -> Name {
        self.table.filled_by.store(turn::advance(), Release);
        let cell = self.table.limbo.pages.address(name);
        // SAFETY: the cell is there, and nobody else's until the index has it.
        unsafe { cell.write(entry) };
        name
    }

    /// Takes out the entry that was put in with this hash.
    pub(super) fn remove(&mut self, name: Name, hash: u64) -> Option<Unlinked<'t, T>> {
        if !self.index().take(name, hash) {
            return None;
        }
        self.writer.len -= 1;
        // SAFETY: it was put in and is in the index no more, and an entry is in one slot only.
        Some(unsafe { self.table.limbo.unlinked(Garbage::Entry(name)) })
    }

    /// The same for nobody to see but `see`, now. It is dropped with [others](Self::take_unseen).
    #[inline]
    pub(super) fn discard<R>(
        &mut self,
        name: Name,
        hash: u64,
        see: impl FnOnce(&Marked<T>) -> R,
    ) -> Option<R> {
        if !self.index().take(name, hash) {
            return None;
        }
        self.writer.len -= 1;
        // SAFETY: nobody drops it before it is in the limbo.
        let seen = see(unsafe { &*self.table.limbo.pages.address(name) });
        self.writer.unseen.push(name);
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
        // SAFETY: each was put in and is in the index no more, and an entry is in one slot only.
        unsafe { self.table.limbo.unlinked(Garbage::Many(unseen.into())) }
    }

    /// Makes room for `entries` in all. The hash must not panic.
    pub(super) fn rebuild(
        &mut self,
        entries: usize,
        hash: impl Fn(&W, Name) -> u64,
    ) -> Unlinked<'t, T> {
        let index = Index::for_entries(entries.max(self.len()));
        let before = self.index();
        for name in before.names(0, before.slots()) {
            let hash = hash(&self.writer.also, name);
            // There is a vacancy for each, the index having been made for them.
            if let Some(at) = index.vacancy(hash) {
                index.put(at, hash, name);
            }
        }
        let before = self.swap(index);
        // SAFETY: it came out of a box and is the table's no more; its entries are in the new one.
        unsafe { self.table.limbo.unlinked(Garbage::Index(before)) }
    }

    /// Gives back the memory of cells that are not used, where that is most of them and not what was left the last time.
    fn release(&mut self) {
        let limbo = &self.table.limbo;
        let len = self.len();
        let Writer {
            spares,
            fresh,
            kept,
            ..
        } = &mut *self.writer;
        limbo.add_spares(spares);
        *kept = spares.len().min(*kept);
        if spares.len() > len.max(*kept + *kept / 2) {
            // SAFETY: they are in no index any more, nobody reads what was in them, and nothing else has their names.
            unsafe { limbo.pages.release(spares, fresh) };
            spares.shrink_to_fit();
            *kept = spares.len();
        }
    }

    /// An entry that is not to be put in, for who expects one that was taken out. Who has looked before looks again.
    pub(super) fn refuse(&mut self, entry: Marked<T>) -> Unlinked<'t, T> {
        self.table.filled_by.store(turn::advance(), Release);
        let refused = Garbage::Refused(Box::new(entry));
        // SAFETY: it is reached by nobody.
        unsafe { self.table.limbo.unlinked(refused) }
    }

    /// Takes out everything, which costs the same however much it is.
    pub(super) fn take_all(&mut self) -> Unlinked<'t, T> {
        let empty = Index::for_entries(0);
        self.writer.len = 0;
        let before = self.swap(empty);
        // SAFETY: it came out of a box and is the table's no more, and its entries are in no other.
        unsafe { self.table.limbo.unlinked(Garbage::WithEntries(before)) }
    }

    fn swap(&self, index: Index) -> NonNull<Index> {
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
