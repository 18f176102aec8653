//! dashmap and papaya: concurrent maps that people use as caches; nothing expires and nothing is evicted.

use std::sync::{Arc, LazyLock};

use dashmap::DashMap;
use foldhash::fast::RandomState;
use papaya::HashMap as Papaya;

use super::behaviour::{Answer, Call, Which, fail_now, load_now};
use super::{Behaviour, ROOM_FOR_MILLION, ROOM_FOR_THOUSAND, Store, load, load_text, pairs};
use crate::rows::{Row, Tool};
use crate::workload;

/// dashmap, through its entries.
pub const DASHMAP: Tool = Tool {
    name: "dashmap",
    start: || {},
    rows: dashmap_rows,
    background: false,
};

/// papaya, under a guard per call.
pub const PAPAYA: Tool = Tool {
    name: "papaya",
    start: || {},
    rows: papaya_rows,
    background: false,
};

/// A map of dashmap.
pub const DASHMAP_STORE: Store = Store {
    name: "dashmap",
    fill: |_, entries| {
        let map = DashMap::with_capacity(entries);
        for (key, value) in pairs(entries) {
            map.insert(key, value);
        }
        Box::leak(Box::new(map)).len()
    },
};

/// A map of papaya.
pub const PAPAYA_STORE: Store = Store {
    name: "papaya",
    fill: |_, entries| {
        let map = Papaya::with_capacity(entries);
        for (key, value) in pairs(entries) {
            map.pin().insert(key, value);
        }
        Box::leak(Box::new(map)).len()
    },
};

type Dash<K, V> = LazyLock<DashMap<K, V>>;

static HIT: Dash<u64, u64> = LazyLock::new(DashMap::new);
static HIT_MILLION: Dash<u64, u64> = LazyLock::new(DashMap::new);
static HIT_TEXT: Dash<String, Arc<String>> = LazyLock::new(DashMap::new);

#[inline(never)]
fn get(map: &DashMap<u64, u64>, key: u64) -> u64 {
    if let Some(value) = map.get(&key) {
        return *value; // a shared lock of the shard; `entry` takes it alone
    }
    *map.entry(key).or_insert_with(|| load(key))
}

#[inline(never)]
fn get_text(name: &str) -> Arc<String> {
    if let Some(value) = HIT_TEXT.get(name) {
        return Arc::clone(&value);
    }
    let entry = HIT_TEXT.entry(name.to_owned());
    Arc::clone(&entry.or_insert_with(|| load_text(name)))
}

fn dashmap_rows() -> Vec<Row> {
    vec![
        workload!(Hit, "hit, get", |key| get(&HIT, key)),
        workload!(HitMillion, "1M, get", |key| get(&HIT_MILLION, key)),
        workload!(HitText, "&str, get", |name| get_text(name)),
    ]
}

// With room from the start: it moves entries to a larger table while others are inserted, and as long as nobody inserts
// the rest, every lookup goes through both.
static PAPAYA_HIT: LazyLock<Papaya<u64, u64>> =
    LazyLock::new(|| Papaya::with_capacity(ROOM_FOR_THOUSAND));
static PAPAYA_FOLD: LazyLock<Papaya<u64, u64, RandomState>> =
    LazyLock::new(|| Papaya::with_capacity_and_hasher(ROOM_FOR_THOUSAND, RandomState::default()));
static PAPAYA_MILLION: LazyLock<Papaya<u64, u64, RandomState>> =
    LazyLock::new(|| Papaya::with_capacity_and_hasher(ROOM_FOR_MILLION, RandomState::default()));
static PAPAYA_TEXT: LazyLock<Papaya<String, Arc<String>, RandomState>> =
    LazyLock::new(|| Papaya::with_capacity_and_hasher(ROOM_FOR_THOUSAND, RandomState::default()));

#[inline(never)]
fn pinned<S: std::hash::BuildHasher>(map: &Papaya<u64, u64, S>, key: u64) -> u64 {
    let map = map.pin();
    match map.get(&key) {
        Some(value) => *value, // `get_or_insert_with` is the way of a writer, found or not
        None => *map.get_or_insert_with(key, || load(key)),
    }
}

#[inline(never)]
fn pinned_text(name: &str) -> Arc<String> {
    let map = PAPAYA_TEXT.pin();
    match map.get(name) {
        Some(value) => Arc::clone(value),
        None => Arc::clone(map.get_or_insert_with(name.to_owned(), || load_text(name))),
    }
}

fn papaya_rows() -> Vec<Row> {
    vec![
        workload!(Hit, "hit", |key| pinned(&PAPAYA_HIT, key)),
        workload!(Hit, "hit, foldhash", |key| pinned(&PAPAYA_FOLD, key)),
        workload!(HitMillion, "1M, foldhash", |key| pinned(
            &PAPAYA_MILLION,
            key
        )),
        workload!(HitText, "&str, foldhash", |name| pinned_text(name)),
    ]
}

static A: Dash<u64, u64> = LazyLock::new(DashMap::new);
static B: Dash<u64, u64> = LazyLock::new(DashMap::new);

fn try_get(key: u64) -> Answer<u64> {
    let entry = B.entry(key).or_try_insert_with(|| fail_now(key))?;
    Ok(*entry)
}

/// The entry of dashmap, which stays locked while the value is made.
pub const DASHMAP_ENTRY: Behaviour = Behaviour {
    name: "dashmap entry",
    a: Call::Sync(|key| *A.entry(key).or_insert_with(|| load_now(Which::A, key))),
    b: Some(Call::Sync(|key| {
        *B.entry(key).or_insert_with(|| load_now(Which::B, key))
    })),
    patient: None,
    fails: Some(Call::Sync(try_get)),
    aliased: Some(Call::Sync(try_get)),
    keeps: None,
    invalidate: Some(|key| {
        A.remove(&key);
    }),
};
