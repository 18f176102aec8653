//! What a pool takes of `std::sync`, or of the model checker in its place; see CONTRIBUTING.md.

use std::sync::PoisonError;

#[cfg(not(all(test, perfkit_model)))]
pub(super) use std::sync::{Mutex, MutexGuard};

#[cfg(all(test, perfkit_model))]
pub(super) use shuttle::sync::{Mutex, MutexGuard};

/// Locks it. Nothing of the user's runs under the lock, so there is no half-done state to fear.
#[inline]
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
