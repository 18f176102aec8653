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

mod locked;
#[cfg(test)]
mod tests;

use std::marker::PhantomData;
use std::mem;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Acquire;

use super::grace::Pin;
use super::index::Index;
use super::limbo::{Garbage, Limbo};
use super::pages::{Marked, Name};
use super::sync::{AtomicPtr, AtomicUsize, Mutex, lock};
pub(super) use locked::{Empty, Entries, Locked};

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

/// An entry that was found, while it is read.
pub(crate) struct Found<'t, T> {
    entry: NonNull<Marked<T>>,
    _pin: Pin,
    table: PhantomData<&'t Marked<T>>,
}

impl<T> Found<'_, T> {
    #[inline(always)]
    pub(crate) fn entry(&self) -> &Marked<T> {
        // SAFETY: it was found under this pin, in a table that is borrowed.
        unsafe { self.entry.as_ref() }
    }
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
        is: impl FnMut(&Marked<T>) -> bool,
    ) -> Option<&'a Marked<T>> {
        self.index(pin).find(hash, self.seen(pin, is))
    }

    /// The same in the usual case, and pinned by itself, without a call of anything but `is`. Of what it does not find there
    /// may be something all the same.
    #[inline(always)]
    pub(super) fn find_at_once(
        &self,
        hash: u64,
        is: impl FnMut(&Marked<T>) -> bool,
    ) -> Option<Found<'_, T>> {
        let pin = Pin::at_once()?;
        let entry = self.index(&pin).find_near(hash, self.seen(&pin, is))?;
        let entry = NonNull::from(entry);
        Some(Found {
            entry,
            _pin: pin,
            table: PhantomData,
        })
    }

    /// The entry of a name, if it `is` the one.
    #[inline(always)]
    fn seen<'a>(
        &'a self,
        _: &'a Pin,
        mut is: impl FnMut(&Marked<T>) -> bool,
    ) -> impl FnMut(Name) -> Option<&'a Marked<T>> {
        let pages = &self.limbo.pages;
        move |name| {
            // SAFETY: the index has only what is dropped by the limbo, which waits for the pin. So it is in a page.
            let entry = unsafe { NonNull::new_unchecked(pages.address(name)).as_ref() };
            is(entry).then_some(entry)
        }
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
        Locked::new(self, lock(&self.writer))
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
