//! What a bulkhead takes of `std::sync`, or of the model checker in its place; see CONTRIBUTING.md.

use std::sync::PoisonError;

#[cfg(not(all(test, perfkit_model)))]
pub(super) use std::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicU64, AtomicUsize},
};

#[cfg(all(test, perfkit_model))]
pub(super) use shuttle::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicU64, AtomicUsize},
};

/// Locks it. Nothing of the user's runs under a lock, so there is no half-done state to fear.
#[inline]
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
