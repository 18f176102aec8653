//! Machines that know nothing of sites: they keep, count and decide, and are told what happened.
//!
//! The engine under `#[measured]`, from the bottom: a [`histogram`] says which bucket a duration belongs to; a
//! [`block`] is what one thread knows of one series, [`copied`] what a reader took of it; [`shared`] is what the threads
//! know that cannot have a block; a [`series`] adds them up into [`totals`] and [`buckets`]; [`blocks`] keeps blocks
//! for the next thread; [`local`] is a thread's way to its blocks; a [`frame`] is one call, and [`names`] finds a series
//! by a text.
//!
//! Under the caches: the [`policy`] says whom a shard evicts, [`persist`] keeps what one knows in a file.
//!
//! Under `#[timeout]`: a [`counter`] that threads do not fight over, and the [`deadline`] that calls inside inherit.
//!
//! Under a cache: [`known`] finds what is typed behind a static that is not, a [`key`] is looked for before it is made, a
//! [`store`] keeps answers, the [`policy`] says whom a shard of
//! it evicts, a [`flight`] runs one body per key at a time, and [`tags`] say which answers go together.
//!
//! Under `#[retry]`: the [`backoff`] says how long to wait, the [`budget`] whether there is anything left to spend, a
//! [`random`] number takes away what would come together, and [`repeating`] keeps retries inside each other from
//! multiplying. Under `#[hedged]`: a [`percentile`] of late. Both tell the time [`since`] a start.
//! Under `#[breaker]`: a [`breaker`] decides whether a call may run, by what became of those before it.
//!
//! Under `#[rate_limited]` and `#[bulkhead]`: a [`limiter`] decides how often, a [`bulkhead`] how many at once.
//!
//! Under a batcher: the line in front of a [`batch`].
//!
//! Under `debounce` and `throttle`: [`debounce`] and [`throttle`] decide at which [`edge`] a call runs.

pub(crate) mod backoff;
pub(crate) mod batch;
pub(crate) mod block;
pub(crate) mod blocks;
pub(crate) mod breaker;
pub(crate) mod buckets;
pub(crate) mod budget;
pub(crate) mod bulkhead;
pub(crate) mod copied;
pub(crate) mod counter;
pub(crate) mod deadline;
pub(crate) mod debounce;
pub(crate) mod edge;
#[cfg(feature = "tracing")]
pub(crate) mod event_limit;
pub(crate) mod flight;
pub(crate) mod frame;
pub(crate) mod histogram;
pub(crate) mod key;
pub(crate) mod known;
pub(crate) mod limiter;
pub(crate) mod local;
pub(crate) mod names;
pub(crate) mod percentile;
#[cfg(feature = "persist")]
pub mod persist;
pub(crate) mod policy;
pub(crate) mod pool;
pub(crate) mod random;
pub(crate) mod repeating;
pub(crate) mod series;
pub(crate) mod shared;
pub(crate) mod since;
pub(crate) mod store;
pub(crate) mod tags;
pub(crate) mod throttle;
pub(crate) mod totals;
