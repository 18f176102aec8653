//! What workers take of `std` and of the system, or of the model checker in its place; see CONTRIBUTING.md.

use std::sync::PoisonError;

#[cfg(not(all(test, perfkit_model)))]
pub(super) use std::{
    hint::spin_loop,
    sync::{Condvar, Mutex, MutexGuard, atomic::AtomicUsize},
    thread_local,
};

#[cfg(all(test, perfkit_model))]
pub(super) use shuttle::{
    hint::spin_loop,
    sync::{Condvar, Mutex, MutexGuard, atomic::AtomicUsize},
    thread_local,
};

use super::books::Books;
use crate::clock;

/// Locks it. Nothing of the user's runs under the lock, so there is no half-done state to fear.
#[inline]
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Of workers that are there for good.
pub(super) fn books() -> &'static Books {
    #[cfg(not(all(test, perfkit_model)))]
    return Box::leak(Box::new(Books::new()));
    #[cfg(all(test, perfkit_model))]
    super::tests::models::books()
}

/// Now, in ticks. In a model there is no time.
pub(super) fn ticks() -> u64 {
    if cfg!(all(test, perfkit_model)) {
        return 0;
    }
    clock::ticks()
}

/// Starts a thread. False when there is none to be had.
pub(super) fn spawn(work: impl FnOnce() + Send + 'static) -> bool {
    #[cfg(not(all(test, perfkit_model)))]
    let thread = std::thread::Builder::new().name("perfkit-worker".to_owned());
    #[cfg(all(test, perfkit_model))]
    let thread = shuttle::thread::Builder::new();
    thread.spawn(work).is_ok()
}

/// Sleeps until somebody calls, or for as long as a thread stays that has nothing to do; true when nobody has called.
pub(super) fn sleep<'l, T>(
    ready: &Condvar,
    mutex: &'l Mutex<T>,
    guard: MutexGuard<'l, T>,
) -> (MutexGuard<'l, T>, bool) {
    #[cfg(not(all(test, perfkit_model)))]
    {
        // Which lock it is, the guard knows.
        let _ = mutex;
        let (guard, timeout) = ready
            .wait_timeout(guard, IDLE)
            .unwrap_or_else(PoisonError::into_inner);
        (guard, timeout.timed_out())
    }
    #[cfg(all(test, perfkit_model))]
    super::tests::models::sleep(ready, mutex, guard)
}

/// After so long a thread with nothing to do ends.
#[cfg(not(all(test, perfkit_model)))]
const IDLE: std::time::Duration = std::time::Duration::from_secs(10);

/// So often a thread with nothing to do looks for a call before it sleeps, which is some microseconds: the next one mostly
/// comes before that, and to wake a thread takes longer. It does not yield, because on a busy machine that may be long.
pub(super) const LOOKS: u32 = if cfg!(all(test, perfkit_model)) {
    2
} else {
    128
};
