//! perfkit: the attributes, `measure`, and what they are compared with elsewhere in this directory.

use super::{Recorder, Yield, body, fallible, poll_to_end, spin};
use crate::row;
use crate::rows::{Row, Tool};

/// perfkit with its default features.
pub const TOOL: Tool = Tool {
    name: "perfkit",
    start: || {},
    rows,
    background: false,
};

/// Its generated sites.
pub const RECORDER: Recorder = Recorder {
    name: "perfkit",
    start: || {},
    sites: &SITES,
    report: || perfkit::report().to_json(),
    background: false,
};

#[perfkit::measured]
#[inline(never)]
fn plain(x: u64) -> u64 {
    body(x)
}

#[perfkit::measured]
#[inline(never)]
fn with_result(x: u64) -> Result<u64, u64> {
    fallible(x)
}

#[perfkit::measured(slow = "250ms")]
#[inline(never)]
fn with_slow(x: u64) -> u64 {
    body(x)
}

#[perfkit::measured(sample = 64)]
#[inline(never)]
fn sampled(x: u64) -> u64 {
    body(x)
}

#[perfkit::measured(by = if x & 1 == 0 { "even" } else { "odd" })]
#[inline(never)]
fn labelled(x: u64) -> u64 {
    body(x)
}

#[inline(never)]
fn by_hand(x: u64) -> u64 {
    perfkit::measure("by_hand", || body(x))
}

#[perfkit::measured]
async fn ready(x: u64) -> u64 {
    body(x)
}

#[perfkit::measured]
async fn suspended(x: u64) -> u64 {
    Yield::default().await;
    body(x)
}

macro_rules! nested {
    ($name:ident, $inner:ident) => {
        #[perfkit::measured]
        #[inline(never)]
        fn $name(x: u64) -> u64 {
            $inner(x).wrapping_add(1)
        }
    };
}
nested!(nested_5, nested_4);
nested!(nested_4, nested_3);
nested!(nested_3, nested_2);
nested!(nested_2, plain);

fn rows() -> Vec<Row> {
    vec![
        row!("measured", Sync, |x| plain(x)),
        row!("measured, Result", Sync, |x| with_result(x)),
        row!("measured, slow", Sync, |x| with_slow(x)),
        row!("measured, sample = 64", Sync, |x| sampled(x)),
        row!("measured, by", Sync, |x| labelled(x)),
        row!("measure(name, ..)", Sync, |x| by_hand(x)),
        row!("measured, nested x5", Sync, |x| nested_5(x)).calls_per_turn(5),
        row!("measured async, ready", Ready, |x| poll_to_end(ready(x))),
        row!(
            "measured async, suspended once",
            Suspended,
            |x| poll_to_end(suspended(x))
        ),
    ]
}

macro_rules! site {
    ($name:ident) => {
        #[perfkit::measured]
        #[inline(never)]
        fn $name(nanoseconds: u64) -> u64 {
            spin(nanoseconds)
        }
    };
}
include!(concat!(env!("OUT_DIR"), "/sites.rs"));
