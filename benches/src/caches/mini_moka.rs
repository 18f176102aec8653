//! mini-moka: `get`, and `insert` when there was nothing; it has no loading call.

use std::sync::{Arc, LazyLock};

use ::mini_moka::sync::{Cache, ConcurrentCacheExt as _};

use super::behaviour::{Answer, Call, Kept, Which, fail_now, keep, load_now};
use super::{
    Behaviour, ROOM_FOR_MILLION, ROOM_FOR_THOUSAND, ROOM_TO_EVICT, Store, TTL, behaviour, load,
    load_text, pairs,
};
use crate::rows::{Row, Tool};
use crate::workload;

/// Caches of mini-moka with a time to live.
pub const TOOL: Tool = Tool {
    name: "mini-moka",
    start: || {},
    rows,
    background: false,
};

/// Such a cache.
pub const STORE: Store = Store {
    name: "mini-moka ttl",
    fill: |room, entries| {
        let cache = numbers(room);
        for (key, value) in pairs(entries) {
            cache.insert(key, value);
        }
        cache.sync();
        usize::try_from(Box::leak(Box::new(cache)).entry_count())
            .expect("as many as there is room for")
    },
};

fn numbers(room: usize) -> Cache<u64, u64> {
    Cache::builder()
        .max_capacity(room as u64)
        .time_to_live(TTL)
        .build()
}

type Numbers = LazyLock<Cache<u64, u64>>;

static HIT: Numbers = LazyLock::new(|| numbers(ROOM_FOR_THOUSAND));
static HIT_MILLION: Numbers = LazyLock::new(|| numbers(ROOM_FOR_MILLION));
static HIT_TEXT: LazyLock<Cache<String, Arc<String>>> = LazyLock::new(|| {
    Cache::builder()
        .max_capacity(ROOM_FOR_THOUSAND as u64)
        .time_to_live(TTL)
        .build()
});
static EVICT: Numbers = LazyLock::new(|| numbers(ROOM_TO_EVICT));
static MISS: Numbers = LazyLock::new(|| numbers(ROOM_TO_EVICT));

#[inline(never)]
fn get(cache: &Cache<u64, u64>, key: u64) -> u64 {
    or_insert(cache, key, || load(key))
}

fn or_insert<V: Clone + Send + Sync + 'static>(
    cache: &Cache<u64, V>,
    key: u64,
    load: impl FnOnce() -> V,
) -> V {
    cache.get(&key).unwrap_or_else(|| {
        let value = load();
        cache.insert(key, value.clone());
        value
    })
}

#[inline(never)]
fn get_text(name: &str) -> Arc<String> {
    // Its keys are looked up as `&String` or as what `Arc<String>` can be borrowed as.
    HIT_TEXT.get(&name.to_owned()).unwrap_or_else(|| {
        let value = load_text(name);
        HIT_TEXT.insert(name.to_owned(), Arc::clone(&value));
        value
    })
}

fn rows() -> Vec<Row> {
    vec![
        workload!(Hit, "hit, get ttl", |key| get(&HIT, key)),
        workload!(HitMillion, "1M, get ttl", |key| get(&HIT_MILLION, key)),
        workload!(HitText, "String, get ttl", |name| get_text(name)),
        workload!(Evict, "evict, get insert ttl", |key| get(&EVICT, key)),
        workload!(Miss, "miss, get insert ttl", |key| get(&MISS, key)),
    ]
}

static A: Numbers = LazyLock::new(|| numbers(behaviour::ROOM));
static B: Numbers = LazyLock::new(|| numbers(behaviour::ROOM));
static KEPT: LazyLock<Cache<u64, Arc<Kept>>> = LazyLock::new(|| {
    Cache::builder()
        .max_capacity(behaviour::ROOM as u64)
        .time_to_live(behaviour::SHORT)
        .build()
});

fn try_get(key: u64) -> Answer<u64> {
    if let Some(value) = B.get(&key) {
        return Ok(value);
    }
    let value = fail_now(key)?;
    B.insert(key, value);
    Ok(value)
}

/// `get`, then `insert`.
pub const BY_HAND: Behaviour = Behaviour {
    name: "mini-moka",
    a: Call::Sync(|key| or_insert(&A, key, || load_now(Which::A, key))),
    b: Some(Call::Sync(|key| {
        or_insert(&B, key, || load_now(Which::B, key))
    })),
    patient: None,
    fails: Some(Call::Sync(try_get)),
    aliased: Some(Call::Sync(try_get)),
    keeps: Some(Call::Sync(|key| or_insert(&KEPT, key, || keep(key)))),
    invalidate: Some(|key| A.invalidate(&key)),
};
