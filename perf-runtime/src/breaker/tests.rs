//! An open breaker and the time: what it reads, and what it goes by where it reads nothing.

use std::time::Duration;

use super::*;
use crate::clock::coarse::glance::{Glance, Keeper, UNKNOWN};
use crate::clock::test::{pass, reads, set, set_glance};
use crate::parts::breaker::Phase;

const START: u64 = 1_000 * SECOND;
const SECOND: u64 = 1_000 * MILLISECOND;
const RESET: u64 = 60 * SECOND;

/// A clock that a test moves, and what is seen of it at a glance.
fn clock(keeper: fn() -> Keeper) -> &'static Glance {
    let glance = Box::leak(Box::new(Glance::new(keeper)));
    set(START);
    set_glance(glance);
    glance
}

fn settings(reset: u64) -> Settings {
    Settings {
        threshold: 1,
        reset: Duration::from_nanos(reset),
        ..Settings::new()
    }
}

/// Open for so long, from now on.
fn open(reset: u64) -> &'static Core {
    let core = Core::for_good("op", settings(reset));
    core.admit(0).expect("it is closed").failed();
    core
}

/// The rejection of a call, and how often the clock was read for it.
fn reject(core: &Core) -> (Rejected, u64) {
    let mut rejected = None;
    let reads = reads(|| rejected = core.admit(0).err());
    (rejected.expect("it is open"), reads)
}

/// Rejected often enough for the time to be seen at a glance.
fn asked_for(core: &Core) {
    for _ in 0..ASKING {
        assert!(reject(core).1 > 0, "nothing is seen yet");
    }
}

fn left(rejected: &Rejected) -> Option<u64> {
    let left = rejected.retry_after()?.as_nanos();
    Some(u64::try_from(left).expect("no reset is that long"))
}

#[test]
fn far_from_its_end_a_rejection_reads_no_clock_and_says_the_exact_time() {
    let glance = clock(|| Keeper::Thread);
    let core = open(RESET);
    asked_for(core);
    pass(40 * MILLISECOND + 1);
    for _ in 1..ASKING {
        let (rejected, reads) = reject(core);
        assert_eq!(reads, 0);
        assert_eq!(left(&rejected), Some(RESET - 40 * MILLISECOND - 1));
    }
    assert!(reject(core).1 > 0, "now and then it looks");
    assert_eq!(core.books.counted(Count::Rejected), 2 * ASKING);
    assert_eq!(glance.millis(), START / MILLISECOND);
}

#[test]
fn near_its_end_the_time_itself_decides() {
    let glance = clock(|| Keeper::Thread);
    let core = open(RESET);
    asked_for(core);
    let end = START + RESET;
    glance.show(end - (MARGIN + 1) * MILLISECOND);
    assert_eq!(reject(core).1, 0);
    glance.show(end - MARGIN * MILLISECOND);
    for before in [MARGIN * MILLISECOND, 2, 1] {
        set(end - before);
        let (rejected, reads) = reject(core);
        assert_eq!((left(&rejected), reads), (Some(before), 1));
    }
    set(end);
    assert!(core.admit(0).is_ok(), "a probe");
}

#[test]
fn who_waits_for_as_long_as_a_rejection_says_is_let_through() {
    let glance = clock(|| Keeper::Thread);
    for late in [0, 1, MARGIN / 2, MARGIN] {
        set(START);
        let core = open(RESET);
        glance.ask(START);
        let (rejected, reads) = reject(core);
        assert_eq!(reads, 0);
        pass(left(&rejected).expect("it is known"));
        glance.show(START + RESET - late * MILLISECOND);
        assert!(core.admit(0).is_ok(), "{late} ms behind");
        assert_eq!(left(&rejected), Some(0));
    }
}

