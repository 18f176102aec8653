//! `quick_cache`: its loading calls, and with an expiry kept in the value because it has none of its own.

use std::convert::Infallible;
use std::hash::Hash;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use ::quick_cache::sync::Cache;

use super::behaviour::{Answer, Call, Which, fail, fail_now, load_now};
use super::{
    Behaviour, ROOM_FOR_MILLION, ROOM_FOR_THOUSAND, ROOM_TO_EVICT, Store, TTL, behaviour, load,
    load_text, pairs,
};
use crate::rows::{Row, Tool};
use crate::workload;

/// Caches of `quick_cache`.
pub const TOOL: Tool = Tool {
    name: "quick_cache",
    start: || {},
    rows,
    background: false,
};

/// As it comes.
pub const STORE: Store = Store {
    name: "quick_cache",
    fill: |room, entries| fill(room, entries, |value| value),
};

/// With an `Instant` in the value.
pub const STORE_TTL: Store = Store {
    name: "quick_cache Instant",
    fill: |room, entries| fill(room, entries, |value| (value, Instant::now() + TTL)),
};

fn fill<V: Clone + 'static>(room: usize, entries: usize, value: fn(u64) -> V) -> usize {
    let cache = Cache::new(room);
    for (key, number) in pairs(entries) {
        cache.insert(key, value(number));
    }
    Box::leak(Box::new(cache)).len()
}

type Numbers = LazyLock<Cache<u64, u64>>;
type Expiring<K, V> = LazyLock<Cache<K, (V, Instant)>>;

static HIT: Numbers = LazyLock::new(|| Cache::new(ROOM_FOR_THOUSAND));
static HIT_TTL: Expiring<u64, u64> = LazyLock::new(|| Cache::new(ROOM_FOR_THOUSAND));
static HIT_MILLION: Numbers = LazyLock::new(|| Cache::new(ROOM_FOR_MILLION));
static HIT_MILLION_TTL: Expiring<u64, u64> = LazyLock::new(|| Cache::new(ROOM_FOR_MILLION));
static HIT_TEXT: LazyLock<Cache<String, Arc<String>>> =
    LazyLock::new(|| Cache::new(ROOM_FOR_THOUSAND));
static HIT_TEXT_TTL: Expiring<String, Arc<String>> =
    LazyLock::new(|| Cache::new(ROOM_FOR_THOUSAND));
static HIT_ASYNC: Numbers = LazyLock::new(|| Cache::new(ROOM_FOR_THOUSAND));
static EVICT: Numbers = LazyLock::new(|| Cache::new(ROOM_TO_EVICT));
static EVICT_BY_HAND: Numbers = LazyLock::new(|| Cache::new(ROOM_TO_EVICT));
static EVICT_TTL: Expiring<u64, u64> = LazyLock::new(|| Cache::new(ROOM_TO_EVICT));
static MISS: Numbers = LazyLock::new(|| Cache::new(ROOM_TO_EVICT));
static MISS_BY_HAND: Numbers = LazyLock::new(|| Cache::new(ROOM_TO_EVICT));

