//! What a bulkhead promises, step by step; under every schedule a model checker can think of: see [`models`].

#[cfg(perfkit_model)]
mod models;
#[cfg(not(perfkit_model))]
mod naive;
#[cfg(not(perfkit_model))]
mod steps;
