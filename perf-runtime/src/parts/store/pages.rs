//! The memory of entries: cells in pages, each known by a name of 32 bits.
//!
//! A cell stays where it is. Four pages double what there is, so that little of the last one is unused; which of them a
//! name is in say its highest bits, and no list has to grow while others read it. Each entry begins with a mark, a
//! number that stays in its cell when it is dropped.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::num::NonZeroU32;
use std::ops::Range;
use std::ptr::{NonNull, null_mut};
// Those of the model checker would add steps and no orders: a page is there before the name of any of its cells is.
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering::Relaxed};

/// An entry with its mark, which whoever meets it may change.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Marked<T> {
    pub(super) mark: AtomicU64,
    pub(super) body: T,
}

/// The name of a cell: in the high bits one more than the number of its page, in the others which cell of that it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Name(NonZeroU32);

/// Bits that say which cell of a page.
const WITHIN: u32 = 25;
/// The binary logarithm of how many pages double what there is.
const STEPS: u32 = 2;
/// That of the cells there would be before the first page, which has few.
const FIRST: u32 = STEPS + 2;
/// That of those before the end of the last one.
const END: u32 = 26;
const PAGES: usize = ((END - FIRST) as usize) << STEPS;
/// As many as the high bits of a name can tell apart.
const PLACES: usize = 1 << (u32::BITS - WITHIN);
const _: () = assert!(PAGES < PLACES);

impl Name {
    #[inline]
    pub(super) fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    #[inline]
    pub(super) fn number(self) -> u32 {
        self.0.get()
    }

    /// A small number for each, from zero on.
    #[inline]
    pub(super) fn id(self) -> u32 {
        before(self.page()) + self.cell()
    }

    /// The one of an [id](Self::id).
    #[inline]
    pub(super) fn of_id(id: u32) -> Option<Self> {
        let nth = id.checked_add(1 << FIRST).filter(|nth| *nth < 1 << END)?;
        let octave = nth.ilog2();
        // The three highest bits say which page.
        let rest = octave.saturating_sub(STEPS);
        let page = (octave << STEPS) + (nth >> rest) - ((FIRST + 1) << STEPS);
        Self::new((page + 1) << WITHIN | nth & ((1 << rest) - 1))
    }

    #[inline]
    fn page(self) -> u32 {
        (self.number() >> WITHIN).wrapping_sub(1)
    }

    #[inline]
    fn cell(self) -> u32 {
        self.number() & ((1 << WITHIN) - 1)
    }
}

/// How many cells a page has.
#[inline]
fn cells(page: u32) -> u32 {
    1 << ((page >> STEPS) + FIRST - STEPS)
}

/// How many are in all pages before it.
#[inline]
fn before(page: u32) -> u32 {
    let within = page % (1 << STEPS);
    ((1 << STEPS) + within) * cells(page) - (1 << FIRST)
}

/// The numbers of the names of its cells.
fn numbers(page: u32) -> Range<u32> {
    let first = (page + 1) << WITHIN;
    first..first + cells(page)
}

/// See the module.
// On lines of its own: readers read it all the time, and hardly anybody writes it.
#[repr(align(128))]
pub(super) struct Pages<T> {
    /// The first cell of each page, by the high bits of names; null where there is none.
    first: [AtomicPtr<Marked<T>>; PLACES],
}

// SAFETY: pages are memory; what is in their cells is the table's.
unsafe impl<T: Send> Send for Pages<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Pages<T> {}

impl<T> Pages<T> {
    pub(super) fn new() -> Self {
        Self {
            first: [const { AtomicPtr::new(null_mut()) }; PLACES],
        }
    }

    /// The first cell of the page of a name.
    #[inline]
    fn first(&self, name: Name) -> *mut Marked<T> {
        let first = self.first.get((name.number() >> WITHIN) as usize);
        first.map_or(null_mut(), |first| first.load(Relaxed))
    }

