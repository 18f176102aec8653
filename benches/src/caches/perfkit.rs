//! perfkit: `#[cached]` with a bound and a time to live, `#[memoized]`, and the handle of a cache.

use std::sync::{Arc, LazyLock};

use super::behaviour::{Answer, Call, Kept, Which, fail, fail_now, keep, load_now};
use super::{
    Behaviour, ROOM_FOR_MILLION, ROOM_FOR_THOUSAND, ROOM_TO_EVICT, Store, behaviour, keys, load,
    load_text, pairs,
};
use crate::rows::{Row, Tool};
use crate::workload;

/// perfkit with its default features.
pub const TOOL: Tool = Tool {
    name: "perfkit",
    start: || {},
    rows,
    background: false,
};

/// The cache of a function.
pub const STORE: Store = Store {
    name: "perfkit",
    fill: |room, entries| {
        let (call, kept): (fn(u64) -> u64, _) = match room {
            ROOM_FOR_MILLION => (two_million, two_million_cache()),
            keys::MILLION_ENTRIES => (million, million_cache()),
            _ => (hundred_thousand, hundred_thousand_cache()),
        };
        for (key, _) in pairs(entries) {
            call(key);
        }
        usize::try_from(kept.len()).expect("as many as there is room for")
    },
};

#[perfkit::cached(ttl = "1h", max_size = ROOM_FOR_MILLION as u64)]
fn two_million(key: u64) -> u64 {
    key
}

#[perfkit::cached(ttl = "1h", max_size = keys::MILLION_ENTRIES as u64)]
fn million(key: u64) -> u64 {
    key
}

#[perfkit::cached(ttl = "1h", max_size = 100_000)]
fn hundred_thousand(key: u64) -> u64 {
    key
}

#[perfkit::cached(ttl = "1h", max_size = ROOM_FOR_THOUSAND as u64)]
#[inline(never)]
pub(super) fn hit(key: u64) -> u64 {
    load(key)
}

#[perfkit::memoized]
#[inline(never)]
fn hit_memoized(key: u64) -> u64 {
    load(key)
}

/// The handle, kept in a variable as one would.
#[inline(never)]
fn peek(key: u64) -> Option<u64> {
    static HANDLE: LazyLock<perfkit::Cache<u64, u64>> = LazyLock::new(hit_cache);
    HANDLE.peek(key)
}

#[perfkit::cached(ttl = "1h", max_size = ROOM_FOR_MILLION as u64)]
#[inline(never)]
fn hit_million(key: u64) -> u64 {
    load(key)
}

#[perfkit::cached(ttl = "1h", max_size = ROOM_FOR_THOUSAND as u64)]
#[inline(never)]
fn hit_text(name: &str) -> Arc<String> {
    load_text(name)
}

#[perfkit::cached(ttl = "1h", max_size = ROOM_FOR_THOUSAND as u64)]
pub(super) async fn hit_async(key: u64) -> u64 {
    load(key)
}

#[perfkit::cached(ttl = "1h", max_size = ROOM_TO_EVICT as u64)]
#[inline(never)]
pub(super) fn evict(key: u64) -> u64 {
    load(key)
}

#[perfkit::cached(ttl = "1h", max_size = ROOM_TO_EVICT as u64)]
#[inline(never)]
pub(super) fn miss(key: u64) -> u64 {
    load(key)
}

fn rows() -> Vec<Row> {
    vec![
        workload!(Hit, "hit, cached", |key| hit(key)),
        workload!(Hit, "hit, memoized", |key| hit_memoized(key)),
        workload!(Hit, "hit, by hand: peek", |key| peek(key)),
        workload!(HitMillion, "1M, cached", |key| hit_million(key)),
        workload!(HitText, "&str, cached", |name| hit_text(name)),
        workload!(HitAsync, "async, cached", |key| hit_async(key)),
        workload!(Evict, "evict, cached", |key| evict(key)),
        workload!(Miss, "miss, cached", |key| miss(key)),
    ]
}

#[perfkit::cached(ttl = "1h", max_size = 20_000)]
fn a(key: u64) -> u64 {
    load_now(Which::A, key)
}

#[perfkit::cached(ttl = "1h", max_size = 20_000)]
fn b(key: u64) -> u64 {
    load_now(Which::B, key)
}

#[perfkit::cached(ttl = "1h", max_size = 20_000)]
fn fails(key: u64) -> Result<u64, String> {
    fail_now(key)
}

#[perfkit::cached(ttl = "1h", max_size = 20_000)]
fn aliased(key: u64) -> Answer<u64> {
    fail_now(key)
}

#[perfkit::cached(ttl = "1s", max_size = 20_000)]
fn keeps(key: u64) -> Arc<Kept> {
    keep(key)
}

/// `#[cached]` on functions that block.
pub const SYNC: Behaviour = Behaviour {
    name: "perfkit",
    a: Call::Sync(a),
    b: Some(Call::Sync(b)),
    patient: None,
    fails: Some(Call::Sync(fails)),
    aliased: Some(Call::Sync(aliased)),
    keeps: Some(Call::Sync(keeps)),
    invalidate: Some(|key| {
        a_cache().invalidate(key);
    }),
};

#[perfkit::cached(ttl = "1h", max_size = 20_000)]
async fn a_async(key: u64) -> u64 {
    behaviour::load(Which::A, key).await
}

#[perfkit::cached(ttl = "1h", max_size = 20_000)]
async fn b_async(key: u64) -> u64 {
    behaviour::load(Which::B, key).await
}

#[perfkit::cached(ttl = "1h", max_size = 20_000, wait = behaviour::WAIT)]
async fn patient(key: u64) -> u64 {
    behaviour::load(Which::A, key).await
}

#[perfkit::cached(ttl = "1h", max_size = 20_000)]
async fn fails_async(key: u64) -> Result<u64, String> {
    fail(key).await
}

#[perfkit::cached(ttl = "1h", max_size = 20_000)]
async fn aliased_async(key: u64) -> Answer<u64> {
    fail(key).await
}

#[perfkit::cached(ttl = "1s", max_size = 20_000)]
async fn keeps_async(key: u64) -> Arc<Kept> {
    keep(key)
}

/// `#[cached]` on async functions.
pub const ASYNC: Behaviour = Behaviour {
    name: "perfkit async",
    a: Call::Async(|key| Box::pin(a_async(key))),
    b: Some(Call::Async(|key| Box::pin(b_async(key)))),
    patient: Some(Call::Async(|key| Box::pin(patient(key)))),
    fails: Some(Call::Async(|key| Box::pin(fails_async(key)))),
    aliased: Some(Call::Async(|key| Box::pin(aliased_async(key)))),
    keeps: Some(Call::Async(|key| Box::pin(keeps_async(key)))),
    invalidate: Some(|key| {
        a_async_cache().invalidate(key);
    }),
};

#[perfkit::memoized]
fn a_memoized(key: u64) -> u64 {
    load_now(Which::A, key)
}

#[perfkit::memoized]
fn b_memoized(key: u64) -> u64 {
    load_now(Which::B, key)
}

/// `#[memoized]`, on functions that answer what cannot fail.
pub const MEMOIZED: Behaviour = Behaviour {
    name: "perfkit memoized",
    a: Call::Sync(a_memoized),
    b: Some(Call::Sync(b_memoized)),
    patient: None,
    fails: None,
    aliased: None,
    keeps: None,
    invalidate: Some(|key| {
        a_memoized_cache().invalidate(key);
    }),
};
