//! What the attributes promise, one module per subject; the names of the tests are the promises.

mod batched;
mod breaker;
mod bulkhead;
mod cache_handle;
mod cached;
#[path = "../../perf-runtime/src/chance.rs"]
#[allow(dead_code, reason = "not all of it is of use here")]
mod chance;
mod debounced;
mod fallback;
#[cfg(feature = "tokio")] // its time is paused
mod hedged;
mod lazy;
#[cfg(feature = "tracing")]
mod log;
#[cfg(feature = "measure")]
mod measured;
mod memoized;
mod offloaded;
#[cfg(feature = "persist")]
mod persist;
mod pooled;
mod rate_limited;
mod retry;
mod shapes;
#[cfg(feature = "measure")] // it watches the order by what `#[measured]` asks first
mod stack;
mod throttled;
mod timeout;
