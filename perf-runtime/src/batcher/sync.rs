//! What a batcher takes of `std` and of the runtime, or of the model checker in its place; see CONTRIBUTING.md.

use std::future::Future;
use std::sync::PoisonError;

#[cfg(not(all(test, perfkit_model)))]
pub(super) use std::{
    sync::{Mutex, MutexGuard, atomic::AtomicBool},
    thread_local,
};

#[cfg(not(all(test, perfkit_model)))]
pub(super) use crate::rt::park::block_on;

#[cfg(all(test, perfkit_model))]
pub(super) use shuttle::{
    future::block_on,
    sync::{Mutex, MutexGuard, atomic::AtomicBool},
    thread_local,
};

/// In a model there is no time.
pub(super) const MODELLED: bool = cfg!(all(test, perfkit_model));

/// Locks it. Nothing of the user's runs under the lock, so there is no half-done state to fear.
#[inline]
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Leads on the runtime of the caller, or on a thread of its own.
pub(super) fn spawn(leader: impl Future<Output = ()> + Send + 'static) {
    #[cfg(not(all(test, perfkit_model)))]
    crate::rt::background::spawn_long(THREAD, leader);
    #[cfg(all(test, perfkit_model))]
    super::tests::models::spawn(leader);
}

/// Leads on a thread of its own.
pub(super) fn spawn_apart(leader: impl Future<Output = ()> + Send + 'static) {
    #[cfg(not(all(test, perfkit_model)))]
    crate::rt::background::apart(THREAD, leader);
    #[cfg(all(test, perfkit_model))]
    super::tests::models::spawn(leader);
}

/// What our own threads are called.
#[cfg(not(all(test, perfkit_model)))]
const THREAD: &str = "perfkit-batch";
