//! What the breaker takes of `std::sync::atomic`, or of the model checker in its place; see CONTRIBUTING.md.

#[cfg(not(all(test, perfkit_model)))]
pub(super) use std::sync::atomic::AtomicU64;

#[cfg(all(test, perfkit_model))]
pub(super) use shuttle::sync::atomic::AtomicU64;
