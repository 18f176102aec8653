//! An allocator that counts: bytes alive and allocations so far, of the whole process and of one thread.
//!
//! Counting is two atomic additions per allocation, so a program that installs it ([`Counting`] as its global
//! allocator) measures memory and not time. [`CountingByThread`] counts less and can stay where time is measured.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// The system's allocator, counting what it is asked for.
pub struct Counting;

/// The system's allocator, counting nothing but the allocations of each thread: an addition on a line that no other
/// thread touches, so little beside an allocation that a program that measures time can have it.
pub struct CountingByThread;

static LIVE: AtomicI64 = AtomicI64::new(0);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    // Needs neither an allocation nor a destructor, so that counting is possible as long as the thread is.
    static OF_THREAD: Cell<u64> = const { Cell::new(0) };
}

fn allocated() {
    ALLOCATIONS.fetch_add(1, Relaxed);
    allocated_by_thread();
}

#[inline]
fn allocated_by_thread() {
    OF_THREAD.set(OF_THREAD.get() + 1);
}

/// Bytes asked for and not given back; 0 when [`Counting`] is not installed.
#[must_use]
pub fn live() -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a process here keeps far less than 2^52 bytes"
    )]
    let bytes = LIVE.load(Relaxed) as f64;
    bytes
}

/// Allocations of this thread so far, those that only grew or shrank included; 0 when neither allocator is installed.
#[must_use]
pub fn of_this_thread() -> u64 {
    OF_THREAD.get()
}

/// Allocations of the process so far, those that only grew or shrank included; 0 when [`Counting`] is not installed.
#[must_use]
pub fn count() -> u64 {
    ALLOCATIONS.load(Relaxed)
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

// SAFETY: every method hands its arguments to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(signed(layout.size()), Relaxed);
        allocated();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(signed(layout.size()), Relaxed);
        allocated();
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(signed(layout.size()), Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_add(signed(size) - signed(layout.size()), Relaxed);
        allocated();
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

// SAFETY: every method hands its arguments to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for CountingByThread {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated_by_thread();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        allocated_by_thread();
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        allocated_by_thread();
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
