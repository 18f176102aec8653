//! What a bulkhead does with callers that wait, go away, and call themselves; and [chaos], in which no permit and no place
//! may be lost.

#[cfg(all(feature = "tokio", not(perfkit_model)))]
mod chaos;
#[cfg(not(perfkit_model))]
mod promises;
