//! The attributes of perfkit. Use them through the `perfkit` crate.
//!
//! One road for all of them: the stack gathers the attributes of a function, the grammar
//! reads what each was given, the attribute checks it and says how it wraps a call, and the stack
//! writes one expansion around the function's own tokens. Nothing here panics, whatever is written.

#![forbid(unsafe_code)]

mod again;
mod answers;
mod budget;
mod by;
mod call;
mod carried;
mod editor;
mod errors;
mod function;
mod handle;
mod instruments;
mod options;
mod stack;

use proc_macro::TokenStream;

/// Counts and times the calls of a function; how each ended is decided by the type of its answer.
///
/// ```
/// use perfkit::measured;
///
/// #[measured(name = "parse_port")]
/// fn parse_port(text: &str) -> Result<u16, std::num::ParseIntError> {
///     text.parse()
/// }
///
/// parse_port("8080").ok();
/// parse_port("eighty").ok();
///
/// let report = perfkit::report();
/// # #[cfg(feature = "measure")] {
/// let row = report.operation("parse_port").expect("what is annotated is in the report");
/// assert_eq!(row.count("calls"), Some(2));
/// assert_eq!(row.part("outcomes", "error"), Some(1));
/// # }
/// ```
///
/// # What it promises
///
/// Every call is counted, and ends as one of ok, error, panic and cancelled (a future that is dropped before it is
/// ready). The report has the calls in flight, the latency with at most 1 % error, and the self time: the function's
/// own, without the annotated functions it calls. For a future there are two times, the one on the clock and the one
/// spent polling it. Nothing is allocated after a thread's first call, nothing is locked, and no panic is caught.
///
/// # Options
///
/// | option | value | default |
/// |---|---|---|
/// | `name` | text: what the report calls the function | its path, `shop::Cart::add` |
/// | `slow` | a duration such as `"250ms"`: calls at least this long are counted as slow, and told as `tracing` events | none is |
/// | `sample` | a count: one call in this many is timed, by chance; every call is counted | 1 |
/// | `by` | an expression over the arguments that can be shown: the numbers are also kept for each label, of which there are 100; the rest is `other` | none |
/// | `crate` | the path of perfkit, where it is re-exported | `::perfkit` |
///
/// `slow` and `sample` take any expression of their type; it is evaluated once, when the function is first called, and
/// cannot use the arguments. `by` is evaluated at the start of every call, before an argument moves. `name` takes a
/// constant.
///
/// ```
/// use perfkit::measured;
/// use std::time::Duration;
///
/// fn patience() -> Duration {
///     Duration::from_millis(250)
/// }
///
/// #[measured(slow = patience(), by = tenant)]
/// fn orders(tenant: &str, since: u32) -> Vec<u32> {
///     (since..since + tenant.len() as u32).collect()
/// }
///
/// assert_eq!(orders("blue", 1), [1, 2, 3, 4]);
/// ```
///
/// # Where it goes
///
/// On any function with a body: free, nested, a method with any receiver, in a trait or its implementation, generic,
/// `async`, `unsafe`, `extern`, `-> !`, under `#[async_trait]`. A function that is not `async` but says
/// `-> impl Future` or `-> Pin<Box<dyn Future>>` is measured by its future, from the first poll; the second is boxed
/// once more for it, unless its body is a single `Box::pin(async move { … })`. `BoxFuture<'a, T>` and
/// `LocalBoxFuture<'a, T>` are known by their names as aliases of the second. Any other type that happens to be a future,
/// an alias of another name for example, is an answer like others: making it is what is measured. An `impl Future` that
/// also promises `Unpin` cannot be kept.
///
/// Not on a `const fn`, nor on something without a body, a closure or a block; those have
/// `perfkit::measure` and `perfkit::span`.
///
/// # How attributes stack
///
/// They work in the order they are read: the topmost sees the call first. `#[measured]` above [`#[timeout]`](macro@timeout)
/// sees what the caller sees, below it what the body does:
///
/// ```
/// use perfkit::{measured, timeout};
///
/// #[measured(name = "outside")] // a call that takes too long is an error, after 10 ms
/// #[timeout("10ms")]
/// async fn outside() -> Result<(), std::io::Error> {
///     std::future::pending().await
/// }
///
/// #[timeout("10ms")]
/// #[measured(name = "inside")] // the same call is cancelled
/// async fn inside() -> Result<(), std::io::Error> {
///     std::future::pending().await
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// outside().await.unwrap_err();
/// inside().await.unwrap_err();
/// # });
/// let report = perfkit::report();
/// let ended = |op, how| report.operation(op)?.part("outcomes", how);
/// # #[cfg(feature = "measure")] {
/// assert_eq!(ended("outside", "error"), Some(1));
/// assert_eq!(ended("inside", "cancelled"), Some(1));
/// # }
/// # std::io::Result::Ok(())
/// ```
///
/// The topmost of ours reads those below it, by the names `measured`, `perfkit::measured` and through `crate = path`,
/// also inside `#[cfg_attr]`. An import under another name works on top or alone; below another of ours it is an error
/// that says so. Attributes of other crates keep their place, but all of ours are one wrapper: what stands between them
/// ends up outside of it, what stands above them and expands first ends up inside.
///
/// # What it expands to
///
/// One static, listed by the linker, and a call begun before the body, which stays as it is written, and ended after it:
///
/// ```text
/// fn parse_port(text: &str) -> Result<u16, ParseIntError> {
///     static SITE: Site<Measured> = Site::here(…);
///     let call = SITE.get().begin(); // dropped by unwinding, it is a panic
///     let answer = made(move || -> Result<u16, ParseIntError> { text.parse() });
///     call.end(answer.is_error());
///     answer
/// }
/// ```
///
/// A function without an answer, or with `-> impl Trait`, keeps its body outside of a closure, beside a guard. With
/// `#[track_caller]`, a panic inside a closure names the function's own line and not the caller's.
///
/// # What it costs
///
/// About as much as reading the time twice, some tens of nanoseconds; with the feature `measure` off, nothing: the body
/// is the function's own again. Each thread that calls the function keeps 6 KB for it.
///
/// # What it does not do
///
/// It never looks at arguments, except through `by`. It does not see what happens in threads and tasks that the function
/// starts. The numbers of a generic function are kept together. What is behind a plain `-> impl Trait` is not judged: such
/// a call ends as ok or panic. Where `impl Fn` is only a part of the answer, as in `Result<impl Fn(&u8) -> u8, E>`, or the
/// answer of an `async fn`, the closure has to write the types of its arguments, `|n: &u8| *n`: the body is inside a
/// closure or a future, which cannot name the `impl Fn`.
#[proc_macro_attribute]
pub fn measured(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("measured", &args.into(), item.into()).into()
}

