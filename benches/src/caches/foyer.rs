//! foyer, its cache in memory: `get` and `insert` where nothing is awaited, `get_or_fetch` where something is.

use std::hash::Hash;
use std::sync::{Arc, LazyLock};

use foyer_memory::{Cache, CacheBuilder, S3FifoConfig};

use super::behaviour::{Answer, Call, Which, fail};
use super::{
    Behaviour, ROOM_FOR_MILLION, ROOM_FOR_THOUSAND, ROOM_TO_EVICT, Store, behaviour, load,
    load_text, pairs,
};
use crate::rows::{Row, Tool};
use crate::workload;

/// Caches of foyer under S3-FIFO, the fastest of its policies.
pub const TOOL: Tool = Tool {
    name: "foyer",
    start: || {},
    rows,
    background: false,
};

/// Such a cache.
pub const STORE: Store = Store {
    name: "foyer s3fifo",
    fill: |room, entries| {
        let cache = cache(room);
        for (key, value) in pairs(entries) {
            cache.insert(key, value);
        }
        Box::leak(Box::new(cache)).entries()
    },
};

fn cache<K, V>(room: usize) -> Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    CacheBuilder::new(room)
        .with_eviction_config(S3FifoConfig::default())
        .build()
}

type Numbers = LazyLock<Cache<u64, u64>>;

static HIT: Numbers = LazyLock::new(|| cache(ROOM_FOR_THOUSAND));
static HIT_MILLION: Numbers = LazyLock::new(|| cache(ROOM_FOR_MILLION));
static HIT_TEXT: LazyLock<Cache<String, Arc<String>>> = LazyLock::new(|| cache(ROOM_FOR_THOUSAND));
static HIT_ASYNC: Numbers = LazyLock::new(|| cache(ROOM_FOR_THOUSAND));
static EVICT: Numbers = LazyLock::new(|| cache(ROOM_TO_EVICT));
static MISS: Numbers = LazyLock::new(|| cache(ROOM_TO_EVICT));

#[inline(never)]
fn get(cache: &Cache<u64, u64>, key: u64) -> u64 {
    match cache.get(&key) {
        Some(entry) => *entry.value(),
        None => *cache.insert(key, load(key)).value(),
    }
}

#[inline(never)]
fn get_text(name: &str) -> Arc<String> {
    match HIT_TEXT.get(name) {
        Some(entry) => Arc::clone(entry.value()),
        None => Arc::clone(HIT_TEXT.insert(name.to_owned(), load_text(name)).value()),
    }
}

async fn fetch(
    cache: &Cache<u64, u64>,
    key: u64,
    load: impl Future<Output = Answer<u64>> + Send + 'static,
) -> Answer<u64> {
    let entry = cache.get_or_fetch(&key, || async { load.await.map_err(anyhow::Error::msg) });
    match entry.await {
        Ok(entry) => Ok(*entry.value()),
        Err(error) => Err(error.to_string()),
    }
}

async fn get_async(key: u64) -> u64 {
    let fetched = fetch(&HIT_ASYNC, key, async move { Ok(load(key)) });
    fetched.await.expect("it cannot fail")
}

fn rows() -> Vec<Row> {
    vec![
        workload!(Hit, "hit, get", |key| get(&HIT, key)),
        workload!(HitMillion, "1M, get", |key| get(&HIT_MILLION, key)),
        workload!(HitText, "&str, get", |name| get_text(name)),
        workload!(HitAsync, "async, get_or_fetch", |key| get_async(key)),
        workload!(Evict, "evict, get insert", |key| get(&EVICT, key)),
        workload!(Miss, "miss, get insert", |key| get(&MISS, key)),
    ]
}

static A: Numbers = LazyLock::new(|| cache(behaviour::ROOM));
static B: Numbers = LazyLock::new(|| cache(behaviour::ROOM));

async fn a(key: u64) -> u64 {
    let fetched = fetch(
        &A,
        key,
        async move { Ok(behaviour::load(Which::A, key).await) },
    );
    fetched.await.expect("it loads")
}

async fn b(key: u64) -> u64 {
    let fetched = fetch(
        &B,
        key,
        async move { Ok(behaviour::load(Which::B, key).await) },
    );
    fetched.await.expect("it loads")
}

/// Through `get_or_fetch`, which runs the load in a task of its own.
pub const FETCH: Behaviour = Behaviour {
    name: "foyer",
    a: Call::Async(|key| Box::pin(a(key))),
    b: Some(Call::Async(|key| Box::pin(b(key)))),
    patient: None,
    fails: Some(Call::Async(|key| Box::pin(fetch(&B, key, fail(key))))),
    aliased: Some(Call::Async(|key| Box::pin(fetch(&B, key, fail(key))))),
    keeps: None,
    invalidate: Some(|key| {
        A.remove(&key);
    }),
};
