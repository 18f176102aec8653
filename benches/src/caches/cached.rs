//! `cached`: its attribute as it comes, with a bound and a time to live, and with one run per key; and the sharded one.

use std::sync::Arc;

use ::cached::Cached as _;
use ::cached::macros::{cached, concurrent_cached};
use ::cached::{LruCache, LruTtlCache};

use super::behaviour::{Answer, Call, Kept, Which, fail, fail_now, keep, load_now};
use super::{Behaviour, Store, TTL, behaviour, load, load_text, pairs};
use crate::rows::{Row, Tool};
use crate::runtimes::runtime;
use crate::workload;

/// The attributes of cached.
pub const TOOL: Tool = Tool {
    name: "cached",
    start: || {},
    rows,
    background: false,
};

/// What its attribute makes of `max_size`.
pub const LRU: Store = Store {
    name: "cached LruCache",
    fill: |room, entries| {
        let mut store = LruCache::builder().max_size(room).build().expect("a size");
        for (key, value) in pairs(entries) {
            store.cache_set(key, value);
        }
        Box::leak(Box::new(store)).cache_size()
    },
};

/// What its attribute makes of `max_size` and `ttl`.
pub const LRU_TTL: Store = Store {
    name: "cached LruTtlCache",
    fill: |room, entries| {
        let mut store = LruTtlCache::builder()
            .max_size(room)
            .ttl(TTL)
            .build()
            .expect("a size");
        for (key, value) in pairs(entries) {
            store.cache_set(key, value);
        }
        Box::leak(Box::new(store)).cache_size()
    },
};

macro_rules! timed {
    ($module:ident, $attribute:ident($($thousand:tt)*), ($($million:tt)*), ($($evict:tt)*)) => {
        mod $module {
            use super::{Arc, $attribute, load, load_text};

            #[$attribute($($thousand)*)]
            #[inline(never)]
            pub(super) fn hit(key: u64) -> u64 {
                load(key)
            }

            #[$attribute($($million)*)]
            #[inline(never)]
            pub(super) fn hit_million(key: u64) -> u64 {
                load(key)
            }

            #[$attribute($($thousand)*)]
            #[inline(never)]
            pub(super) fn hit_text(name: &str) -> Arc<String> {
                load_text(name)
            }

            #[$attribute($($thousand)*)]
            pub(super) async fn hit_async(key: u64) -> u64 {
                load(key)
            }

            #[$attribute($($evict)*)]
            #[inline(never)]
            pub(super) fn evict(key: u64) -> u64 {
                load(key)
            }

            #[$attribute($($evict)*)]
            #[inline(never)]
            pub(super) fn miss(key: u64) -> u64 {
                load(key)
            }
        }
    };
}

timed!(plain, cached(), (), (max_size = 100_000));
timed!(
    bounded,
    cached(max_size = 2_000, ttl_secs = 3_600),
    (max_size = 2_000_000, ttl_secs = 3_600),
    (max_size = 100_000, ttl_secs = 3_600)
);
timed!(
    by_key,
    cached(max_size = 2_000, ttl_secs = 3_600, sync_writes = "by_key"),
    (
        max_size = 2_000_000,
        ttl_secs = 3_600,
        sync_writes = "by_key"
    ),
    (max_size = 100_000, ttl_secs = 3_600, sync_writes = "by_key")
);
timed!(
    sharded,
    concurrent_cached(max_size = 2_000, ttl_secs = 3_600),
    (max_size = 2_000_000, ttl_secs = 3_600),
    (max_size = 100_000, ttl_secs = 3_600)
);

fn rows() -> Vec<Row> {
    vec![
        workload!(Hit, "hit, default", |key| plain::hit(key)),
        workload!(Hit, "hit, max_size ttl", |key| bounded::hit(key)),
        workload!(Hit, "hit, max_size ttl by_key", |key| by_key::hit(key)),
        workload!(Hit, "hit, concurrent max_size ttl", |key| sharded::hit(key)),
        workload!(HitMillion, "1M, default", |key| plain::hit_million(key)),
        workload!(HitMillion, "1M, max_size ttl", |key| bounded::hit_million(
            key
        )),
        workload!(HitMillion, "1M, max_size ttl by_key", |key| {
            by_key::hit_million(key)
        }),
        workload!(HitMillion, "1M, concurrent max_size ttl", |key| {
            sharded::hit_million(key)
        }),
        workload!(HitText, "&str, default", |name| plain::hit_text(name)),
        workload!(HitText, "&str, max_size ttl", |name| bounded::hit_text(
            name
        )),
        workload!(HitText, "&str, max_size ttl by_key", |name| {
            by_key::hit_text(name)
        }),
        workload!(HitText, "&str, concurrent max_size ttl", |name| {
            sharded::hit_text(name)
        }),
        workload!(HitAsync, "async, default", |key| plain::hit_async(key)),
        workload!(HitAsync, "async, max_size ttl", |key| bounded::hit_async(
            key
        )),
        workload!(HitAsync, "async, max_size ttl by_key", |key| {
            by_key::hit_async(key)
        }),
        workload!(HitAsync, "async, concurrent max_size ttl", |key| {
            sharded::hit_async(key)
        }),
        workload!(Evict, "evict, max_size", |key| plain::evict(key)),
        workload!(Evict, "evict, max_size ttl", |key| bounded::evict(key)),
        workload!(Evict, "evict, max_size ttl by_key", |key| by_key::evict(
            key
        )),
        workload!(Evict, "evict, concurrent max_size ttl", |key| {
            sharded::evict(key)
        }),
        workload!(Miss, "miss, max_size", |key| plain::miss(key)),
        workload!(Miss, "miss, max_size ttl", |key| bounded::miss(key)),
        workload!(Miss, "miss, max_size ttl by_key", |key| by_key::miss(key)),
        workload!(Miss, "miss, concurrent max_size ttl", |key| sharded::miss(
            key
        )),
    ]
}