#[test]
fn one_moment_is_one_rejection_however_it_was_found() {
    let glance = clock(|| Keeper::Thread);
    let core = open(RESET);
    let (exact, _) = reject(core);
    pass(SECOND);
    glance.ask(START + SECOND);
    let (seen, reads) = reject(core);
    assert_eq!((seen, reads), (exact, 0));
}

#[test]
fn a_time_that_stands_still_does_not_keep_it_open() {
    clock(|| Keeper::Thread);
    let core = open(RESET);
    asked_for(core);
    pass(RESET);
    let calls = (0..2 * ASKING).take_while(|_| core.admit(0).is_err());
    assert_eq!(calls.count(), 32, "as many as it takes until one looks");
}

#[test]
fn without_a_thread_every_rejection_reads_the_time() {
    for keeper in [|| Keeper::None, || Keeper::Perhaps] {
        let glance = clock(keeper);
        let core = open(RESET);
        for _ in 0..3 * ASKING {
            assert!(reject(core).1 > 0);
        }
        assert_eq!(glance.millis(), UNKNOWN);
        pass(RESET);
        assert!(core.admit(0).is_ok());
    }
}

#[test]
fn nobody_is_asked_to_keep_a_time_that_is_soon_over() {
    let glance = clock(|| Keeper::Thread);
    let core = open(2 * MARGIN * MILLISECOND);
    for _ in 0..3 * ASKING {
        assert!(reject(core).1 > 0);
    }
    assert_eq!(glance.millis(), UNKNOWN);
}

#[test]
fn no_leap_of_the_clock_keeps_it_open_for_longer_than_it_was_meant_to() {
    let glance = clock(|| Keeper::Thread);
    let core = open(RESET);
    asked_for(core);
    // Back, with what is seen brought back by its thread, or by who looks.
    let back = START - 500 * SECOND;
    for (seen, calls) in [(back, 1), (START, ASKING + 1)] {
        set(back);
        glance.show(seen);
        let (rejected, _) = (0..calls).map(|_| reject(core)).last().expect("some");
        assert!(left(&rejected) <= Some(RESET), "{rejected}");
        set(START);
        core.machine.trip(START, RESET);
    }
    // And ahead.
    set(START + 1_000_000 * SECOND);
    glance.show(START + 1_000_000 * SECOND);
    assert!(core.admit(0).is_ok());
}

#[test]
fn one_that_is_held_open_says_no_time() {
    let glance = clock(|| Keeper::Thread);
    let core = Core::for_good("op", settings(RESET));
    core.machine.put(Phase::ForcedOpen);
    let forced = || (0..3 * ASKING).map(|_| reject(core));
    assert!(forced().all(|(rejected, _)| left(&rejected).is_none()));
    core.machine.trip(START, u64::MAX);
    assert!(forced().all(|(rejected, _)| left(&rejected).is_none()));
    assert_eq!(glance.millis(), UNKNOWN);
    // Not by a time that others look at, either.
    glance.ask(START);
    assert!(forced().all(|(rejected, _)| left(&rejected).is_none()));
}

#[test]
fn the_breaker_of_a_key_goes_by_the_same_time() {
    let glance = clock(|| Keeper::Thread);
    let core = Core::for_good("op", settings(RESET));
    let admit = |key: u64| core.admit_key::<u64, _>(key, 0);
    admit(7).expect("it is well").end(Fate::Failure);
    let reject = || {
        let mut rejected = None;
        let reads = reads(|| rejected = admit(7).err());
        (rejected.expect("it is open"), reads)
    };
    for _ in 0..ASKING {
        assert!(reject().1 > 0);
    }
    pass(SECOND);
    let (rejected, reads) = reject();
    assert_eq!((left(&rejected), reads), (Some(RESET - SECOND), 0));
    glance.show(START + RESET - MARGIN * MILLISECOND);
    set(START + RESET - 1);
    assert_eq!(left(&reject().0), Some(1));
    assert!(admit(8).is_ok(), "another key is well");
    pass(1);
    assert!(admit(7).is_ok(), "a probe");
}