/// Cancels a call of an `async fn` that takes too long, and answers in its place.
///
/// ```
/// use perfkit::timeout;
///
/// #[timeout("10ms")]
/// async fn quote(symbol: &str) -> Result<u64, std::io::Error> {
///     std::future::pending().await
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let error = quote("ACME").await.unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
/// # });
/// # std::io::Result::Ok(())
/// ```
///
/// # What it promises
///
/// The limit counts from the first poll. When it has passed the body is dropped, which cancels it, and the call answers
/// with `perfkit::Rejected` inside the function's own error. A body that is ready in the same poll has answered. A timeout inside another never waits longer than the outer one, and the
/// outer one is the one that is counted. A panic stays the body's.
///
/// # Options
///
/// | option | value | default |
/// |---|---|---|
/// | the first, without a name | the limit: a duration such as `"250ms"`, or an expression that gives a `Duration` | must be given |
/// | `name` | text: what the report calls the function | its path |
/// | `reject` | a closure or the path of a function from `Rejected` to the function's error | `From<Rejected>` |
/// | `crate` | the path of perfkit, where it is re-exported | `::perfkit` |
///
/// The limit is evaluated once, when the function is first called, and cannot use the arguments.
///
/// # What the call answers with
///
/// `None`, if the function gives an `Option`. If it gives a `Result`, its error has to have a place for a rejection:
/// `anyhow::Error`, `eyre::Report`, `Box<dyn Error + Send + Sync>`, `io::Error` and `String` have one, an error of your
/// own needs `From<Rejected>`, or `reject` says what becomes of it:
///
/// ```
/// use perfkit::timeout;
///
/// #[derive(Debug, PartialEq)]
/// enum QuoteError {
///     TooSlow,
/// }
///
/// #[timeout("10ms", reject = |_| QuoteError::TooSlow)]
/// async fn quote(symbol: &str) -> Result<u64, QuoteError> {
///     std::future::pending().await
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// assert_eq!(quote("ACME").await, Err(QuoteError::TooSlow));
/// # });
/// # std::io::Result::Ok(())
/// ```
///
/// # Where it goes
///
/// On what gives a future whose answer can fail: an `async fn`, in a trait as well, under `#[async_trait]`, and a function
/// that says `-> impl Future`, `-> Pin<Box<dyn Future>>` or `-> BoxFuture`, which is boxed once more. Not on a function that blocks: a
/// thread cannot be cancelled.
///
/// It stacks with [`#[measured]`](macro@measured#how-attributes-stack) in either order.
///
/// # What it expands to
///
/// One static, listed by the linker, and one wrapper around the future of the body:
///
/// ```text
/// async fn quote(symbol: &str) -> Result<u64, QuoteError> {
///     static SITE: Site<Timeout> = Site::new(…);
///     SITE.get().call_async(async move { … }, |rejected| …).await
/// }
/// ```
///
/// # What it costs
///
/// A body that is ready at once pays for reading the time and two counts. Only one that has to wait gets a timer.
///
/// # What it does not do
///
/// It cannot stop a body that blocks its thread between two polls, nor what the body has started elsewhere.
#[proc_macro_attribute]
pub fn timeout(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("timeout", &args.into(), item.into()).into()
}

