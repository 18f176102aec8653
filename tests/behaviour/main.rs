//! What the attributes promise, one module per subject; the names of the tests are the promises.

#[cfg(feature = "measure")]
mod measured;
mod shapes;
#[cfg(feature = "measure")] // it watches the order by what `#[measured]` asks first
mod stack;
mod timeout;
