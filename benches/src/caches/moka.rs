//! moka: its blocking and its future cache, with and without a time to live.

use std::convert::Infallible;
use std::hash::Hash;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ::moka::{future, sync};

use super::behaviour::{Answer, Call, Kept, Which, fail, fail_now, keep, load_now};
use super::{
    Behaviour, ROOM_FOR_MILLION, ROOM_FOR_THOUSAND, ROOM_TO_EVICT, Store, TTL, behaviour, load,
    load_text, pairs,
};
use crate::rows::{Row, Tool};
use crate::runtimes::runtime;
use crate::workload;

/// Caches of moka.
pub const TOOL: Tool = Tool {
    name: "moka",
    start: || {},
    rows,
    background: false,
};

/// Its blocking cache.
pub const STORE: Store = Store {
    name: "moka",
    fill: |room, entries| fill(entries, sync::Cache::new(room as u64)),
};

/// The same with a time to live.
pub const STORE_TTL: Store = Store {
    name: "moka ttl",
    fill: |room, entries| fill(entries, blocking(room, TTL)),
};

fn fill(entries: usize, cache: sync::Cache<u64, u64>) -> usize {
    for (key, value) in pairs(entries) {
        cache.insert(key, value);
    }
    cache.run_pending_tasks();
    usize::try_from(Box::leak(Box::new(cache)).entry_count()).expect("as many as there is room for")
}

fn blocking<K, V>(room: usize, ttl: Duration) -> sync::Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    sync::Cache::builder()
        .max_capacity(room as u64)
        .time_to_live(ttl)
        .build()
}

fn awaited<K, V>(room: usize, ttl: Duration) -> future::Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    future::Cache::builder()
        .max_capacity(room as u64)
        .time_to_live(ttl)
        .build()
}

type Numbers = LazyLock<sync::Cache<u64, u64>>;

static HIT: Numbers = LazyLock::new(|| sync::Cache::new(ROOM_FOR_THOUSAND as u64));
static HIT_TTL: Numbers = LazyLock::new(|| blocking(ROOM_FOR_THOUSAND, TTL));
static HIT_MILLION: Numbers = LazyLock::new(|| blocking(ROOM_FOR_MILLION, TTL));
static HIT_TEXT: LazyLock<sync::Cache<String, Arc<String>>> =
    LazyLock::new(|| blocking(ROOM_FOR_THOUSAND, TTL));
static HIT_ASYNC: LazyLock<future::Cache<u64, u64>> =
    LazyLock::new(|| awaited(ROOM_FOR_THOUSAND, TTL));
static EVICT: Numbers = LazyLock::new(|| sync::Cache::new(ROOM_TO_EVICT as u64));
static EVICT_TTL: Numbers = LazyLock::new(|| blocking(ROOM_TO_EVICT, TTL));
static MISS: Numbers = LazyLock::new(|| blocking(ROOM_TO_EVICT, TTL));

#[inline(never)]
fn get(cache: &sync::Cache<u64, u64>, key: u64) -> Option<u64> {
    cache.get(&key)
}

#[inline(never)]
fn get_with(cache: &sync::Cache<u64, u64>, key: u64) -> u64 {
    cache.get_with(key, || load(key))
}

#[inline(never)]
fn get_text(name: &str) -> Arc<String> {
    HIT_TEXT.get_with_by_ref(name, || load_text(name))
}

async fn get_async(key: u64) -> u64 {
    HIT_ASYNC.get_with(key, async { load(key) }).await
}

fn rows() -> Vec<Row> {
    vec![
        workload!(Hit, "hit, get_with", |key| get_with(&HIT, key)),
        workload!(Hit, "hit, get_with ttl", |key| get_with(&HIT_TTL, key)),
        workload!(Hit, "hit, get ttl", |key| get(&HIT_TTL, key)),
        workload!(HitMillion, "1M, get_with ttl", |key| get_with(
            &HIT_MILLION,
            key
        )),
        workload!(HitText, "&str, get_with_by_ref ttl", |name| get_text(name)),
        workload!(HitAsync, "async, get_with ttl", |key| get_async(key)),
        workload!(Evict, "evict, get_with", |key| get_with(&EVICT, key)),
        workload!(Evict, "evict, get_with ttl", |key| get_with(
            &EVICT_TTL, key
        )),
        workload!(Miss, "miss, get_with ttl", |key| get_with(&MISS, key)),
    ]
}

static A: Numbers = LazyLock::new(|| blocking(behaviour::ROOM, TTL));
static B: Numbers = LazyLock::new(|| blocking(behaviour::ROOM, TTL));
static KEPT: LazyLock<sync::Cache<u64, Arc<Kept>>> =
    LazyLock::new(|| blocking(behaviour::ROOM, behaviour::SHORT));

fn try_get(key: u64) -> Answer<u64> {
    B.try_get_with(key, || fail_now(key))
        .map_err(|error| error.to_string())
}

/// The blocking cache, through `get_with` and `try_get_with`.
pub const SYNC: Behaviour = Behaviour {
    name: "moka",
    a: Call::Sync(|key| A.get_with(key, || load_now(Which::A, key))),
    b: Some(Call::Sync(|key| {
        B.get_with(key, || load_now(Which::B, key))
    })),
    patient: None,
    fails: Some(Call::Sync(try_get)),
    aliased: Some(Call::Sync(try_get)),
    keeps: Some(Call::Sync(|key| KEPT.get_with(key, || keep(key)))),
    invalidate: Some(|key| A.invalidate(&key)),
};

type Awaited = LazyLock<future::Cache<u64, u64>>;

static A_ASYNC: Awaited = LazyLock::new(|| awaited(behaviour::ROOM, TTL));
static B_ASYNC: Awaited = LazyLock::new(|| awaited(behaviour::ROOM, TTL));
static KEPT_ASYNC: LazyLock<future::Cache<u64, Arc<Kept>>> =
    LazyLock::new(|| awaited(behaviour::ROOM, behaviour::SHORT));

async fn try_get_async(key: u64) -> Answer<u64> {
    B_ASYNC
        .try_get_with(key, fail(key))
        .await
        .map_err(|error| error.to_string())
}

/// The future cache, the same.
pub const FUTURE: Behaviour = Behaviour {
    name: "moka future",
    a: Call::Async(|key| Box::pin(A_ASYNC.get_with(key, behaviour::load(Which::A, key)))),
    b: Some(Call::Async(|key| {
        Box::pin(B_ASYNC.get_with(key, behaviour::load(Which::B, key)))
    })),
    patient: None,
    fails: Some(Call::Async(|key| Box::pin(try_get_async(key)))),
    aliased: Some(Call::Async(|key| Box::pin(try_get_async(key)))),
    keeps: Some(Call::Async(|key| {
        Box::pin(async move {
            let kept = KEPT_ASYNC.try_get_with(key, async { Ok::<_, Infallible>(keep(key)) });
            kept.await.expect("it cannot fail")
        })
    })),
    invalidate: Some(|key| runtime().block_on(A_ASYNC.invalidate(&key))),
};
