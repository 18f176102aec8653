//! The caches, one file per tool: hits and misses to time, stores to weigh, functions to put on the spot.
//!
//! All tools cache the same few functions. [`load`] is what they spare, [`keys`] what they are asked for; [`workload!`]
//! makes a row of the `cached` bench from one call, [`Store`] is a line of `cache_memory`, and [`Behaviour`] is what
//! `flights` and `hangs` try.

use std::sync::Arc;
use std::time::Duration;

use crate::rows::{Tool, count_load};
use crate::tools::body;

pub mod bare;
pub mod behaviour;
pub mod cached;
pub mod concurrent;
pub mod foyer;
pub mod keys;
pub mod memoize;
pub mod mini_moka;
pub mod moka;
pub mod once;
pub mod paired;
pub mod perfkit;
pub mod quick_cache;

pub use behaviour::Behaviour;

/// Every tool of the `cached` bench.
pub const ALL: [Tool; 11] = [
    bare::TOOL,
    perfkit::TOOL,
    cached::TOOL,
    memoize::TOOL,
    moka::TOOL,
    mini_moka::TOOL,
    quick_cache::TOOL,
    foyer::TOOL,
    concurrent::DASHMAP,
    concurrent::PAPAYA,
    paired::TOOL,
];

/// Every store that is weighed.
pub const STORES: [Store; 13] = [
    bare::STORE,
    perfkit::STORE,
    cached::LRU,
    cached::LRU_TTL,
    memoize::STORE,
    moka::STORE,
    moka::STORE_TTL,
    mini_moka::STORE,
    quick_cache::STORE,
    quick_cache::STORE_TTL,
    foyer::STORE,
    concurrent::DASHMAP_STORE,
    concurrent::PAPAYA_STORE,
];

/// Every way to cache a function that is put on the spot.
pub const BEHAVIOURS: [Behaviour; 18] = [
    perfkit::SYNC,
    perfkit::ASYNC,
    perfkit::MEMOIZED,
    cached::PLAIN,
    cached::BY_KEY,
    cached::BY_KEY_ASYNC,
    memoize::SHARED,
    moka::SYNC,
    moka::FUTURE,
    mini_moka::BY_HAND,
    quick_cache::SYNC,
    quick_cache::ASYNC,
    foyer::FETCH,
    concurrent::DASHMAP_ENTRY,
    once::TOKIO,
    once::ONCE_CELL,
    once::ONCE_LOCK,
    once::LAZY_LOCK,
];

/// How long entries live where they do: longer than any bench runs.
pub const TTL: Duration = Duration::from_hours(1);
/// Room of the small caches: twice their entries, so that no shard of theirs runs over.
pub const ROOM_FOR_THOUSAND: usize = 2 * keys::THOUSAND_ENTRIES;
/// Room of the large caches.
pub const ROOM_FOR_MILLION: usize = 2 * keys::MILLION_ENTRIES;
/// Room of the caches that evict: a tenth of the keys they are asked for.
pub const ROOM_TO_EVICT: usize = keys::MILLION_ENTRIES / 10;

// The attributes of some tools take literals only; these are they.
const _: () = assert!(TTL.as_secs() == 3_600 && ROOM_FOR_THOUSAND == 2_000);
const _: () = assert!(ROOM_FOR_MILLION == 2_000_000 && ROOM_TO_EVICT == 100_000);
const _: () = assert!(behaviour::ROOM == 20_000 && behaviour::SHORT.as_secs() == 1);

/// A cache to weigh.
pub struct Store {
    /// The tool, and the store where it has several.
    pub name: &'static str,
    /// Makes a cache with room for so many pairs of `u64`, offers it so many and says how many it kept; the cache stays
    /// for the rest of the process.
    pub fill: fn(room: usize, entries: usize) -> usize,
}

/// The pairs that a store is filled with.
pub fn pairs(entries: usize) -> impl Iterator<Item = (u64, u64)> {
    (1..=entries as u64).map(|key| (body(key), key))
}

/// What is cached: next to nothing, so that the cost is the cache's.
#[inline]
#[must_use]
pub fn load(key: u64) -> u64 {
    count_load();
    body(key)
}

/// The same for a name.
#[inline]
#[must_use]
pub fn load_text(name: &str) -> Arc<String> {
    count_load();
    Arc::new(name.to_uppercase())
}

/// A row of the `cached` bench from one call on a key: the keys of its shape, filled before, beside the bare lookup.
#[macro_export]
macro_rules! workload {
    (Hit, $name:literal, |$key:ident| $call:expr) => {
        $crate::workload!(@row Hit, $name, THOUSAND, hit_thousand,
            || $crate::caches::keys::THOUSAND.all(|$key| $crate::workload!(@drop $call)),
            |turns| $crate::caches::keys::THOUSAND.each(turns, |$key| $crate::workload!(@drop $call)))
    };
    (HitMillion, $name:literal, |$key:ident| $call:expr) => {
        $crate::workload!(@row HitMillion, $name, MILLION, hit_million,
            || $crate::caches::keys::MILLION.all(|$key| $crate::workload!(@drop $call)),
            |turns| $crate::caches::keys::MILLION.each(turns, |$key| $crate::workload!(@drop $call)))
    };
    (HitText, $name:literal, |$key:ident| $call:expr) => {
        $crate::workload!(@row HitText, $name, THOUSAND, hit_text,
            || $crate::caches::keys::all_names(|$key| $crate::workload!(@drop $call)),
            |turns| $crate::caches::keys::each_name(turns, |$key| $crate::workload!(@drop $call)))
    };
    // Inside a runtime, as an async function is; some tools ask for it even on a hit.
    (HitAsync, $name:literal, |$key:ident| $call:expr) => {
        $crate::workload!(@row HitAsync, $name, THOUSAND, hit_thousand,
            || {
                let _inside = $crate::runtimes::runtime().enter();
                $crate::caches::keys::THOUSAND
                    .all(|$key| $crate::workload!(@drop $crate::tools::poll_to_end($call)));
            },
            |turns| {
                let _inside = $crate::runtimes::runtime().enter();
                $crate::caches::keys::THOUSAND
                    .each(turns, |$key| $crate::workload!(@drop $crate::tools::poll_to_end($call)));
            })
    };
    (Evict, $name:literal, |$key:ident| $call:expr) => {
        $crate::workload!(@row Evict, $name, MILLION, hit_million,
            || {
                let turns = $crate::caches::keys::MILLION_ENTRIES as u64;
                $crate::caches::keys::MILLION.draw(turns);
                $crate::caches::keys::MILLION.each(turns, |$key| $crate::workload!(@drop $call));
            },
            |turns| $crate::caches::keys::MILLION.each(turns, |$key| $crate::workload!(@drop $call)))
    };
    (Miss, $name:literal, |$key:ident| $call:expr) => {
        $crate::workload!(@row Miss, $name, MILLION, hit_million,
            || {
                let turns = 2 * $crate::caches::ROOM_TO_EVICT as u64;
                $crate::caches::keys::each_new(turns, |$key| $crate::workload!(@drop $call));
            },
            |turns| $crate::caches::keys::each_new(turns, |$key| $crate::workload!(@drop $call)))
    };
    (@row $shape:ident, $name:literal, $keys:ident, $beside:ident, $fill:expr, $run:expr) => {
        $crate::rows::Row::new($name, $crate::rows::Shape::$shape, $run)
            .beside($crate::caches::bare::$beside)
            .filled_by($fill)
            .prepared_by(|turns| $crate::caches::keys::$keys.draw(turns))
    };
    (@drop $call:expr) => {{
        let _ = ::std::hint::black_box($call);
    }};
}
