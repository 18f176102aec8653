//! Models of keys: what those see who look into the census without a lock, while entries come and go under it.

use std::sync::Arc;

use shuttle::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use super::keys::{KeyPass, Keys};
use super::models::at_once;
use super::*;
use crate::explored::explored;

/// Some key is always not well, so that the others are looked for in the census; and one of the others.
struct World {
    keys: Keys<u64>,
    sick: u64,
    key: u64,
    /// Something that is over, for those who come after it.
    is_done: AtomicBool,
}

type Work = Box<dyn FnOnce(&World) + Send>;

impl World {
    fn new(failures: u64) -> Arc<Self> {
        let keys = Keys::new(
            Rules {
                failures: Failures::InARow(failures),
                ..rules()
            },
            100,
        );
        let key = (1..).find(|key| keys.part(key) != keys.part(&0)).unwrap();
        let world = Self {
            keys,
            sick: 0,
            key,
            is_done: AtomicBool::new(false),
        };
        world.keys.trip(&world.sick, 0, SECOND);
        assert!(!world.looks_well(&world.sick) && world.looks_well(&world.key));
        Arc::new(world)
    }

    /// Whether it is let through without a lock.
    fn looks_well(&self, key: &u64) -> bool {
        self.keys.pass_if_well(key).is_some()
    }

    fn admit(&self) -> Option<KeyPass> {
        self.keys.admit(&self.key, UNSEEN, || 0).pass.ok()
    }

    fn judge(&self, pass: KeyPass, verdict: Verdict) -> Judged {
        let judged = self.keys.judge(&self.key, pass, verdict, false, || 0);
        assert!(!judged.is_crowded);
        judged.judged
    }

    fn fails(&self) {
        if let Some(pass) = self.admit() {
            self.judge(pass, Verdict::Failure);
        }
    }

    fn phase(&self) -> Option<Phase> {
        Some(self.keys.view(&self.key, 0)?.phase)
    }

    /// What is counted is what there is: a key that is well costs no lock again, and one that is not is seen.
    fn verify(&self) {
        assert_eq!(self.looks_well(&self.key), self.phase().is_none());
        assert!(!self.looks_well(&self.sick));
        let keys = 1 + u64::from(self.phase().is_some());
        assert_eq!(self.keys.counts().keys, keys);
    }
}

fn together(world: &Arc<World>, work: Vec<Work>) {
    let work = work.into_iter().map(|work| {
        let world = world.clone();
        let work: Box<dyn FnOnce() + Send> = Box::new(move || work(&world));
        work
    });
    at_once(work.collect());
    world.verify();
}

fn doing(work: impl FnOnce(&World) + Send + 'static) -> Work {
    Box::new(work)
}

#[test]
fn failures_of_a_key_at_once_are_all_counted_and_one_of_them_opens_it() {
    explored(|| {
        let world = World::new(3);
        let opened = Arc::new(AtomicU64::new(0));
        let calls = (0..3).map(|_| {
            let opened = opened.clone();
            doing(move |world| {
                let pass = world.admit().expect("two failures do not open it");
                if let Judged::Taken(Some(change)) = world.judge(pass, Verdict::Failure) {
                    assert_eq!(change.why, Why::FailuresInARow);
                    opened.fetch_add(1, SeqCst);
                }
            })
        });
        together(&world, calls.collect());
        assert_eq!(opened.load(SeqCst), 1);
        assert_eq!(world.phase(), Some(Phase::Open));
    });
}

#[test]
fn a_success_wipes_out_the_failures_from_before_it() {
    explored(|| {
        let world = World::new(3);
        let pass = world.admit().unwrap();
        let wiped = Arc::new(AtomicBool::new(false));
        let success = {
            let wiped = wiped.clone();
            doing(move |world| {
                wiped.store(world.is_done.load(SeqCst), SeqCst);
                assert_eq!(world.judge(pass, Verdict::Success), Judged::Taken(None));
            })
        };
        let failure = doing(|world| {
            world.fails();
            world.is_done.store(true, SeqCst);
        });
        together(&world, vec![success, failure]);
        if wiped.load(SeqCst) {
            assert_eq!(world.phase(), None, "the failure is left");
        }
    });
}

#[test]
fn nobody_who_comes_after_a_key_was_opened_is_let_through() {
    explored(|| {
        let world = World::new(1);
        let opens = doing(|world| {
            world.fails();
            world.is_done.store(true, SeqCst);
        });
        let comes = || {
            doing(|world| {
                let is_after = world.is_done.load(SeqCst);
                assert!(!(is_after && world.admit().is_some()), "it is open");
            })
        };
        together(&world, vec![opens, comes(), comes()]);
    });
}

#[test]
fn a_key_that_is_well_again_is_let_through_and_what_began_before_is_late() {
    explored(|| {
        let world = World::new(2);
        let pass = world.admit().unwrap();
        let opens = doing(|world| {
            world.keys.trip(&world.key, 0, SECOND).unwrap();
            world.keys.forget(&world.key).unwrap();
            world.is_done.store(true, SeqCst);
            assert!(world.admit().is_some());
        });
        let fails = doing(move |world| {
            let is_after = world.is_done.load(SeqCst);
            let judged = world.judge(pass, Verdict::Failure);
            assert!(!is_after || judged == Judged::Late, "{judged:?}");
        });
        together(&world, vec![opens, fails]);
        // Before it was opened it counted, and was forgotten; while it was open it was late.
        assert_eq!(world.phase(), None);
    });
}

#[test]
fn entries_of_one_part_come_and_go_at_once_and_none_is_miscounted() {
    explored(|| {
        let world = World::new(3);
        let part = world.keys.part(&world.key);
        let twin = (world.key + 1..).find(|key| world.keys.part(key) == part);
        let twin = twin.unwrap();
        let comes = doing(World::fails);
        let others = doing(move |world| {
            for verdict in [Verdict::Failure, Verdict::Success] {
                let pass = world.keys.admit(&twin, UNSEEN, || 0).pass.unwrap();
                world.keys.judge(&twin, pass, verdict, false, || 0);
            }
        });
        together(&world, vec![comes, others]);
        assert_eq!(world.phase(), Some(Phase::Closed));
        let pass = world.admit().unwrap();
        assert_eq!(world.judge(pass, Verdict::Success), Judged::Taken(None));
        world.verify();
        world.fails();
        world.keys.forget_all();
        // Only while some key is not well the others are looked for.
        world.keys.trip(&world.sick, 0, SECOND);
        world.verify();
        assert!(world.looks_well(&world.key) && world.looks_well(&twin));
    });
}
