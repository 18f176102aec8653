//! Annotate a function; it gets the behaviour, and one report shows what happened.

#![forbid(unsafe_code)]

pub use perf_macros::*;
pub use perf_runtime::*;

#[doc(hidden)]
pub use perf_runtime::__private;
