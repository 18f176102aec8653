//! What the breaker takes of `std::sync`, or of the model checker in its place; see CONTRIBUTING.md.

#[cfg(not(all(test, perfkit_model)))]
pub(super) use std::sync::{Mutex, MutexGuard, atomic::AtomicU64};

#[cfg(all(test, perfkit_model))]
pub(super) use shuttle::sync::{Mutex, MutexGuard, atomic::AtomicU64};

/// How keys are hashed: in a model always in the same way, so that a schedule can be repeated.
#[cfg(not(all(test, perfkit_model)))]
pub(super) type Hashing = foldhash::fast::RandomState;

#[cfg(all(test, perfkit_model))]
pub(super) type Hashing = foldhash::fast::FixedState;
