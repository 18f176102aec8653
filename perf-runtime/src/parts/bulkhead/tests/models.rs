//! Models of the hand-over: small scenes of threads, in every order that a model checker can think of. How to run them is in
//! CONTRIBUTING.md.

use std::sync::Arc;
use std::task::Waker;

use shuttle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use shuttle::thread;

use crate::explored::explored;
use crate::parts::bulkhead::{Bell, Bulkhead, Joined};

struct World {
    bulkhead: Bulkhead,
    inside: AtomicUsize,
    /// How many there are inside at most, whatever the size.
    most: usize,
}

impl World {
    fn new(max: u32, places: usize) -> Arc<Self> {
        Self::of_most(max, places, max as usize)
    }

    fn of_most(max: u32, places: usize, most: usize) -> Arc<Self> {
        Arc::new(Self {
            bulkhead: Bulkhead::new(max, places),
            inside: AtomicUsize::new(0),
            most,
        })
    }

    fn body(&self) {
        let inside = self.inside.fetch_add(1, SeqCst) + 1;
        assert!(inside <= self.most, "more than may");
        thread::yield_now();
        self.inside.fetch_sub(1, SeqCst);
        self.bulkhead.leave().deliver();
    }

    /// A call that waits as long as it takes. False when the queue is full.
    fn call(&self) -> bool {
        if self.bulkhead.try_enter() {
            self.body();
            return true;
        }
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(bell.clone());
        let (joined, handover) = self.bulkhead.join(&waker);
        handover.deliver();
        match joined {
            Joined::Entered => {}
            Joined::Full => return false,
            Joined::Waits(ticket) => loop {
                let (has_permit, handover) = self.bulkhead.look(&ticket, &waker);
                handover.deliver();
                if has_permit {
                    break;
                }
                bell.wait(None);
            },
        }
        self.body();
        true
    }

    /// A call that goes away, after a look or none.
    fn passing(&self, looks: usize) {
        if self.bulkhead.try_enter() {
            self.body();
            return;
        }
        let (joined, handover) = self.bulkhead.join(Waker::noop());
        handover.deliver();
        match joined {
            Joined::Entered => self.body(),
            Joined::Full => {}
            Joined::Waits(ticket) => {
                for _ in 0..looks {
                    let (has_permit, handover) = self.bulkhead.look(&ticket, Waker::noop());
                    handover.deliver();
                    if has_permit {
                        self.body();
                        return;
                    }
                }
                self.bulkhead.go_away(ticket).deliver();
            }
        }
    }

    fn verify(&self) {
        assert_eq!(self.bulkhead.in_use(), 0, "permits are lost");
        assert_eq!(self.bulkhead.waiting(), 0, "places are lost");
        assert!(!self.bulkhead.has_grants(), "grants are left");
        assert!(self.bulkhead.peak() <= self.bulkhead.highest());
        assert!(self.bulkhead.try_enter(), "the mark is left");
    }
}

fn together(world: &Arc<World>, calls: Vec<Box<dyn FnOnce(&World) + Send>>) {
    let threads: Vec<_> = calls
        .into_iter()
        .map(|call| {
            let world = world.clone();
            thread::spawn(move || call(&world))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    world.verify();
}

fn call() -> Box<dyn FnOnce(&World) + Send> {
    Box::new(|world| assert!(world.call()))
}

#[test]
fn everybody_gets_in_and_never_two_at_once() {
    explored(|| together(&World::new(1, 3), vec![call(), call(), call()]));
}

#[test]
fn two_permits_are_both_used_and_both_come_back() {
    explored(|| together(&World::new(2, 4), vec![call(), call(), call(), call()]));
}

#[test]
fn who_goes_away_takes_no_permit_along() {
    explored(|| {
        let passing: Box<dyn FnOnce(&World) + Send> = Box::new(|world| world.passing(0));
        let looking: Box<dyn FnOnce(&World) + Send> = Box::new(|world| world.passing(2));
        together(&World::new(1, 4), vec![call(), passing, looking, call()]);
    });
}

#[test]
fn a_full_queue_rejects_and_loses_no_place() {
    explored(|| {
        let tries: Box<dyn FnOnce(&World) + Send> = Box::new(|world| {
            world.call();
        });
        let also: Box<dyn FnOnce(&World) + Send> = Box::new(|world| {
            world.call();
        });
        together(&World::new(1, 1), vec![tries, also]);
    });
}

#[test]
fn looking_after_grants_takes_none_from_who_comes_for_it() {
    explored(|| {
        let looks_after: Box<dyn FnOnce(&World) + Send> = Box::new(|world| {
            for _ in 0..4 {
                world.bulkhead.look_after().deliver();
                thread::yield_now();
            }
        });
        together(&World::new(1, 3), vec![call(), call(), call(), looks_after]);
    });
}

#[test]
fn a_head_that_sleeps_starves_nobody_while_grants_are_looked_after() {
    explored(|| {
        let world = World::new(1, 3);
        assert!(world.bulkhead.try_enter());
        let (Joined::Waits(sleeper), _) = world.bulkhead.join(Waker::noop()) else {
            panic!("there was a permit");
        };
        let other = {
            let world = world.clone();
            thread::spawn(move || assert!(world.call()))
        };
        world.bulkhead.leave().deliver();
        while world.bulkhead.has_grants() {
            world.bulkhead.look_after().deliver();
            thread::yield_now();
        }
        other.join().unwrap();
        world.bulkhead.go_away(sleeper).deliver();
        world.verify();
    });
}

#[test]
fn growing_wakes_whoever_waits_and_none_is_left_behind() {
    explored(|| {
        let world = World::of_most(1, 3, 2);
        // Two hold what there is for good until both others are in: without the new permit nobody ever would be.
        assert!(world.bulkhead.try_enter());
        let grows: Box<dyn FnOnce(&World) + Send> =
            Box::new(|world| _ = world.bulkhead.resize(2).deliver());
        let threads: Vec<_> = [call(), call(), grows]
            .into_iter()
            .map(|work| {
                let world = world.clone();
                thread::spawn(move || work(&world))
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        world.bulkhead.leave().deliver();
        world.verify();
    });
}

#[test]
fn shrinking_lets_nobody_in_who_comes_after_it() {
    explored(|| {
        let world = World::of_most(2, 3, 2);
        let shrinks: Box<dyn FnOnce(&World) + Send> = Box::new(|world| {
            world.bulkhead.resize(1).deliver();
            // Once there was no more than one inside, there never is again.
            while world.bulkhead.in_use() > 1 {
                thread::yield_now();
            }
            for _ in 0..3 {
                assert!(world.bulkhead.in_use() <= 1, "one got in after it");
                thread::yield_now();
            }
        });
        together(&world, vec![call(), call(), call(), shrinks]);
    });
}

#[test]
fn sizes_that_change_lose_no_permit_no_place_and_no_mark() {
    explored(|| {
        let changes: Box<dyn FnOnce(&World) + Send> = Box::new(|world| {
            for max in [2, 1, 3] {
                world.bulkhead.resize(max).deliver();
                thread::yield_now();
            }
        });
        let passing: Box<dyn FnOnce(&World) + Send> = Box::new(|world| world.passing(1));
        let world = World::of_most(1, 4, 3);
        together(&world, vec![call(), passing, call(), changes]);
    });
}
