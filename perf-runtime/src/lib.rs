//! The runtime of perfkit. Use it through the `perfkit` crate.

mod again;
mod answers;
mod batcher;
mod beside;
mod breaker;
mod bulkhead;
mod by_hand;
mod cache;
mod carried;
#[cfg(test)]
#[cfg_attr(
    not(feature = "tokio"),
    allow(dead_code, reason = "part of the chaos needs a runtime")
)]
mod chance;
mod classify;
mod clock;
mod editor;
mod ended;
#[cfg(feature = "persist")]
mod ending;
mod eventually;
#[cfg(all(test, perfkit_model))]
mod explored;
mod held;
mod instruments;
mod kept;
mod latency;
mod limiter;
mod memoize;
mod outcome;
mod paced;
mod parts;
mod pool;
mod registry;
mod rejected;
pub mod report;
mod rows;
mod rt;
mod site;
pub mod snapshot;
mod workers;

pub use crate::batcher::{
    Answers, Batcher, BatcherBuilder, BatcherStats, DedupedBuilder, Full, batch_operations,
};
pub use crate::breaker::{
    Breaker, BreakerBuilder, BreakerChange, BreakerError, BreakerFault, BreakerKey, BreakerPermit,
    BreakerReason, BreakerSnapshot, BreakerState, get_breaker,
};
pub use crate::bulkhead::{Bulkhead, BulkheadBuilder, BulkheadError, BulkheadPermit};
pub use crate::by_hand::{Span, measure, measure_async, span, try_measure, try_measure_async};
#[cfg(feature = "persist")]
pub use crate::cache::Storable;
pub use crate::cache::{
    Cache, CacheBuilder, CacheError, CacheFault, CacheStats, Cause, Expires, Iter, Lazy, Throttle,
    ThrottleKey, get_cache, invalidate_tag,
};
pub use crate::classify::{Class, Classify};
pub use crate::clock::coarse::Clock;
pub use crate::instruments::debounced::{Debounce, DebounceKey};
pub use crate::instruments::retry::RetryEvent;
pub use crate::limiter::{RateLimiter, RateLimiterBuilder, RateLimiterError};
pub use crate::memoize::{Memoized, memoize};
pub use crate::outcome::Outcome;
pub use crate::paced::{Debounced, Throttled, debounce, throttle};
pub use crate::parts::deadline::{deadline, remaining};
pub use crate::parts::edge::Edge;
pub use crate::parts::key::{ByBits, CacheKey, Key, Lookup};
#[cfg(feature = "persist")]
pub use crate::parts::persist::{PersistError, Saved};
pub use crate::pool::{
    Pool, PoolBuilder, PoolError, PoolStats, Pooled, Straggler, Stragglers, get_pool,
};
pub use crate::rejected::{Chain, LoadFailed, Reason, Rejected, rejection};
pub use crate::report::{Report, report, report_on_exit, reset};
pub use crate::workers::{Workers, WorkersStats};

/// The options of every attribute, for editors.
#[doc(hidden)]
pub mod __ide {
    pub use crate::editor::*;
}

/// The whole contract with the expansions of `perf-macros`. Not for users: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use linkme;

    pub use crate::again::again;
    pub use crate::beside::Named;
    pub use crate::classify::{ByChain, ByClass, ByNothing, ByOutcome, Class, Judged, classed};
    pub use crate::clock::Start;
    pub use crate::ended::{Ended, answered, settled};
    pub use crate::instruments::fallback::{Eventually, eventually};
    pub use crate::instruments::{
        batched, breaker, bulkhead, cached, debounced, fallback, hedged, lazy, measured, memoized,
        offloaded, pooled, rate_limited, retry, throttled, timeout,
    };
    pub use crate::kept::{
        ByClone, ByRejection, ByText, Keepable, Kept, NoWay, Share, Sharing, Success, Whole,
    };
    pub use crate::outcome::{Answer, WithOutcome, WithoutOutcome};
    pub use crate::parts::key::{
        ByStructure, ByValue, CacheKey, Deep, KeyOf, Lookup, deep_part, key_of_call, part,
    };
    #[cfg(feature = "persist")]
    pub use crate::parts::persist;
    pub use crate::registry::{Observed, SITES};
    pub use crate::rejected::{FromRejected, Rejectable, Rejected, rejected, rejected_with};
    pub use crate::site::{Instrument, Site};
    pub use crate::snapshot::Meta;

    /// What every attribute that keeps answers has in its expansion.
    pub mod cache {
        pub use crate::answers::{apart, at_once};
        pub use crate::cache::{
            Begun, Beside, Cache, GiveSettings, Hooks, Lazy, Tags, Weigh, tagged, ttl_from,
        };
        #[cfg(feature = "persist")]
        pub use crate::cache::{Persist, persisted};
    }

    /// Gives an async block its type: `if false { return never::<T>(); }`, because the compiler expects none of it.
    #[must_use]
    pub fn never<T>() -> T {
        unreachable!("written behind `if false`")
    }

    /// What a function's body gives, which may return early; the closure goes straight to an `FnOnce`, so that it may
    /// hand out what it borrows from its arguments.
    #[inline]
    pub fn made<T>(body: impl FnOnce() -> T) -> T {
        body()
    }

    /// Asks of a label what the instrument asks of it, where nothing is measured.
    #[inline]
    pub fn label(_: &(impl core::fmt::Display + ?Sized)) {}
}
