//! memoize: its attribute as it comes, which is a map per thread, and shared by all threads.

use std::sync::Arc;

use ::memoize::memoize;

use super::behaviour::{Answer, Call, Kept, Which, fail_now, keep, load_now};
use super::{Behaviour, ROOM_FOR_MILLION, Store, TTL, behaviour, keys, load, load_text, pairs};
use crate::rows::{Row, Tool};
use crate::workload;

/// The attribute of memoize.
pub const TOOL: Tool = Tool {
    name: "memoize",
    start: || {},
    rows,
    background: false,
};

/// Its bounded and expiring map.
pub const STORE: Store = Store {
    name: "memoize Capacity TTL",
    fill: |room, entries| {
        let call = match room {
            ROOM_FOR_MILLION => two_million,
            keys::MILLION_ENTRIES => million,
            _ => hundred_thousand,
        };
        for (key, _) in pairs(entries) {
            call(key);
        }
        entries // an exact bound; it has no way to ask
    },
};

#[memoize(SharedCache, Capacity: 2_000_000, TimeToLive: TTL)]
fn two_million(key: u64) -> u64 {
    key
}

#[memoize(SharedCache, Capacity: 1_000_000, TimeToLive: TTL)]
fn million(key: u64) -> u64 {
    key
}

#[memoize(SharedCache, Capacity: 100_000, TimeToLive: TTL)]
fn hundred_thousand(key: u64) -> u64 {
    key
}

#[memoize]
fn hit(key: u64) -> u64 {
    load(key)
}

#[memoize(SharedCache)]
fn hit_shared(key: u64) -> u64 {
    load(key)
}

#[memoize(SharedCache, Capacity: 2_000, TimeToLive: TTL)]
fn hit_bounded(key: u64) -> u64 {
    load(key)
}

#[memoize(SharedCache)]
fn hit_million_shared(key: u64) -> u64 {
    load(key)
}

#[memoize(SharedCache, Capacity: 2_000_000, TimeToLive: TTL)]
fn hit_million_bounded(key: u64) -> u64 {
    load(key)
}

// It takes no references: the caller makes a string.
#[memoize]
#[expect(clippy::needless_pass_by_value, reason = "see above")]
fn hit_text(name: String) -> Arc<String> {
    load_text(&name)
}

#[memoize(SharedCache, Capacity: 2_000, TimeToLive: TTL)]
#[expect(clippy::needless_pass_by_value, reason = "see above")]
fn hit_text_bounded(name: String) -> Arc<String> {
    load_text(&name)
}

#[memoize(SharedCache, Capacity: 100_000)]
fn evict(key: u64) -> u64 {
    load(key)
}

#[memoize(SharedCache, Capacity: 100_000, TimeToLive: TTL)]
fn evict_ttl(key: u64) -> u64 {
    load(key)
}

#[memoize(SharedCache, Capacity: 100_000)]
fn miss(key: u64) -> u64 {
    load(key)
}

#[memoize(SharedCache, Capacity: 100_000, TimeToLive: TTL)]
fn miss_ttl(key: u64) -> u64 {
    load(key)
}

fn rows() -> Vec<Row> {
    vec![
        workload!(Hit, "hit, a map per thread", |key| hit(key)),
        workload!(Hit, "hit, Shared", |key| hit_shared(key)),
        workload!(Hit, "hit, Shared Capacity TTL", |key| hit_bounded(key)),
        // A map per thread would have to be filled by every thread that comes and goes.
        workload!(HitMillion, "1M, Shared", |key| hit_million_shared(key)),
        workload!(HitMillion, "1M, Shared Capacity TTL", |key| {
            hit_million_bounded(key)
        }),
        workload!(HitText, "String, a map per thread", |name| hit_text(
            name.to_owned()
        )),
        workload!(HitText, "String, Shared Capacity TTL", |name| {
            hit_text_bounded(name.to_owned())
        }),
        workload!(Evict, "evict, Shared Capacity", |key| evict(key)),
        workload!(Evict, "evict, Shared Capacity TTL", |key| evict_ttl(key)),
        workload!(Miss, "miss, Shared Capacity", |key| miss(key)),
        workload!(Miss, "miss, Shared Capacity TTL", |key| miss_ttl(key)),
    ]
}

#[memoize(SharedCache, Capacity: 20_000, TimeToLive: TTL)]
fn a(key: u64) -> u64 {
    load_now(Which::A, key)
}

#[memoize(SharedCache, Capacity: 20_000, TimeToLive: TTL)]
fn b(key: u64) -> u64 {
    load_now(Which::B, key)
}

#[memoize(SharedCache, Capacity: 20_000, TimeToLive: TTL)]
fn fails(key: u64) -> Result<u64, String> {
    fail_now(key)
}

#[memoize(SharedCache, Capacity: 20_000, TimeToLive: TTL)]
fn aliased(key: u64) -> Answer<u64> {
    fail_now(key)
}

#[memoize(SharedCache, Capacity: 20_000, TimeToLive: behaviour::SHORT)]
fn keeps(key: u64) -> Arc<Kept> {
    keep(key)
}

/// Shared by all threads.
pub const SHARED: Behaviour = Behaviour {
    name: "memoize Shared",
    a: Call::Sync(a),
    b: Some(Call::Sync(b)),
    patient: None,
    fails: Some(Call::Sync(fails)),
    aliased: Some(Call::Sync(aliased)),
    keeps: Some(Call::Sync(keeps)),
    // There is no forgetting one key, only all.
    invalidate: Some(|_| memoized_flush_a()),
};
