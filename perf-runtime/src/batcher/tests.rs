//! Promises of batchers.

#[cfg(not(perfkit_model))]
mod by_hand;
#[cfg(perfkit_model)]
pub(super) mod models;
