//! What the attributes promise, one module per subject.

mod shapes;
#[cfg(feature = "measure")] // it watches the order by what `#[measured]` asks first
mod stack;
mod timeout;
