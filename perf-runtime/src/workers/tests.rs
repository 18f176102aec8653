//! Promises of workers.

#[cfg(not(perfkit_model))]
mod by_hand;
#[cfg(not(perfkit_model))]
mod chaos;
#[cfg(perfkit_model)]
pub(super) mod models;
