//! What a cache has done and holds, as a plain value for programs; a report says the same for people.

use std::time::Duration;

use super::report::{Held, Numbers, ratio};
use super::slot::Keeps;
use super::{Core, Count};

/// What a cache has done since the start, or since [`reset`](crate::reset), and what it holds now.
///
/// Counts and times are those of its row in the report: of all instances of a generic function together, and of all
/// caches of one name. What it holds is its own.
///
/// ```
/// use perfkit::Cache;
///
/// let squares: Cache<u64, u64> = Cache::builder("stats: squares").build()?;
/// squares.get_or_load(3, || 9);
/// squares.get_or_load(3, || 9);
/// let stats = squares.stats();
/// assert_eq!((stats.hits, stats.misses, stats.hit_ratio), (1, 1, Some(0.5)));
/// assert_eq!((stats.entries, stats.capacity), (1, Some(1000)));
/// # Ok::<(), perfkit::CacheError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Lookups that found something.
    pub hits: u64,
    /// Lookups that did not.
    pub misses: u64,
    /// Calls of a function that were not looked up: `if = …` said no.
    pub bypassed: u64,
    /// Hits among hits and misses, 0 to 1; unknown before the first.
    pub hit_ratio: Option<f64>,
    /// Misses that another call's load has answered.
    pub coalesced: u64,
    /// Lookups that were given what was no longer fresh.
    pub stale: u64,
    /// Loads that ran in the background, to replace what was found.
    pub refreshes: u64,
    /// Loads that gave a value.
    pub loads: u64,
    /// Loads that gave an error.
    pub load_errors: u64,
    /// Loads that panicked.
    pub load_panics: u64,
    /// Loads that were dropped before their end.
    pub load_cancels: u64,
    /// How long a load takes on average, of those shorter than a microsecond by a sample; unknown before the first.
    pub mean_load: Option<Duration>,
    /// How long the hits would have taken, had each taken as long as a load on average.
    pub time_saved: Duration,
    /// Entries that had to make room, or for which there is none because they alone are too heavy.
    pub evicted: u64,
    /// Entries whose time was over.
    pub expired: u64,
    /// Entries that were taken out: invalidated, or cleared.
    pub invalidated: u64,
    /// Entries in whose place another value of their key came.
    pub replaced: u64,
    /// Entries there are, those included whose time is over and that have not been taken out yet.
    pub entries: u64,
    /// Entries there can be; unknown where there is no bound.
    pub capacity: Option<u64>,
    /// What the entries weigh, in bytes; unknown where they are not weighed.
    pub weight: Option<u64>,
    /// What they can weigh, in bytes.
    pub weight_capacity: Option<u64>,
    /// What the cache needs, in bytes; see [`Cache::memory_estimate`](crate::Cache::memory_estimate).
    pub memory: u64,
}

impl CacheStats {
    pub(super) fn of(core: &Core, slot: &dyn Keeps) -> Self {
        let Numbers {
            hits,
            misses,
            bypassed,
            loads,
            load,
            saved,
            ..
        } = Numbers::of(Some(core));
        let count = |count: Count| core.counters.since_reset(count as usize);
        let held = Held::in_slot(slot);
        let [ok, errors, panics, cancels] = loads.outcomes;
        Self {
            hits,
            misses,
            bypassed,
            hit_ratio: ratio(hits, hits.saturating_add(misses)),
            coalesced: count(Count::Coalesced),
            stale: count(Count::Stale),
            refreshes: count(Count::Refresh),
            loads: ok,
            load_errors: errors,
            load_panics: panics,
            load_cancels: cancels,
            mean_load: mean(load.sum_ns, load.count),
            time_saved: Duration::try_from_secs_f64(saved).unwrap_or(Duration::MAX),
            evicted: count(Count::Evicted).saturating_add(count(Count::TooHeavy)),
            expired: count(Count::Expired),
            invalidated: count(Count::Invalidated),
            replaced: count(Count::Replaced),
            entries: held.entries,
            capacity: held.capacity,
            weight: held.weight_capacity.map(|_| held.weight),
            weight_capacity: held.weight_capacity,
            memory: held.memory,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a mean need not be exact")]
fn mean(sum_ns: f64, count: u64) -> Option<Duration> {
    let mean = sum_ns / count as f64 / 1e9;
    (count > 0)
        .then(|| Duration::try_from_secs_f64(mean).ok())
        .flatten()
}
