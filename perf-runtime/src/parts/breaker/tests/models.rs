//! Models: small scenes of threads, in every order that a model checker can think of. How to run them is in
//! CONTRIBUTING.md.

use std::sync::Arc;

use shuttle::sync::atomic::{AtomicU64, Ordering::SeqCst};
use shuttle::thread;

use super::*;
use crate::explored::explored;

/// Each in a thread of its own, to their ends.
pub(super) fn at_once(work: Vec<Box<dyn FnOnce() + Send>>) {
    let threads: Vec<_> = work.into_iter().map(thread::spawn).collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

fn opened(rules: Rules) -> Arc<Machine> {
    let machine = Arc::new(Machine::seeded_with(rules));
    machine.trip(0, SECOND);
    machine
}

/// A caller when the time is over. Gives whether it ran.
fn caller(machine: &Machine, out: &AtomicU64, most: u64, verdict: Verdict) -> bool {
    let Ok(pass) = machine.admit(|| SECOND).pass else {
        return false;
    };
    if pass.is_probe() {
        assert!(out.fetch_add(1, SeqCst) < most, "one probe too many");
        out.fetch_sub(1, SeqCst);
    }
    machine.judge(pass, verdict, false, || SECOND);
    true
}

#[test]
fn the_places_of_a_half_open_breaker_are_never_given_twice_nor_lost() {
    for (probes, verdict) in [
        (1, Verdict::Neutral),
        (2, Verdict::Neutral),
        (2, Verdict::Success),
        (1, Verdict::Cancelled),
    ] {
        explored(move || {
            let machine = opened(Rules {
                probes,
                successes: 2,
                ..rules()
            });
            let out = Arc::new(AtomicU64::new(0));
            let callers = (0..3).map(|_| {
                let (machine, out) = (machine.clone(), out.clone());
                let call = move || {
                    caller(&machine, &out, probes, verdict);
                };
                Box::new(call) as Box<dyn FnOnce() + Send>
            });
            at_once(callers.collect());
            assert_eq!(machine.view(SECOND).probes, 0, "a place is lost");
            assert!(machine.admit(|| SECOND).pass.is_ok());
        });
    }
}

#[test]
fn the_first_of_those_who_come_at_once_is_the_one_probe() {
    explored(|| {
        let machine = opened(rules());
        let ran = Arc::new(AtomicU64::new(0));
        let callers = (0..3).map(|_| {
            let (machine, ran) = (machine.clone(), ran.clone());
            let call = move || {
                if machine.admit(|| SECOND).pass.is_ok() {
                    ran.fetch_add(1, SeqCst);
                }
            };
            Box::new(call) as Box<dyn FnOnce() + Send>
        });
        at_once(callers.collect());
        assert_eq!(ran.load(SeqCst), 1);
    });
}

#[test]
fn a_lease_that_is_over_is_given_to_one_of_those_who_come() {
    explored(|| {
        let machine = opened(rules());
        let hung = machine.admit(|| SECOND).pass.unwrap();
        let ran = Arc::new(AtomicU64::new(0));
        let mut work: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
        for _ in 0..2 {
            let (machine, ran) = (machine.clone(), ran.clone());
            work.push(Box::new(move || {
                if machine.admit(|| 3 * SECOND).pass.is_ok() {
                    ran.fetch_add(1, SeqCst);
                }
            }));
        }
        let late = machine.clone();
        work.push(Box::new(move || {
            late.judge(hung, Verdict::Neutral, false, || 3 * SECOND);
        }));
        at_once(work);
        // The hung one may have given its place back before, and then both are let through one after the other.
        let ran = ran.load(SeqCst);
        assert!(ran >= 1, "nobody is");
        assert!(machine.view(3 * SECOND).probes <= 1);
    });
}

#[test]
fn a_late_verdict_changes_nothing() {
    explored(|| {
        let machine = Arc::new(Machine::seeded_with(Rules {
            failures: Failures::InARow(1),
            ..rules()
        }));
        let early = machine.admit(|| 0).pass.unwrap();
        let first = machine.clone();
        let second = machine.clone();
        at_once(vec![
            Box::new(move || {
                first.judge(early, Verdict::Failure, false, || 0);
            }),
            Box::new(move || {
                second.put(Phase::Closed);
                let pass = second.admit(|| 5 * SECOND).pass.unwrap();
                let judged = second.judge(pass, Verdict::Success, false, || 5 * SECOND);
                assert_eq!(judged, Judged::Taken(None));
                assert_eq!(second.phase(), Phase::Closed);
            }),
        ]);
        assert_eq!(machine.phase(), Phase::Closed);
    });
}

#[test]
fn the_sums_of_a_window_are_those_of_its_bits() {
    explored(|| {
        let machine = Arc::new(Machine::seeded_with(Rules {
            failures: Failures::Share(MILLION),
            window: Window::Calls(2),
            slow_share: Some(MILLION),
            min_calls: 2,
            ..rules()
        }));
        let call = |verdicts: [Verdict; 2]| {
            let machine = machine.clone();
            Box::new(move || {
                for verdict in verdicts {
                    if let Ok(pass) = machine.admit(|| 0).pass {
                        machine.judge(pass, verdict, false, || 0);
                    }
                }
            }) as Box<dyn FnOnce() + Send>
        };
        at_once(vec![
            call([Verdict::Failure, Verdict::Success]),
            call([Verdict::Success, Verdict::Failure]),
        ]);
        let History::Calls(ring) = &machine.history else {
            panic!("it has a window of calls");
        };
        let view = machine.view(0);
        if view.phase == Phase::Closed {
            assert_eq!((view.failures, view.slow), ring.sums(0));
        }
    });
}

#[test]
fn failures_at_once_are_all_counted_and_one_of_them_opens_it() {
    explored(|| {
        let machine = Arc::new(Machine::seeded_with(Rules {
            failures: Failures::InARow(3),
            ..rules()
        }));
        let opened = Arc::new(AtomicU64::new(0));
        let callers = (0..3).map(|_| {
            let (machine, opened) = (machine.clone(), opened.clone());
            let pass = machine.admit(|| 0).pass.unwrap();
            let call = move || {
                let judged = machine.judge(pass, Verdict::Failure, false, || 0);
                if let Judged::Taken(Some(change)) = judged {
                    assert_eq!(change.why, Why::FailuresInARow);
                    opened.fetch_add(1, SeqCst);
                }
            };
            Box::new(call) as Box<dyn FnOnce() + Send>
        });
        at_once(callers.collect());
        assert_eq!(opened.load(SeqCst), 1);
        assert_eq!(machine.phase(), Phase::Open);
    });
}
