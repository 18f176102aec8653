//! The memory of entries: cells in pages, each known by a name of 32 bits.
//!
//! A cell stays where it is. Eight pages double what there is, so that little of the last one is unused; which of them a
//! name is in say its four highest bits, and no list has to grow while others read it. Each entry begins with a mark, a
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

/// The name of a cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Name(NonZeroU32);

/// The binary logarithm of how many pages double what there is.
const STEPS: u32 = 3;
/// That of the first name; the first pages have few cells.
const FIRST: u32 = STEPS + 2;
/// That of the end of all names.
const END: u32 = 26;
const PAGES: usize = ((END - FIRST) as usize) << STEPS;

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
        self.number().wrapping_sub(1 << FIRST)
    }

    /// The one of an [id](Self::id).
    #[inline]
    pub(super) fn of_id(id: u32) -> Option<Self> {
        Self::new(id.wrapping_add(1 << FIRST))
    }

    /// The number of its page, and which cell of that it is.
    #[inline]
    fn place(self) -> (usize, usize) {
        let octave = self.0.ilog2();
        // Beyond the highest four bits: which cell.
        let rest = octave.wrapping_sub(STEPS) % u32::BITS;
        let within = self.number() >> rest;
        let page = ((octave << STEPS).wrapping_add(within)).wrapping_sub((FIRST + 1) << STEPS);
        (page as usize, (self.number() & ((1 << rest) - 1)) as usize)
    }

    fn page(self) -> usize {
        self.place().0
    }
}

/// How many cells a page has.
fn cells(page: usize) -> u32 {
    1 << ((page >> STEPS) as u32 + FIRST - STEPS)
}

/// The numbers of their names.
fn numbers(page: usize) -> Range<u32> {
    let within = (page % (1 << STEPS)) as u32;
    let first = ((1 << STEPS) + within) * cells(page);
    first..first + cells(page)
}

/// See the module.
// On lines of its own: readers read it all the time, and hardly anybody writes it.
#[repr(align(128))]
pub(super) struct Pages<T> {
    /// The first cell of each page; null where there is none.
    pages: [AtomicPtr<Marked<T>>; PAGES],
}

// SAFETY: pages are memory; what is in their cells is the table's.
unsafe impl<T: Send> Send for Pages<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Pages<T> {}

impl<T> Pages<T> {
    pub(super) fn new() -> Self {
        Self {
            pages: [const { AtomicPtr::new(null_mut()) }; PAGES],
        }
    }

    /// Where a cell is. What is no name of a cell gives nonsense.
    #[inline]
    pub(super) fn address(&self, name: Name) -> *mut Marked<T> {
        let (page, cell) = name.place();
        let page = self.pages.get(page);
        page.map_or(null_mut(), |page| page.load(Relaxed))
            .wrapping_add(cell)
    }

    /// The mark of what is or was in a cell; none where there is no such cell.
    ///
    /// # Safety
    /// Something was in this cell once. Nobody gives pages back.
    #[inline]
    pub(super) unsafe fn mark(&self, name: Name) -> Option<&AtomicU64> {
        let (page, cell) = name.place();
        let page = NonNull::new(self.pages.get(page)?.load(Relaxed))?;
        // SAFETY: a cell of this page in which something was; to drop an entry leaves its mark as it is.
        Some(unsafe { &(*page.as_ptr().add(cell)).mark })
    }

    /// Makes one page more. Gives the numbers of its names; none when all there can be are there.
    pub(super) fn grow(&self) -> Option<Range<u32>> {
        let mut pages = self.pages.iter();
        let page = pages.position(|page| page.load(Relaxed).is_null())?;
        let layout = layout::<T>(page)?;
        // SAFETY: a page has cells, and a cell has a mark: it is not of size zero.
        let first = unsafe { alloc(layout) }.cast::<Marked<T>>();
        let Some(first) = NonNull::new(first) else {
            handle_alloc_error(layout)
        };
        self.pages.get(page)?.store(first.as_ptr(), Relaxed);
        Some(numbers(page))
    }

    /// Gives back the pages whose cells are all among these, and takes them from there.
    ///
    /// # Safety
    /// Nobody uses any of these.
    pub(super) unsafe fn release(&self, unused: &mut Vec<Name>, fresh: &mut Range<u32>) {
        let mut counts = [0_u32; PAGES];
        let mut count = |name: Name, cells| {
            if let Some(count) = counts.get_mut(name.page()) {
                *count += cells;
            }
        };
        unused.iter().for_each(|name| count(*name, 1));
        let newest = Name::new(fresh.start).filter(|_| fresh.start < fresh.end);
        if let Some(first) = newest {
            count(first, fresh.end - fresh.start);
        }
        let is_whole = |page: usize| counts.get(page).copied() == Some(cells(page));
        unused.retain(|name| !is_whole(name.page()));
        if newest.is_some_and(|first| is_whole(first.page())) {
            *fresh = 0..0;
        }
        for page in (0..PAGES).filter(|page| is_whole(*page)) {
            // SAFETY: given by the caller: no cell of it is used.
            unsafe { self.free(page) };
        }
    }

    /// Bytes allocated.
    pub(super) fn memory(&self) -> usize {
        let pages = self.pages.iter().enumerate();
        let there = pages.filter(|(_, page)| !page.load(Relaxed).is_null());
        there
            .map(|(page, _)| cells(page) as usize * size_of::<Marked<T>>())
            .sum()
    }

    /// # Safety
    /// Nobody uses a cell of this page.
    unsafe fn free(&self, page: usize) {
        let Some(first) = self.pages.get(page) else {
            return;
        };
        let first = first.swap(null_mut(), Relaxed);
        if let Some(layout) = layout::<T>(page).filter(|_| !first.is_null()) {
            // SAFETY: it was allocated with this layout, and is freed once: it is gone from the list.
            unsafe { dealloc(first.cast(), layout) };
        }
    }
}

impl<T> Drop for Pages<T> {
    fn drop(&mut self) {
        for page in 0..PAGES {
            // SAFETY: the table is gone, and whatever was in it.
            unsafe { self.free(page) };
        }
    }
}

/// Of a page. An entry that fits into a line of the processor's cache is in one, where its size lets it.
fn layout<T>(page: usize) -> Option<Layout> {
    const LINE: usize = 64;
    let cells = Layout::array::<Marked<T>>(cells(page) as usize).ok()?;
    cells.align_to(LINE).ok()
}
