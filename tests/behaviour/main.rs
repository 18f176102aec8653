//! What the attributes promise, one module per subject; the names of the tests are the promises.

mod cache_handle;
mod cached;
mod lazy;
#[cfg(feature = "measure")]
mod measured;
mod memoized;
#[cfg(feature = "persist")]
mod persist;
mod shapes;
#[cfg(feature = "measure")] // it watches the order by what `#[measured]` asks first
mod stack;
mod timeout;
