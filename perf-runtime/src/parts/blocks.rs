//! Blocks for any thread and any series.
//!
//! A block is made once and never freed: a thread that ends leaves its blocks here, and the next thread takes them. So
//! memory follows the largest number of threads alive at one time, not the number of threads there have been.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::parts::block::Block;

/// How many blocks there may be: 96 MiB. Threads beyond it share one place per series.
pub(crate) const MOST: usize = 16_384;

static FREE: Mutex<Vec<&'static Block>> = Mutex::new(Vec::new());
/// Blocks that can still be had: those in `FREE` and those not made yet.
static LEFT: AtomicUsize = AtomicUsize::new(MOST);

/// An empty block; none when all are in use.
pub(crate) fn take() -> Option<&'static Block> {
    let one_less = |left: usize| left.checked_sub(1);
    // When nothing is left this is all that happens, so that a thread without a block does not meet the lock in a call.
    LEFT.fetch_update(Relaxed, Relaxed, one_less).ok()?;
    let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    Some(free.unwrap_or_else(|| Box::leak(Box::new(Block::new()))))
}

/// Takes back an empty block.
pub(crate) fn give(block: &'static Block) {
    FREE.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(block);
    LEFT.fetch_add(1, Relaxed);
}
