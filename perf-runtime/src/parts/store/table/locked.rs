//! A table while it is changed, by one writer at a time.

#![expect(clippy::inline_always, reason = "entries go in one function")]

use std::mem;
use std::ops::{Deref, DerefMut, Range};
use std::ptr::NonNull;
use std::sync::atomic::Ordering::{Relaxed, Release};

use super::super::index::{Index, Slot};
use super::super::limbo::{Garbage, Unlinked};
use super::super::pages::{Marked, Name, Pages};
use super::super::prefetch::prefetch;
use super::super::sync::MutexGuard;
use super::super::turn;
use super::{Table, Writer};

/// The table, for one writer at a time.
pub(in crate::parts::store) struct Locked<'a, T, W> {
    table: &'a Table<T, W>,
    pub(super) writer: MutexGuard<'a, Writer<W>>,
}

/// Where no entry is until the next change.
pub(in crate::parts::store) struct Vacancy(Slot);

/// A cell for one entry.
#[must_use = "it is lost to the table"]
pub(in crate::parts::store) struct Empty(Name);

impl Empty {
    pub(in crate::parts::store) fn name(&self) -> Name {
        self.0
    }
}

/// The entries of a table that is locked.
pub(in crate::parts::store) struct Entries<'l, T> {
    index: &'l Index,
    pages: &'l Pages<T>,
    /// Cells in which nothing has been.
    fresh: Range<u32>,
}

impl<'l, T> Entries<'l, T> {
    /// The mark of the entry that is or was in a cell.
    #[inline]
    pub(in crate::parts::store) fn mark(
        &self,
        name: Name,
    ) -> Option<&'l std::sync::atomic::AtomicU64> {
        if self.fresh.contains(&name.number()) {
            return None;
        }
        // SAFETY: in all other cells of the table something was, and only who has the lock gives pages back.
        unsafe { self.pages.mark(name) }
    }

    /// Says that the entry in this cell will be asked for soon, and that of this hash looked for.
    #[inline]
    pub(in crate::parts::store) fn prefetch(&self, name: Name, hash: u64) {
        // Its head will do.
        prefetch(self.pages.address(name).cast::<u8>());
        self.index.prefetch(hash);
    }
}

impl<'t, T, W> Locked<'t, T, W> {
    pub(super) fn new(table: &'t Table<T, W>, writer: MutexGuard<'t, Writer<W>>) -> Self {
        Self { table, writer }
    }

    fn index(&self) -> &'t Index {
        // SAFETY: it came out of a box, and goes to the limbo only by who has the lock, which is used no more then.
        unsafe { &*self.table.for_readers.index.load(Relaxed) }
    }

    pub(in crate::parts::store) fn len(&self) -> usize {
        self.writer.len
    }

    pub(in crate::parts::store) fn slots(&self) -> usize {
        self.index().slots()
    }

    /// Bytes for the entries that are there and for finding them.
    pub(in crate::parts::store) fn memory(&self) -> usize {
        let Writer { spares, unseen, .. } = &*self.writer;
        let names = (spares.capacity() + unseen.capacity()) * size_of::<Name>();
        self.len() * size_of::<Marked<T>>() + self.index().memory() + names
    }

    /// The entry of this hash that `is` it, and the name of its cell.
    #[inline]
    pub(in crate::parts::store) fn find(
        &self,
        hash: u64,
        mut is: impl FnMut(&Marked<T>) -> bool,
    ) -> Option<(Name, &Marked<T>)> {
        let pages = &self.table.limbo.pages;
        self.index().find(hash, |name| {
            // SAFETY: only who has the lock takes an entry out.
            let entry = unsafe { &*pages.address(name) };
            is(entry).then_some((name, entry))
        })
    }

    /// Whether the entry in this cell is here, which was put in with this hash.
    pub(in crate::parts::store) fn has(&self, name: Name, hash: u64) -> bool {
        self.index().has(name, hash)
    }

    /// Beside what writers know, a way to the entries.
    pub(in crate::parts::store) fn parts(&mut self) -> (Entries<'_, T>, &mut W) {
        let entries = Entries {
            index: self.index(),
            pages: &self.table.limbo.pages,
            fresh: self.writer.fresh.clone(),
        };
        (entries, &mut self.writer.also)
    }

    /// Where an entry of this hash may be put; none where that takes a [rebuilding](Self::rebuild).
    #[inline]
    pub(in crate::parts::store) fn vacancy(&self, hash: u64) -> Option<Vacancy> {
        let index = self.index();
        let vacancy = index.vacancy(hash).map(Vacancy);
        vacancy.filter(|_| self.len() < index.room())
    }

    /// A cell for an entry, if possible of one which nobody reads any more. None when all there can be are in use.
    #[inline]
    pub(in crate::parts::store) fn empty(&mut self) -> Option<Empty> {
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
    pub(in crate::parts::store) fn insert(
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
    pub(in crate::parts::store) fn replace(
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
    pub(in crate::parts::store) fn remove(
        &mut self,
        name: Name,
        hash: u64,
    ) -> Option<Unlinked<'t, T>> {
        if !self.index().take(name, hash) {
            return None;
        }
        self.writer.len -= 1;
        // SAFETY: it was put in and is in the index no more, and an entry is in one slot only.
        Some(unsafe { self.table.limbo.unlinked(Garbage::Entry(name)) })
    }

    /// The same for nobody to see but `see`, now. It is dropped with [others](Self::take_unseen).
    #[inline]
    pub(in crate::parts::store) fn discard<R>(
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
    pub(in crate::parts::store) fn has_many_unseen(&self) -> bool {
        self.writer.unseen.len() >= self.table.limbo.many()
    }

    /// All that was taken out for nobody to see.
    #[cold]
    pub(in crate::parts::store) fn take_unseen(&mut self) -> Unlinked<'t, T> {
        let room = self.writer.unseen.len();
        let unseen = mem::replace(&mut self.writer.unseen, Vec::with_capacity(room));
        // SAFETY: each was put in and is in the index no more, and an entry is in one slot only.
        unsafe { self.table.limbo.unlinked(Garbage::Many(unseen.into())) }
    }

    /// Makes room for `entries` in all. The hash must not panic.
    pub(in crate::parts::store) fn rebuild(
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
    pub(super) fn release(&mut self) {
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
    pub(in crate::parts::store) fn refuse(&mut self, entry: Marked<T>) -> Unlinked<'t, T> {
        self.table.filled_by.store(turn::advance(), Release);
        let refused = Garbage::Refused(Box::new(entry));
        // SAFETY: it is reached by nobody.
        unsafe { self.table.limbo.unlinked(refused) }
    }

    /// Takes out everything, which costs the same however much it is.
    pub(in crate::parts::store) fn take_all(&mut self) -> Unlinked<'t, T> {
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
