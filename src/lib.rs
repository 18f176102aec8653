//! Annotate a function; it gets the behaviour, and one report shows what happened.
//!
//! # Getting started
//!
//! ```
//! use perfkit::measured;
//!
//! #[measured(name = "price")]
//! fn price(quantity: u32) -> Result<u32, String> {
//!     quantity.checked_mul(995).ok_or_else(|| "too many".to_owned())
//! }
//!
//! price(3).ok();
//! price(u32::MAX).ok();
//!
//! let report = perfkit::report();
//! println!("{report}");
//! let price = report.operation("price").expect("everything annotated is in the report");
//! # #[cfg(feature = "measure")]
//! assert_eq!(price.part("outcomes", "error"), Some(1));
//! ```
//!
//! The report lists everything annotated, called or not, with its calls, how they ended and how long they took. A program
//! that begins with [`let _report = perfkit::report_on_exit();`](report_on_exit) prints it when it ends.
//!
//! # Attributes
//!
//! | attribute | on | what it does |
//! |---|---|---|
//! | [`#[measured]`](macro@measured) | any function | counts and times its calls |
//! | [`#[cached]`](macro@cached) | functions with an answer that is not borrowed | keeps its answers for a while |
//! | [`#[memoized]`](macro@memoized) | pure functions | keeps its answers for good |
//! | [`#[lazy]`](macro@lazy) | functions without arguments | loads once, shares |
//! | [`#[fallback]`](macro@fallback) | functions with an answer that can fail | answers when nothing else does |
//! | [`#[timeout]`](macro@timeout) | async functions with an answer that can fail | cancels a call that takes too long |
//! | [`#[retry]`](macro@retry) | functions with an answer that can fail | makes a failed call again, after a moment, within a budget |
//! | [`#[hedged]`](macro@hedged) | async functions that may run twice | gives a slow call company |
//! | [`#[breaker]`](macro@breaker) | functions with an answer that can fail | leaves alone what fails too often |
//! | [`#[rate_limited]`](macro@rate_limited), [`#[bulkhead]`](macro@bulkhead) | any function | bounds how often, how many at once |
//! | [`#[throttled]`](macro@throttled), [`#[debounced]`](macro@debounced) | functions that are called too often | runs once in a time, once for a burst |
//! | [`#[pooled]`](macro@pooled) | functions that make a resource | lends it from a pool |
//! | [`#[batched]`](macro@batched) | functions over a `Vec` | callers pass one item, and get its answer |
//! | [`#[offloaded]`](macro@offloaded) | functions that keep a processor busy | runs them on threads of their own, awaited |
//!
//! The order that works for all of them, from the outside in: `measured`, `cached` (or `memoized`, `lazy`), `debounced`,
//! `fallback`, `timeout` of the whole call, `retry`, `hedged`, `breaker`, `rate_limited` or `throttled`, `bulkhead`, `timeout` of
//! each attempt, and `pooled`, `batched` or `offloaded` next to the body. Most other orders mean something, too; those that do
//! not are errors that say which one does.
//!
//! Attributes work in the order in which they are read: the topmost sees the call first. Attributes of other crates keep
//! their place, except that all of ours on one function are one wrapper around the body; another crate's attribute between
//! them ends up outside of it.
//!
//! Each takes `name = "…"` for the report, and `crate = path` where perfkit is re-exported. A duration is `"250ms"`, `"5m"`,
//! `"1h30m"` or an expression of the type [`Duration`](std::time::Duration), which is evaluated once, on first use. A wrong
//! option is an error at that option, and all errors of a function are shown in one build.
//!
//! # Errors
//!
//! A call failed when its type says so: [`Outcome`] is there for `Result`, `Option` and `Poll`, and for what you implement it.
//!
//! A policy that answers in place of the function answers with [`Rejected`], inside the function's own error type:
//!
//! ```
//! use perfkit::{Rejected, rejection, timeout};
//!
//! #[derive(Debug, thiserror::Error)]
//! enum QuoteError {
//!     #[error("no such symbol")]
//!     Unknown,
//!     #[error(transparent)]
//!     Rejected(#[from] Rejected),
//! }
//!
//! #[timeout("10ms")]
//! async fn quote() -> Result<u64, QuoteError> {
//!     std::future::pending().await
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let error = quote().await.unwrap_err();
//! let rejected = rejection(&error).expect("the limit was over before the answer");
//! assert!(rejected.is_timeout());
//! assert!(error.to_string().ends_with("took longer than 10ms and was cancelled"));
//! # });
//! # std::io::Result::Ok(())
//! ```
//!
//! Errors that need no line for it: `anyhow::Error`, `eyre::Report`, `Box<dyn Error + Send + Sync>`, `std::io::Error`, `String`.
//!
//! # The report
//!
//! [`report()`] gives a value that can be shown as a table, turned into JSON (feature `json`) or asked. [`reset()`] starts the
//! numbers anew. In the environment, `PERFKIT_REPORT=table`, `json:PATH` or `off` decides what is shown at the end of the
//! program.
//!
//! What is not a function is measured with [`measure()`], [`measure_async`] and [`span`].
//!
//! # Features
//!
//! All but `persist` are on by default, none changes what a program means.
//!
//! - `measure`: without it, `#[measured]`, `measure` and `span` are the plain code; every other attribute keeps working.
//! - `json`: the report as JSON.
//! - `tokio`: timers of the tokio runtime, its paused clock included; without it a thread of our own serves any executor.
//! - `tracing`: slow calls and timeouts as `tracing` events.
//! - `hdrhistogram`: a latency as an `hdrhistogram::Histogram`.
//! - `persist`: caches that outlive a restart, each in a file of its own.

#![forbid(unsafe_code)]

pub use perf_macros::*;
pub use perf_runtime::*;

#[doc(hidden)]
pub use perf_runtime::__private;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