fn never<T>(answer: Result<T, Infallible>) -> T {
    match answer {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}

#[inline(never)]
pub(super) fn get(cache: &Cache<u64, u64>, key: u64) -> u64 {
    never(cache.get_or_insert_with(&key, || Ok(load(key))))
}

/// Without its guard for the key: two that miss at once load twice.
#[inline(never)]
pub(super) fn get_then_insert(cache: &Cache<u64, u64>, key: u64) -> u64 {
    cache.get(&key).unwrap_or_else(|| {
        let value = load(key);
        cache.insert(key, value);
        value
    })
}

/// What its users write for a time to live.
#[inline(never)]
fn get_ttl<Q, K, V>(cache: &Cache<K, (V, Instant)>, key: &Q, load: impl Fn(&Q) -> V) -> V
where
    Q: Hash + ::quick_cache::Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    K: Hash + Eq,
    V: Clone,
{
    loop {
        let (value, until) =
            never(cache.get_or_insert_with(key, || Ok((load(key), Instant::now() + TTL))));
        if Instant::now() < until {
            return value;
        }
        cache.remove_if(key, |(_, found)| *found == until);
    }
}

#[inline(never)]
fn get_text(name: &str) -> Arc<String> {
    never(HIT_TEXT.get_or_insert_with(name, || Ok(load_text(name))))
}

async fn get_async(key: u64) -> u64 {
    let loaded = HIT_ASYNC.get_or_insert_async(&key, async { Ok(load(key)) });
    never(loaded.await)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as the text keys are")]
fn number(key: &u64) -> u64 {
    load(*key)
}

fn rows() -> Vec<Row> {
    vec![
        workload!(Hit, "hit, get_or_insert_with", |key| get(&HIT, key)),
        workload!(Hit, "hit, with an Instant", |key| get_ttl(
            &HIT_TTL, &key, number
        )),
        workload!(HitMillion, "1M, get_or_insert_with", |key| get(
            &HIT_MILLION,
            key
        )),
        workload!(HitMillion, "1M, with an Instant", |key| get_ttl(
            &HIT_MILLION_TTL,
            &key,
            number
        )),
        workload!(HitText, "&str, get_or_insert_with", |name| get_text(name)),
        workload!(HitText, "&str, with an Instant", |name| get_ttl(
            &HIT_TEXT_TTL,
            name,
            load_text
        )),
        workload!(HitAsync, "async, get_or_insert_async", |key| get_async(key)),
        workload!(Evict, "evict, get_or_insert_with", |key| get(&EVICT, key)),
        workload!(Evict, "evict, get insert", |key| get_then_insert(
            &EVICT_BY_HAND,
            key
        )),
        workload!(Evict, "evict, with an Instant", |key| get_ttl(
            &EVICT_TTL, &key, number
        )),
        workload!(Miss, "miss, get_or_insert_with", |key| get(&MISS, key)),
        workload!(Miss, "miss, get insert", |key| get_then_insert(
            &MISS_BY_HAND,
            key
        )),
    ]
}

static A: Numbers = LazyLock::new(|| Cache::new(behaviour::ROOM));
static B: Numbers = LazyLock::new(|| Cache::new(behaviour::ROOM));

fn try_get(key: u64) -> Answer<u64> {
    B.get_or_insert_with(&key, || fail_now(key))
}

/// Through `get_or_insert_with`.
pub const SYNC: Behaviour = Behaviour {
    name: "quick_cache",
    a: Call::Sync(|key| never(A.get_or_insert_with(&key, || Ok(load_now(Which::A, key))))),
    b: Some(Call::Sync(|key| {
        never(B.get_or_insert_with(&key, || Ok(load_now(Which::B, key))))
    })),
    patient: None,
    fails: Some(Call::Sync(try_get)),
    aliased: Some(Call::Sync(try_get)),
    keeps: None,
    invalidate: Some(|key| {
        A.remove(&key);
    }),
};

async fn get_or_load(cache: &Cache<u64, u64>, which: Which, key: u64) -> u64 {
    let loaded = cache.get_or_insert_async(&key, async { Ok(behaviour::load(which, key).await) });
    never(loaded.await)
}

async fn try_get_async(key: u64) -> Answer<u64> {
    B.get_or_insert_async(&key, fail(key)).await
}

/// Through `get_or_insert_async`.
pub const ASYNC: Behaviour = Behaviour {
    name: "quick_cache async",
    a: Call::Async(|key| Box::pin(get_or_load(&A, Which::A, key))),
    b: Some(Call::Async(|key| Box::pin(get_or_load(&B, Which::B, key)))),
    patient: None,
    fails: Some(Call::Async(|key| Box::pin(try_get_async(key)))),
    aliased: Some(Call::Async(|key| Box::pin(try_get_async(key)))),
    keeps: None,
    invalidate: Some(|key| {
        A.remove(&key);
    }),
};
