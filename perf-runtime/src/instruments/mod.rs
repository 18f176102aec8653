//! One file per attribute: its options, what a call does, and what it tells the report.

pub mod batched;
pub mod breaker;
pub mod bulkhead;
pub mod cached;
pub mod debounced;
pub mod fallback;
pub mod hedged;
pub mod lazy;
pub mod measured;
pub mod memoized;
pub mod offloaded;
pub mod pooled;
pub mod rate_limited;
pub mod retry;
pub mod throttled;
pub mod timeout;