macro_rules! on_the_spot {
    ($module:ident $(, $option:ident = $value:literal)*) => {
        mod $module {
            use super::{Answer, Arc, Kept, Which, cached, fail_now, keep, load_now};

            #[cached(max_size = 20_000, ttl_secs = 3_600 $(, $option = $value)*)]
            pub(super) fn a(key: u64) -> u64 {
                load_now(Which::A, key)
            }

            #[cached(max_size = 20_000, ttl_secs = 3_600 $(, $option = $value)*)]
            pub(super) fn b(key: u64) -> u64 {
                load_now(Which::B, key)
            }

            #[cached(max_size = 20_000, ttl_secs = 3_600 $(, $option = $value)*)]
            pub(super) fn fails(key: u64) -> Result<u64, String> {
                fail_now(key)
            }

            #[cached(max_size = 20_000, ttl_secs = 3_600 $(, $option = $value)*)]
            pub(super) fn aliased(key: u64) -> Answer<u64> {
                fail_now(key)
            }

            #[cached(max_size = 20_000, ttl_secs = 1 $(, $option = $value)*)]
            pub(super) fn keeps(key: u64) -> Arc<Kept> {
                keep(key)
            }
        }
    };
}

on_the_spot!(default);
on_the_spot!(one_run, sync_writes = "by_key");

mod one_run_async {
    use super::{Answer, Arc, Kept, Which, behaviour, cached, fail, keep};

    #[cached(max_size = 20_000, ttl_secs = 3_600, sync_writes = "by_key")]
    pub(super) async fn a(key: u64) -> u64 {
        behaviour::load(Which::A, key).await
    }

    #[cached(max_size = 20_000, ttl_secs = 3_600, sync_writes = "by_key")]
    pub(super) async fn b(key: u64) -> u64 {
        behaviour::load(Which::B, key).await
    }

    #[cached(max_size = 20_000, ttl_secs = 3_600, sync_writes = "by_key")]
    pub(super) async fn fails(key: u64) -> Result<u64, String> {
        fail(key).await
    }

    #[cached(max_size = 20_000, ttl_secs = 3_600, sync_writes = "by_key")]
    pub(super) async fn aliased(key: u64) -> Answer<u64> {
        fail(key).await
    }

    #[cached(max_size = 20_000, ttl_secs = 1, sync_writes = "by_key")]
    pub(super) async fn keeps(key: u64) -> Arc<Kept> {
        keep(key)
    }
}

/// The attribute as it comes, bounded.
pub const PLAIN: Behaviour = Behaviour {
    name: "cached",
    a: Call::Sync(default::a),
    b: Some(Call::Sync(default::b)),
    patient: None,
    fails: Some(Call::Sync(default::fails)),
    aliased: Some(Call::Sync(default::aliased)),
    keeps: Some(Call::Sync(default::keeps)),
    invalidate: Some(|key| {
        let _ = default::A.write().cache_remove(&key);
    }),
};

/// With `sync_writes = "by_key"`.
pub const BY_KEY: Behaviour = Behaviour {
    name: "cached by_key",
    a: Call::Sync(one_run::a),
    b: Some(Call::Sync(one_run::b)),
    patient: None,
    fails: Some(Call::Sync(one_run::fails)),
    aliased: Some(Call::Sync(one_run::aliased)),
    keeps: Some(Call::Sync(one_run::keeps)),
    invalidate: Some(|key| {
        let _ = one_run::A.write().cache_remove(&key);
    }),
};

/// The same on async functions.
pub const BY_KEY_ASYNC: Behaviour = Behaviour {
    name: "cached by_key async",
    a: Call::Async(|key| Box::pin(one_run_async::a(key))),
    b: Some(Call::Async(|key| Box::pin(one_run_async::b(key)))),
    patient: None,
    fails: Some(Call::Async(|key| Box::pin(one_run_async::fails(key)))),
    aliased: Some(Call::Async(|key| Box::pin(one_run_async::aliased(key)))),
    keeps: Some(Call::Async(|key| Box::pin(one_run_async::keeps(key)))),
    invalidate: Some(|key| {
        let _ = runtime().block_on(async { one_run_async::A.write().await.cache_remove(&key) });
    }),
};
