//! What a store takes of `std`, or of the model checker in its place; see CONTRIBUTING.md.

use std::sync::PoisonError;

#[cfg(not(all(test, perfkit_model)))]
pub(super) use std::{
    sync::{
        Mutex, MutexGuard, RwLock,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, fence},
    },
    thread::yield_now,
    thread_local,
};

#[cfg(all(test, perfkit_model))]
pub(super) use shuttle::{
    sync::{
        Mutex, MutexGuard, RwLock,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, fence},
    },
    thread::yield_now,
    thread_local,
};

/// Locks it. Of the user's only `Hash` and `Eq` run under a lock, and before anything is changed: a panic leaves nothing
/// half done.
#[inline]
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
