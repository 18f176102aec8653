//! Two calls in one process, block by block: the figures that compare perfkit with `quick_cache`, and async with sync.
//!
//! A row beside a bare lookup says what a call adds to it. For two rows of two processes it says less: what does not fit
//! into the processor's caches waits for memory, the lookup beside it among a million keys does too, and how long *that*
//! takes depends on what the row has left there. A tool that leaves less looks slower by it, though all of its calls are
//! faster. So here the peer is the baseline: both are asked for the same keys, warm and in one process, their blocks take
//! turns in going first, and a figure is the middle of the ratios of two neighbours.
//!
//! Each row has caches of its own, filled with the same keys in the same order: in this process nobody else asks those of
//! [`perfkit`](super::perfkit).

use std::hint::black_box;
use std::sync::LazyLock;

use ::quick_cache::sync::Cache;

use super::perfkit::{evict, hit, hit_async, miss};
use super::quick_cache::{get, get_then_insert};
use super::{ROOM_TO_EVICT, keys, load};
use crate::rows::{Row, Shape, Tool};
use crate::runtimes;
use crate::tools::poll_to_end;

/// perfkit, with what it is compared with in its own process.
pub const TOOL: Tool = Tool {
    name: "both",
    start: || {},
    rows,
    background: false,
};

/// What comes back again and again, beside `get_or_insert_with`.
pub const EVICT: &str = "evict, cached / get_or_insert_with";
/// The same beside `get` and `insert`, where two that miss at once load twice.
pub const EVICT_BY_HAND: &str = "evict, cached / get insert";
/// What has never been there, beside `get_or_insert_with`.
pub const MISS: &str = "miss, cached / get_or_insert_with";
/// A hit of an async function, beside one of the same function without `async`.
pub const ASYNC: &str = "hit, cached async / cached";

/// All of them.
pub const NAMES: [&str; 4] = [EVICT, EVICT_BY_HAND, MISS, ASYNC];

#[perfkit::cached(ttl = "1h", max_size = ROOM_TO_EVICT as u64)]
#[inline(never)]
fn evict_again(key: u64) -> u64 {
    load(key)
}

type Numbers = LazyLock<Cache<u64, u64>>;

static PEER_EVICT: Numbers = LazyLock::new(|| Cache::new(ROOM_TO_EVICT));
static PEER_EVICT_BY_HAND: Numbers = LazyLock::new(|| Cache::new(ROOM_TO_EVICT));
static PEER_MISS: Numbers = LazyLock::new(|| Cache::new(ROOM_TO_EVICT));

/// A row of two calls on the keys of a kind, which both have been asked for before.
macro_rules! paired {
    ($name:expr, $each:expr, $warm_up:expr, $prepare:expr, |$key:ident| $call:expr, $beside:expr) => {
        Row::new($name, Shape::Paired, |turns| {
            $each(turns, |$key| _ = black_box($call));
        })
        .beside(|turns| $each(turns, |$key| _ = black_box($beside)))
        .filled_by(|| {
            let turns = $warm_up as u64;
            $prepare(turns);
            $each(turns, |$key| _ = black_box($call));
            $each(turns, |$key| _ = black_box($beside));
        })
        .prepared_by($prepare)
    };
}

fn rows() -> Vec<Row> {
    vec![
        paired!(
            EVICT,
            each_of_million,
            keys::MILLION_ENTRIES,
            |turns| keys::MILLION.draw(turns),
            |key| evict(key),
            get(&PEER_EVICT, key)
        ),
        paired!(
            EVICT_BY_HAND,
            each_of_million,
            keys::MILLION_ENTRIES,
            |turns| keys::MILLION.draw(turns),
            |key| evict_again(key),
            get_then_insert(&PEER_EVICT_BY_HAND, key)
        ),
        paired!(
            MISS,
            keys::each_new,
            2 * ROOM_TO_EVICT,
            |_| (),
            |key| miss(key),
            get(&PEER_MISS, key)
        ),
        paired!(
            ASYNC,
            each_of_thousand,
            keys::THOUSAND_ENTRIES,
            |turns| keys::THOUSAND.draw(turns),
            |key| poll_to_end(hit_async(key)),
            hit(key)
        )
        .filled_by(|| {
            keys::THOUSAND.all(|key| {
                hit(key);
                poll_to_end(hit_async(key));
            });
        }),
    ]
}

#[inline(always)]
fn each_of_million(turns: u64, call: impl FnMut(u64)) {
    keys::MILLION.each(turns, call);
}

/// Inside a runtime, as an async function is.
#[inline(always)]
fn each_of_thousand(turns: u64, call: impl FnMut(u64)) {
    let _inside = runtimes::runtime().enter();
    keys::THOUSAND.each(turns, call);
}
