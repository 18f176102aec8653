//! The caches that are compared, each in the same loop on one thread: look up, and insert when it is missing.

use std::cell::RefCell;
use std::collections::BTreeSet;

use cached::Cached;

use crate::traces::Trace;

/// A cache: how many requests of a trace it answers at a size.
pub struct Cache {
    pub name: &'static str,
    pub hits: fn(&Trace, usize) -> usize,
}

/// What nobody can do better than.
pub const OPTIMUM: Cache = Cache {
    name: "optimum",
    hits: optimum,
};

/// The peers as their own documentation says to use them, with their own hashers and as many shards as they like.
pub const PEERS: &[Cache] = &[
    Cache {
        name: "cached, LRU",
        hits: lru,
    },
    Cache {
        name: "moka",
        hits: |trace, size| {
            let cache = moka::sync::Cache::new(size as u64);
            replay(
                trace,
                |key| cache.get(&key).is_some(),
                |key| cache.insert(key, ()),
            )
        },
    },
    Cache {
        name: "quick_cache",
        hits: |trace, size| {
            let cache = quick_cache::sync::Cache::new(size);
            replay(
                trace,
                |key| cache.get(&key).is_some(),
                |key| cache.insert(key, ()),
            )
        },
    },
    Cache {
        name: "foyer s3fifo",
        hits: |trace, size| foyer(trace, size, foyer_memory::S3FifoConfig::default().into()),
    },
    Cache {
        name: "foyer lfu",
        hits: |trace, size| foyer(trace, size, foyer_memory::LfuConfig::default().into()),
    },
];

/// perfkit's own, made by hand. Its keys are hashed with a seed of each cache, so its figures vary a little.
pub const OURS: &[Cache] = &[Cache {
    name: "perfkit",
    hits: |trace, size| {
        let cache = perfkit::Cache::<u32, ()>::builder("trace")
            .no_expiry()
            .max_size(size as u64)
            .build()
            .expect("the one before it has been dropped");
        replay(
            trace,
            |key| cache.get(key).is_some(),
            |key| {
                cache.insert(key, ());
            },
        )
    },
}];

fn replay(trace: &Trace, get: impl Fn(u32) -> bool, insert: impl Fn(u32)) -> usize {
    let mut hits = 0;
    for key in &trace.keys {
        if get(*key) {
            hits += 1;
        } else {
            insert(*key);
        }
    }
    hits
}

fn lru(trace: &Trace, size: usize) -> usize {
    let cache = cached::LruCache::builder().max_size(size).build();
    let cache = RefCell::new(cache.expect("a size of at least 50"));
    replay(
        trace,
        |key| cache.borrow_mut().cache_get(&key).is_some(),
        |key| {
            cache.borrow_mut().cache_set(key, ());
        },
    )
}

fn foyer(trace: &Trace, size: usize, policy: foyer_memory::EvictionConfig) -> usize {
    let cache: foyer_memory::Cache<u32, ()> = foyer_memory::CacheBuilder::new(size)
        .with_eviction_config(policy)
        .build();
    replay(
        trace,
        |key| cache.get(&key).is_some(),
        |key| {
            cache.insert(key, ());
        },
    )
}

/// Evicts whoever is asked for again the latest (Belady 1966).
fn optimum(trace: &Trace, size: usize) -> usize {
    let mut next_of_key = vec![usize::MAX; trace.distinct];
    let mut next = vec![usize::MAX; trace.keys.len()];
    for (place, key) in trace.keys.iter().enumerate().rev() {
        next[place] = next_of_key[*key as usize];
        next_of_key[*key as usize] = place;
    }
    // Who is here, by when it is asked for again; `until` says the same by key.
    let mut here = BTreeSet::new();
    let mut until = vec![None; trace.distinct];
    let mut hits = 0;
    for (key, next) in trace.keys.iter().zip(next) {
        if let Some(now) = until[*key as usize].replace(next) {
            hits += 1;
            here.remove(&(now, *key));
        } else if here.len() >= size
            && let Some((_, latest)) = here.pop_last()
        {
            until[latest as usize] = None;
        }
        here.insert((next, *key));
    }
    hits
}
