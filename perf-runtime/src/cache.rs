//! A cache: what `#[cached]` and `#[memoized]` have in common, and what `perfkit::Cache` is the handle of.
//!
//! It joins what knows nothing of each other: a store that keeps answers, flights that make one at a time, a clock, and
//! counters. A call looks its key up ([`looked`]); what it finds is its answer, and else it runs its body and keeps what
//! that gives ([`landing`]). One [`Core`] is behind an annotated function and counts for all of it; the typed part is a
//! [`slot`] of it, of which a generic function has several ([`slots`]).
//!
//! # What is counted
//! Each call is one lookup: a hit, a miss, or bypassed. A miss runs the body, which is a load, or waits for the load of
//! another call and is coalesced. Loads end as ok, error, panic or cancelled, as a measured call does.

use crate::parts::counter::Counters;
use crate::parts::series::Series;

mod access;
mod beside;
mod builder;
mod by_hand;
mod found;
mod future;
mod handle;
mod hooks;
mod iter;
mod landing;
pub(crate) mod lazy;
mod load;
mod looked;
mod many;
mod pattern;
#[cfg(feature = "persist")]
pub(crate) mod persisted;
mod prepared;
mod refresh;
pub(crate) mod report;
mod settings;
mod slot;
mod slots;
mod stats;
mod taken;
pub(crate) mod throttled;
mod trailing;

pub(crate) use self::access::Access;
pub use self::beside::Beside;
pub use self::builder::{CacheBuilder, CacheError, CacheFault};
pub use self::found::{get_cache, invalidate_tag};
pub use self::future::Begun;
pub use self::handle::Cache;
pub use self::hooks::{Cause, Expires, Hooks, Tags, Weigh, ttl_from};
pub use self::iter::Iter;
pub use self::lazy::Lazy;
pub(crate) use self::looked::Looked;
pub use self::looked::tagged;
#[cfg(feature = "persist")]
pub use self::persisted::{Persist, Storable, persisted};
pub(crate) use self::refresh::Refresh;
pub use self::settings::{GiveSettings, Settings};
pub use self::stats::CacheStats;
pub(crate) use self::trailing::{AllTrails, TrailedOrLeft};
pub use self::trailing::{Beside as BesideTrails, Throttle, ThrottleKey};

use self::by_hand::Living;
use self::slots::Slots;

/// What happens to calls and answers, by index of the counters.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Count {
    Hit,
    Miss,
    Bypassed,
    Coalesced,
    Stale,
    Refresh,
    Cycle,
    WaitExpired,
    Deserted,
    Evicted,
    TooHeavy,
    Expired,
    Invalidated,
    Replaced,
}

/// How many there are.
const COUNTS: usize = 14;

/// What a call has found, and the refresh of it that is this call's to start.
pub(crate) type Refreshed<K, R, V> = (Looked<'static, K, R, V>, Option<Refresh<K, R, V>>);

/// The part of a cache that has no types: of all instances of a generic function together.
pub(crate) struct Core {
    op: &'static str,
    settings: Settings,
    counters: Counters<COUNTS>,
    loads: Series,
    slots: Slots,
    /// Those that were made by hand.
    living: Living,
}

impl Core {
    /// Made once for each function, which is there for good; so is this.
    pub(crate) fn new(op: &'static str, settings: Settings) -> &'static Self {
        Box::leak(Box::new(Self {
            op,
            settings,
            counters: Counters::new(),
            loads: Series::new(None, 1),
            slots: Slots::new(),
            living: Living::new(),
        }))
    }

    #[inline]
    pub(crate) fn count(&self, what: Count) {
        self.counters.add_one(what as usize);
    }

    /// Starts the numbers anew; what is kept stays.
    pub(crate) fn reset(&self) {
        self.counters.reset();
        self.loads.reset();
        #[cfg(feature = "persist")]
        persisted::reset(self);
    }
}
