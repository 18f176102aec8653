//! A thread's way to its blocks, and what it remembers between calls.
//!
//! Series have numbers, so the way is two steps through a table of pages: no hashing, no search. When the thread ends,
//! its blocks are added to their series and given back. Calls in destructors that run even later find nothing here and
//! use what the threads [share](super::shared).

use std::cell::{Cell, OnceCell};
use std::hash::{BuildHasher, RandomState};

use crate::parts::block::Block;
use crate::parts::blocks;
use crate::parts::series::Series;

const PAGES: usize = 128;
const PER_PAGE: usize = 128;

type Page = [Cell<Option<&'static Block>>; PER_PAGE];

thread_local! {
    static LOCAL: Local = const { Local::new() };
}

/// See the module.
pub(crate) struct Local {
    /// Time that measured callees of the running call took, in ticks.
    inner: Cell<u64>,
    random: Cell<u64>,
    pages: [OnceCell<Box<Page>>; PAGES],
    held: Cell<Vec<(&'static Series, &'static Block)>>,
}

/// Runs `body` with what this thread has; `None` when its thread-local storage is gone.
#[inline]
pub(crate) fn with<R>(body: impl FnOnce(&Local) -> R) -> Option<R> {
    LOCAL.try_with(body).ok()
}

impl Local {
    const fn new() -> Self {
        Self {
            inner: Cell::new(0),
            random: Cell::new(0),
            pages: [const { OnceCell::new() }; PAGES],
            held: Cell::new(Vec::new()),
        }
    }

    /// The block of this thread for a series, on its first call a new one. `None` for series beyond the table and when
    /// all blocks are in use.
    #[inline]
    pub(crate) fn block(&self, series: &'static Series) -> Option<&'static Block> {
        let id = series.id();
        let page = self.pages.get(id / PER_PAGE)?.get();
        let known = page
            .and_then(|page| page.get(id % PER_PAGE))
            .and_then(Cell::get);
        match known {
            Some(block) => Some(block),
            None => self.first_call(series),
        }
    }

    #[cold]
    #[inline(never)]
    fn first_call(&self, series: &'static Series) -> Option<&'static Block> {
        let id = series.id();
        let page = self.pages.get(id / PER_PAGE)?;
        let page = page.get_or_init(|| Box::new([const { Cell::new(None) }; PER_PAGE]));
        let place = page.get(id % PER_PAGE)?;
        let block = blocks::take()?;
        series.adopt(block);
        let mut held = self.held.take();
        held.push((series, block));
        self.held.set(held);
        place.set(Some(block));
        Some(block)
    }

    /// Starts to count the time of measured callees anew, and gives what was counted for the caller.
    #[inline]
    pub(crate) fn descend(&self) -> u64 {
        self.inner.replace(0)
    }

    /// The time of measured callees since [`descend`](Self::descend).
    #[inline]
    pub(crate) fn inner(&self) -> u64 {
        self.inner.get()
    }

    /// Goes back to the caller, whose callees have now taken `outer` and `spent`.
    #[inline]
    pub(crate) fn ascend(&self, outer: u64, spent: u64) {
        self.inner.set(outer.wrapping_add(spent));
    }

    /// A random gap with the mean `sample`, at least 1.
    #[cold]
    #[inline(never)]
    pub(crate) fn gap(&self, sample: u64) -> u64 {
        let mut state = self.random.get();
        if state == 0 {
            // The keys differ from thread to thread; zero is the one state that the generator cannot leave.
            state = RandomState::new().hash_one(0_u8) | 1;
        }
        // Marsaglia's xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.random.set(state);
        let range = sample.saturating_mul(2).saturating_sub(1).max(1);
        1 + state % range
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        for (series, block) in self.held.take() {
            series.retire(block);
            blocks::give(block);
        }
    }
}