    /// Where a cell is. What is no name of a cell gives nonsense.
    #[inline]
    pub(super) fn address(&self, name: Name) -> *mut Marked<T> {
        self.first(name).wrapping_add(name.cell() as usize)
    }

    /// The mark of what is or was in a cell; none where there is no such page.
    ///
    /// # Safety
    /// Something was in this cell once. Nobody gives pages back.
    #[inline]
    pub(super) unsafe fn mark(&self, name: Name) -> Option<&AtomicU64> {
        let first = NonNull::new(self.first(name))?;
        // SAFETY: a cell of this page in which something was; to drop an entry leaves its mark as it is.
        Some(unsafe { &(*first.as_ptr().add(name.cell() as usize)).mark })
    }

    /// All there can be, and where they are.
    fn all(&self) -> impl Iterator<Item = (u32, &AtomicPtr<Marked<T>>)> {
        (0..).zip(self.first.iter().skip(1).take(PAGES))
    }

    /// Makes one page more. Gives the numbers of its names; none when all there can be are there.
    pub(super) fn grow(&self) -> Option<Range<u32>> {
        let mut all = self.all();
        let (page, place) = all.find(|(_, first)| first.load(Relaxed).is_null())?;
        let layout = layout::<T>(page)?;
        // SAFETY: a page has cells, and a cell has a mark: it is not of size zero.
        let first = unsafe { alloc(layout) }.cast::<Marked<T>>();
        if first.is_null() {
            handle_alloc_error(layout)
        }
        place.store(first, Relaxed);
        Some(numbers(page))
    }

    /// Gives back the pages whose cells are all among these, and takes them from there.
    ///
    /// # Safety
    /// Nobody uses any of these.
    pub(super) unsafe fn release(&self, unused: &mut Vec<Name>, fresh: &mut Range<u32>) {
        let mut counts = [0_u32; PAGES];
        let mut count = |name: Name, cells| {
            if let Some(count) = counts.get_mut(name.page() as usize) {
                *count += cells;
            }
        };
        for name in &*unused {
            count(*name, 1);
        }
        let newest = Name::new(fresh.start).filter(|_| fresh.start < fresh.end);
        if let Some(newest) = newest {
            count(newest, fresh.end - fresh.start);
        }
        let is_whole = |page: u32| counts.get(page as usize).copied() == Some(cells(page));
        unused.retain(|name| !is_whole(name.page()));
        if newest.is_some_and(|newest| is_whole(newest.page())) {
            *fresh = 0..0;
        }
        for (page, first) in self.all().filter(|(page, _)| is_whole(*page)) {
            // SAFETY: given by the caller: no cell of it is used.
            unsafe { free(page, first) };
        }
    }

    /// Bytes allocated.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        let there = self
            .all()
            .filter(|(_, first)| !first.load(Relaxed).is_null());
        let cells = there.map(|(page, _)| cells(page) as usize);
        cells.sum::<usize>() * size_of::<Marked<T>>()
    }
}

impl<T> Drop for Pages<T> {
    fn drop(&mut self) {
        for (page, first) in self.all() {
            // SAFETY: the table is gone, and whatever was in it.
            unsafe { free(page, first) };
        }
    }
}

/// Gives a page back, if it is there.
///
/// # Safety
/// Nobody uses a cell of it.
unsafe fn free<T>(page: u32, first: &AtomicPtr<Marked<T>>) {
    let first = first.swap(null_mut(), Relaxed);
    if let Some(layout) = layout::<T>(page).filter(|_| !first.is_null()) {
        // SAFETY: it was allocated with this layout, and is freed once: it is gone from the list.
        unsafe { dealloc(first.cast(), layout) };
    }
}

/// Of a page. An entry that fits into a line of the processor's cache is in one, where its size lets it.
fn layout<T>(page: u32) -> Option<Layout> {
    const LINE: usize = 64;
    let cells = Layout::array::<Marked<T>>(cells(page) as usize).ok()?;
    cells.align_to(LINE).ok()
}
