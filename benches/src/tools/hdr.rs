//! An `hdrhistogram` with three digits per function, kept by hand behind a lock: the reference for memory.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use hdrhistogram::Histogram;

use super::{Recorder, spin};

/// Its generated sites.
pub const RECORDER: Recorder = Recorder {
    name: "hdrhistogram",
    start: || {},
    sites: &SITES,
    report: String::new,
    background: false,
};

/// From one nanosecond to one hour.
const LONGEST: u64 = 3_600_000_000_000;

type Slot = Mutex<Option<Histogram<u64>>>;

fn record(slot: &Slot, nanoseconds: u64) -> u64 {
    let start = Instant::now();
    let answer = spin(nanoseconds);
    let took = u64::try_from(start.elapsed().as_nanos()).unwrap_or(LONGEST);
    slot.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get_or_insert_with(|| {
            Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds are in order")
        })
        .saturating_record(took);
    answer
}

macro_rules! site {
    ($name:ident) => {
        #[inline(never)]
        fn $name(nanoseconds: u64) -> u64 {
            static SLOT: Slot = Mutex::new(None);
            record(&SLOT, nanoseconds)
        }
    };
}
include!(concat!(env!("OUT_DIR"), "/sites.rs"));
