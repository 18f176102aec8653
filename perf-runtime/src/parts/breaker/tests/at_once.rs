//! Threads that do everything at once, and the books afterwards.

use std::sync::atomic::AtomicU64 as Number;
use std::sync::atomic::Ordering::SeqCst;

use super::*;

/// Runs it in two threads, each with its own chance.
fn at_once(work: impl Fn(Chance) + Sync) {
    let mut chance = Chance::seeded();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let (work, chance) = (&work, chance.split());
            scope.spawn(move || work(chance));
        }
    });
}

#[test]
fn the_sums_of_a_window_are_those_of_its_bits() {
    let window = Rules {
        failures: Failures::Share(MILLION),
        window: Window::Calls(100),
        slow_share: Some(MILLION),
        min_calls: 100,
        ..rules()
    };
    let machine = Machine::seeded_with(window);
    at_once(|mut chance| {
        for _ in 0..calls(100_000) {
            let pass = machine.admit(|| 0).pass.unwrap();
            let verdict = if chance.one_in(3) {
                Verdict::Failure
            } else {
                Verdict::Success
            };
            let judged = machine.judge(pass, verdict, chance.one_in(4), || 0);
            assert_eq!(judged, Judged::Taken(None));
        }
    });
    let History::Calls(ring) = &machine.history else {
        panic!("it has a window of calls");
    };
    let view = machine.view(0);
    assert_eq!((view.failures, view.slow), ring.sums(0));
    assert_eq!(view.calls, 100);
}

#[test]
fn a_window_of_time_loses_no_call() {
    let window = Rules {
        failures: Failures::Share(MILLION),
        window: Window::Time(10 * SECOND),
        min_calls: u64::MAX,
        ..rules()
    };
    let machine = Machine::seeded_with(window);
    let calls = calls(50_000);
    at_once(|_| {
        for call in 0..calls {
            let pass = machine.admit(|| 0).pass.unwrap();
            let verdict = if call % 2 == 0 {
                Verdict::Failure
            } else {
                Verdict::Success
            };
            machine.judge(pass, verdict, false, || call % 10 * SECOND);
        }
    });
    let view = machine.view(9 * SECOND);
    assert_eq!(view.calls, 2 * calls);
    assert_eq!(view.failures, 2 * calls.div_ceil(2));
}

#[test]
fn never_more_probes_than_places_however_it_opens_and_closes() {
    const PROBES: u64 = 3;
    let machine = Machine::seeded_with(Rules {
        failures: Failures::InARow(2),
        probes: PROBES,
        successes: 2,
        reset: 1_000_000,
        max_reset: 1_000_000,
        // So that none is taken away.
        lease: u64::MAX,
        ..rules()
    });
    let (now, out) = (Number::new(0), Number::new(0));
    at_once(|mut chance| {
        for _ in 0..calls(100_000) {
            let time = now.fetch_add(chance.below(200_000), SeqCst);
            let Ok(pass) = machine.admit(|| time).pass else {
                continue;
            };
            if pass.is_probe() {
                let before = out.fetch_add(1, SeqCst);
                assert!(before < PROBES);
                // Before its place is free again.
                out.fetch_sub(1, SeqCst);
            }
            let verdict = match chance.below(5) {
                0 | 1 => Verdict::Success,
                2 | 3 => Verdict::Failure,
                _ => Verdict::Neutral,
            };
            machine.judge(pass, verdict, false, || time);
        }
    });
    let end = now.load(SeqCst) + 10_000_000;
    let pass = machine.admit(|| end).pass;
    assert!(pass.is_ok(), "no place is lost");
}