#[doc = include_str!("docs/cached.md")]
#[proc_macro_attribute]
pub fn cached(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("cached", &args.into(), item.into()).into()
}

#[doc = include_str!("docs/memoized.md")]
#[proc_macro_attribute]
pub fn memoized(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("memoized", &args.into(), item.into()).into()
}

#[doc = include_str!("docs/breaker.md")]
#[proc_macro_attribute]
pub fn breaker(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("breaker", &args.into(), item.into()).into()
}

/// Loads the answer of a function without arguments once, and shares it.
///
/// ```
/// use perfkit::lazy;
///
/// #[lazy]
/// fn countries() -> std::sync::Arc<Vec<&'static str>> {
///     // read from a file, a database, …
///     vec!["at", "de", "ch"].into()
/// }
///
/// assert!(!countries_lazy().is_loaded());
/// assert_eq!(countries().len(), 3); // loads
/// assert_eq!(countries().len(), 3); // does not
///
/// countries_lazy().reset();
/// assert_eq!(countries().len(), 3); // loads again
/// ```
///
/// # What it promises
///
/// The body runs for the first caller; those who come meanwhile wait for its answer, threads and futures alike, and all
/// later callers get a clone of it. Nothing poisons it: after a body that panicked, was cancelled or gave an error, the
/// next caller runs it. The panic reaches the caller that ran the body; the others go on, one of them as the new runner.
/// An error is shared with those who waited for it, if it can be (see [`#[cached]`](macro@cached)).
///
/// Nobody waits for ever: a body that asks for its own value runs once more instead, and a caller that has waited for as
/// long as `wait` says runs the body itself.
///
/// # Options
///
/// | option | value | default |
/// |---|---|---|
/// | `name` | text: what the report calls the function | its path |
/// | `retry_errors` | `retry_errors = false` keeps an error as well, and every later caller gets it, until a reset | errors are tried again |
/// | `wait` | a duration: how long a caller waits for another one that loads | `"10s"` |
/// | `handle` | `handle` or `handle = false`: whether there is a `<function>_lazy()` | see below |
/// | `crate` | the path of perfkit, where it is re-exported | `::perfkit` |
///
/// # The handle
///
/// Beside a function `countries` stands `countries_lazy()`, with the same visibility. It gives a `perfkit::Lazy`, which
/// knows whether the value is there, gives it without loading, sets it, and forgets it. There is none in the
/// implementation of a trait, where no function of its own can stand: without `pub`, a method has one only if it says
/// `handle`.
///
/// # Where it goes
///
/// On a function without arguments, sync or async, that gives an answer which is `Clone + Send + Sync + 'static`; one that
/// is not `Clone` is given in an `Arc`. Of a `Result` or an `Option` the success is kept. A generic function has one value
/// for each of its instances.
///
/// # What it costs
///
/// A call that finds the value takes no lock and allocates nothing; it costs some nanoseconds and a clone.
///
/// # What it does not do
///
/// A value that depends on arguments is [`#[cached]`](macro@cached) or [`#[memoized]`](macro@memoized); one that grows old is
/// cached, too.
#[proc_macro_attribute]
pub fn lazy(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("lazy", &args.into(), item.into()).into()
}

#[doc = include_str!("docs/retry.md")]
#[proc_macro_attribute]
pub fn retry(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("retry", &args.into(), item.into()).into()
}

#[doc = include_str!("docs/fallback.md")]
#[proc_macro_attribute]
pub fn fallback(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("fallback", &args.into(), item.into()).into()
}

#[doc = include_str!("docs/hedged.md")]
#[proc_macro_attribute]
pub fn hedged(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("hedged", &args.into(), item.into()).into()
}

#[doc = include_str!("docs/rate_limited.md")]
#[proc_macro_attribute]
pub fn rate_limited(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("rate_limited", &args.into(), item.into()).into()
}

#[doc = include_str!("docs/bulkhead.md")]
#[proc_macro_attribute]
pub fn bulkhead(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("bulkhead", &args.into(), item.into()).into()
}

#[doc = include_str!("docs/throttled.md")]
#[proc_macro_attribute]
pub fn throttled(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("throttled", &args.into(), item.into()).into()
}

#[doc = include_str!("docs/debounced.md")]
#[proc_macro_attribute]
pub fn debounced(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("debounced", &args.into(), item.into()).into()
}

#[doc = include_str!("docs/batched.md")]
#[proc_macro_attribute]
pub fn batched(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("batched", &args.into(), item.into()).into()
}

#[doc = include_str!("docs/offloaded.md")]
#[proc_macro_attribute]
pub fn offloaded(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("offloaded", &args.into(), item.into()).into()
}

#[doc = include_str!("docs/pooled.md")]
#[proc_macro_attribute]
pub fn pooled(args: TokenStream, item: TokenStream) -> TokenStream {
    stack::expand("pooled", &args.into(), item.into()).into()
}
