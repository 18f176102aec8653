//! Breakers of keys against one breaker for each key that is always there.

use super::keys::{KeyPass, Keys, Refused};
use super::time::MILLISECOND;
use super::*;

const KEYS: u64 = 8;

#[test]
fn a_key_that_is_not_known_is_as_one_that_is_known_and_well() {
    let mut chance = Chance::seeded();
    let mut early = 0;
    for _ in 0..calls(200_000).div_ceil(2_000) {
        let rules = Rules {
            failures: Failures::InARow(1 + chance.below(4)),
            cancelled: chance.one_in(2).then_some(1 + chance.below(4)),
            probes: 1 + chance.below(2),
            ..rules()
        };
        let keys = Keys::<u64>::new(rules, 1_000);
        let apart = apart(&keys);
        let always: Vec<_> = apart.iter().map(|_| Machine::new(rules)).collect();
        let mut running: Vec<(usize, KeyPass, Pass)> = Vec::new();
        let mut now = 0;
        for _ in 0..2_000 {
            let at = usize::try_from(chance.below(KEYS)).unwrap();
            match chance.below(10) {
                0 => now += chance.below(SECOND),
                1..6 if running.len() < 12 => {
                    // No later than the margin, so that it makes no difference.
                    let seen = now.saturating_sub(chance.below(99 * MILLISECOND));
                    let got = keys.admit(&apart[at], (seen / MILLISECOND, 100), || now);
                    let expected = always[at].admit(|| now);
                    let why = |change: Option<Change>| change.map(|change| change.why);
                    assert_eq!(why(got.change), why(expected.change));
                    match (got.pass, expected.pass) {
                        (Ok(pass), Ok(expected)) => running.push((at, pass, expected)),
                        (Err(Refused::Until(until)), Err(expected)) => {
                            assert_eq!(until - now, expected);
                            early += 1;
                        }
                        (Err(after), Err(expected)) => {
                            assert_eq!(
                                after,
                                Refused::After {
                                    nanos: expected,
                                    now
                                }
                            );
                        }
                        _ => panic!("one runs, the other does not"),
                    }
                }
                _ if running.is_empty() => {}
                _ => {
                    let which = usize::try_from(chance.below(running.len() as u64)).unwrap();
                    let (at, pass, expected) = running.swap_remove(which);
                    let verdict = match chance.below(8) {
                        0..4 => Verdict::Success,
                        4..6 => Verdict::Failure,
                        6 => Verdict::Neutral,
                        _ => Verdict::Cancelled,
                    };
                    let got = keys.judge(&apart[at], pass, verdict, false, || now);
                    let expected = always[at].judge(expected, verdict, false, || now);
                    // Of a call that says nothing, nobody can tell whether it is late where the key is not known.
                    let tells = matches!(verdict, Verdict::Failure | Verdict::Cancelled);
                    if tells {
                        let is_late = |judged| judged == Judged::Late;
                        assert_eq!(is_late(got.judged), is_late(expected), "{verdict:?}");
                    }
                    assert!(!got.is_crowded);
                }
            }
            for (key, machine) in apart.iter().zip(&always) {
                let view = keys.view(key, now);
                let (phase, failures) =
                    view.map_or((Phase::Closed, 0), |view| (view.phase, view.failures));
                let expected = machine.view(now);
                assert_eq!((phase, failures), (expected.phase, expected.failures));
            }
            let unwell = always.iter().filter(|machine| !machine.is_idle(now));
            assert_eq!(keys.counts().keys, unwell.count() as u64);
        }
    }
    assert!(early > 0, "some are rejected at a glance");
}

/// Keys that are told apart by what is remembered of those that have gone.
fn apart(keys: &Keys<u64>) -> Vec<u64> {
    let mut buckets = std::collections::BTreeSet::new();
    let apart = (0_u64..).filter(|key| buckets.insert(keys.bucket(key)));
    apart.take(usize::try_from(KEYS).unwrap()).collect()
}

#[test]
fn the_one_that_failed_longest_ago_goes_and_never_an_open_one() {
    let keys = Keys::<u64>::new(
        Rules {
            failures: Failures::InARow(2),
            ..rules()
        },
        3,
    );
    let fail = |key: u64| {
        let pass = keys.admit(&key, UNSEEN, || 0).pass.ok().unwrap();
        keys.judge(&key, pass, Verdict::Failure, false, || 0)
    };
    let known = |key: u64| keys.view(&key, 0).is_some();
    for key in [1, 2, 3, 1] {
        assert!(!fail(key).is_crowded);
    }
    fail(4);
    assert!(known(1) && !known(2) && known(3) && known(4));
    fail(3);
    fail(4);
    assert!(fail(5).is_crowded, "all of them are open");
    assert_eq!(keys.counts().open, 3);
}

#[test]
fn keys_are_dropped_outside_of_the_lock() {
    use std::sync::{Arc, OnceLock};

    /// Asks the table when it is cloned and dropped.
    #[derive(PartialEq, Eq, Hash)]
    struct Asks(u64, Asked);
    #[derive(Clone)]
    struct Asked(Arc<OnceLock<Keys<Asks>>>);
    impl Asked {
        fn ask(&self) {
            self.0.get().map(Keys::counts);
        }
    }
    impl PartialEq for Asked {
        fn eq(&self, _: &Self) -> bool {
            true
        }
    }
    impl Eq for Asked {}
    impl std::hash::Hash for Asked {
        fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
    }
    impl Clone for Asks {
        fn clone(&self) -> Self {
            self.1.ask();
            Self(self.0, self.1.clone())
        }
    }
    impl Drop for Asks {
        fn drop(&mut self) {
            self.1.ask();
        }
    }

    let asked = Asked(Arc::default());
    let one = Rules {
        failures: Failures::InARow(2),
        ..rules()
    };
    let keys = asked.0.get_or_init(|| Keys::new(one, 2));
    for (key, verdict) in [
        (1, Verdict::Failure),
        (2, Verdict::Failure),
        (3, Verdict::Failure),
        (3, Verdict::Success),
        (2, Verdict::Failure),
    ] {
        let key = Asks(key, asked.clone());
        let pass = keys.admit(&&key, UNSEEN, || 0).pass.ok().unwrap();
        keys.judge(&&key, pass, verdict, false, || 0);
    }
    assert_eq!(keys.counts().keys, 1);
    keys.forget_all();
    assert_eq!(keys.counts().keys, 0);
}
