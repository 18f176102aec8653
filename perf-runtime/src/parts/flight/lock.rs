//! What the flight takes of `std::sync`, or of the model checker in its place; see CONTRIBUTING.md.

use std::sync::PoisonError;

#[cfg(not(all(test, perfkit_model)))]
pub(super) use std::sync::{Condvar, Mutex, MutexGuard, atomic::AtomicU64};

#[cfg(all(test, perfkit_model))]
pub(super) use shuttle::sync::{Condvar, Mutex, MutexGuard, atomic::AtomicU64};

/// Locks it. Of the user's only `Eq` runs under a lock, and before anything is changed: a panic leaves nothing half done.
#[inline]
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
