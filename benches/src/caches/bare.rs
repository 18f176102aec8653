//! No cache: the lookup alone, in a table that nothing changes. The floor of every hit, and the baseline of every row.

use std::collections::HashMap as StdMap;
use std::hint::black_box;
use std::sync::{Arc, LazyLock};

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::{Store, keys, load, load_text, pairs};
use crate::rows::{Row, Tool};
use crate::workload;

/// hashbrown with foldhash, read by many without a lock.
pub const TOOL: Tool = Tool {
    name: "none",
    start: || {},
    rows,
    background: false,
};

/// The standard map.
pub const STORE: Store = Store {
    name: "std HashMap",
    fill: |_, entries| {
        let mut map = StdMap::with_capacity(entries);
        map.extend(pairs(entries));
        Box::leak(Box::new(map)).len()
    },
};

type Numbers = HashMap<u64, u64, RandomState>;

fn numbers(population: &keys::Population) -> Numbers {
    let mut map = Numbers::default();
    population.all(|key| {
        map.insert(key, load(key));
    });
    map
}

static THOUSAND: LazyLock<Numbers> = LazyLock::new(|| numbers(&keys::THOUSAND));
static MILLION: LazyLock<Numbers> = LazyLock::new(|| numbers(&keys::MILLION));
static TEXTS: LazyLock<HashMap<String, Arc<String>, RandomState>> = LazyLock::new(|| {
    let mut map = HashMap::default();
    keys::all_names(|name| {
        map.insert(name.to_owned(), load_text(name));
    });
    map
});

#[inline(never)]
fn look_up(map: &Numbers, key: u64) -> Option<u64> {
    map.get(&key).copied()
}

#[inline(never)]
fn look_up_text(name: &str) -> Option<Arc<String>> {
    TEXTS.get(name).cloned()
}

#[inline(never)]
async fn nothing(key: u64) -> u64 {
    key
}

/// The baseline of hits among a thousand.
pub fn hit_thousand(turns: u64) {
    let map = &*THOUSAND;
    keys::THOUSAND.each(turns, |key| {
        black_box(look_up(map, key));
    });
}

/// The baseline of hits among a million, and of what does not fit.
pub fn hit_million(turns: u64) {
    let map = &*MILLION;
    keys::MILLION.each(turns, |key| {
        black_box(look_up(map, key));
    });
}

/// The baseline of hits by name; the `Arc` that is counted up and down is part of it.
pub fn hit_text(turns: u64) {
    keys::each_name(turns, |name| {
        black_box(look_up_text(name));
    });
}

fn rows() -> Vec<Row> {
    vec![
        workload!(Hit, "lookup", |key| look_up(&THOUSAND, key)),
        workload!(HitMillion, "lookup", |key| look_up(&MILLION, key)),
        workload!(HitText, "lookup, clone of the Arc", |name| look_up_text(
            name
        )),
        workload!(HitAsync, "empty async fn", |key| nothing(key)),
    ]
}
