//! Promises of pools, with and without a runtime.

#[cfg(not(perfkit_model))]
mod books;
#[cfg(all(feature = "tokio", not(perfkit_model)))]
mod chaos;
#[cfg(not(perfkit_model))]
mod lent;
#[cfg(perfkit_model)]
mod models;
#[cfg(all(feature = "tokio", not(perfkit_model)))]
mod tasks;
#[cfg(not(perfkit_model))]
mod threads;
