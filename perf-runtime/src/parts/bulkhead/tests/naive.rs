//! Permits and the queue against lists that are searched from the beginning, over events by chance: calls come, look, go and
//! end, grants are looked after, and permits and places become more and fewer.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Wake, Waker};

use crate::parts::bulkhead::{Bulkhead, Handover, Joined, Ticket};

/// Steele, Lea and Flood's `SplitMix64`.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waits,
    /// How many looks after grants it has been there for.
    Granted(u32),
    Asleep,
}

/// One in the queue, as both know it.
struct Caller {
    ticket: Ticket,
    woken: Arc<Woken>,
    state: State,
}

/// The queue as one would write it down, in the order in which they came.
struct Naive {
    max: u32,
    places: usize,
    in_use: u32,
    peak: u32,
    highest: u32,
    callers: Vec<Caller>,
}

impl Naive {
    fn waiting(&self) -> usize {
        let waits = |caller: &&Caller| !matches!(caller.state, State::Granted(_));
        self.callers.iter().filter(waits).count()
    }

    fn has_waiting(&self) -> bool {
        self.callers
            .iter()
            .any(|caller| caller.state == State::Waits)
    }

    fn has_grants(&self) -> bool {
        let granted = |caller: &Caller| matches!(caller.state, State::Granted(_));
        self.callers.iter().any(granted)
    }

    fn take(&mut self) -> bool {
        if self.in_use >= self.max {
            return false;
        }
        self.in_use += 1;
        self.peak = self.peak.max(self.in_use);
        true
    }

    /// Whoever has waited longest and is not asleep is next.
    fn grant(&mut self) {
        while let Some(at) = self
            .callers
            .iter()
            .position(|caller| caller.state == State::Waits)
        {
            if !self.take() {
                return;
            }
            self.callers[at].state = State::Granted(0);
        }
    }
}

struct Pair {
    bulkhead: Bulkhead,
    naive: Naive,
}

impl Pair {
    fn new(max: u32, places: usize) -> Self {
        Self {
            bulkhead: Bulkhead::new(max, places),
            naive: Naive {
                max,
                places,
                in_use: 0,
                peak: 0,
                highest: max,
                callers: Vec::new(),
            },
        }
    }

    fn delivered(&self, handover: Handover) {
        assert_eq!(handover.deliver(), self.naive.has_grants());
    }

    fn step(&mut self, chance: &mut Chance) {
        let most = self.naive.callers.len() as u64;
        match chance.below(16) {
            0..3 => {
                let enters = !self.naive.has_waiting() && self.naive.take();
                assert_eq!(self.bulkhead.try_enter(), enters);
            }
            3..7 => self.joins(),
            7..10 if self.naive.in_use > self.granted() => {
                self.naive.in_use -= 1;
                let had_waiting = self.naive.has_waiting();
                self.naive.grant();
                let handover = self.bulkhead.leave();
                // Nobody looks at the queue where nobody waits in it.
                if had_waiting {
                    self.delivered(handover);
                } else {
                    assert!(!handover.is_due());
                }
            }
            10..12 if most > 0 => self.looks(index(chance.below(most))),
            12 if most > 0 => self.goes(index(chance.below(most)), chance.below(2) == 0),
            13 => self.looked_after(),
            14 => self.resized(chance),
            15 if chance.below(8) == 0 => {
                self.bulkhead.reset_peak();
                self.naive.peak = self.naive.in_use;
                self.naive.highest = self.naive.max.max(self.naive.in_use);
            }
            _ => {}
        }
    }

    /// How many of the permits that are in use nobody has come for.
    fn granted(&self) -> u32 {
        let granted = |caller: &&Caller| matches!(caller.state, State::Granted(_));
        u32::try_from(self.naive.callers.iter().filter(granted).count()).unwrap()
    }

    fn joins(&mut self) {
        let woken = Arc::new(Woken::default());
        let (joined, handover) = self.bulkhead.join(&Waker::from(woken.clone()));
        let naive = &mut self.naive;
        if naive.places == 0 {
            assert!(matches!(joined, Joined::Full) && !handover.is_due());
            return;
        }
        naive.grant();
        match joined {
            Joined::Entered => assert!(!naive.has_waiting() && naive.take()),
            Joined::Full => assert!(naive.waiting() >= naive.places && naive.in_use >= naive.max),
            Joined::Waits(ticket) => {
                assert!(naive.waiting() < naive.places && naive.in_use >= naive.max);
                naive.callers.push(Caller {
                    ticket,
                    woken,
                    state: State::Waits,
                });
            }
        }
        self.delivered(handover);
    }

    fn looks(&mut self, at: usize) {
        self.naive.grant();
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let state = self.naive.callers[at].state;
        let has_permit = match state {
            State::Granted(_) => true,
            State::Waits => false,
            State::Asleep => self.naive.take(),
        };
        let (got, handover) = self.bulkhead.look(&self.naive.callers[at].ticket, &waker);
        assert_eq!(got, has_permit);
        if has_permit {
            self.naive.callers.remove(at);
        } else {
            let caller = &mut self.naive.callers[at];
            (caller.state, caller.woken) = (State::Waits, woken);
        }
        self.delivered(handover);
    }

    fn goes(&mut self, at: usize, gives_up: bool) {
        self.naive.grant();
        let Caller { ticket, state, .. } = self.naive.callers.remove(at);
        let was_granted = matches!(state, State::Granted(_));
        let handover = if gives_up {
            let (got, handover) = self.bulkhead.give_up(ticket);
            assert_eq!(got, was_granted);
            handover
        } else {
            if was_granted {
                self.naive.in_use -= 1;
            }
            self.bulkhead.go_away(ticket)
        };
        self.naive.grant();
        self.delivered(handover);
    }

    fn looked_after(&mut self) {
        self.naive.grant();
        for caller in &mut self.naive.callers {
            match &mut caller.state {
                State::Granted(0) => caller.state = State::Granted(1),
                State::Granted(_) => {
                    caller.state = State::Asleep;
                    self.naive.in_use -= 1;
                }
                _ => {}
            }
        }
        self.naive.grant();
        let handover = self.bulkhead.look_after();
        self.delivered(handover);
    }

    fn resized(&mut self, chance: &mut Chance) {
        if chance.below(4) == 0 {
            let places = index(chance.below(6));
            self.naive.places = places;
            self.bulkhead.resize_queue(places);
            return;
        }
        self.naive.grant();
        let max = u32::try_from(1 + chance.below(5)).unwrap();
        let shrinks = max < self.naive.max;
        self.naive.max = max;
        self.naive.highest = self.naive.highest.max(max);
        self.naive.grant();
        let handover = self.bulkhead.resize(max);
        self.delivered(handover);
        if shrinks {
            for caller in &self.naive.callers {
                let waits = caller.state == State::Waits;
                assert!(!waits || caller.woken.0.load(Relaxed));
            }
        }
    }

    fn verify(&self) {
        let (bulkhead, naive) = (&self.bulkhead, &self.naive);
        assert_eq!(bulkhead.in_use(), u64::from(naive.in_use));
        assert_eq!(bulkhead.max(), naive.max);
        assert_eq!(bulkhead.places(), naive.places);
        assert_eq!(bulkhead.waiting(), naive.waiting());
        assert_eq!(bulkhead.has_grants(), naive.has_grants());
        assert_eq!(bulkhead.peak(), u64::from(naive.peak));
        assert_eq!(bulkhead.highest(), u64::from(naive.highest));
        for caller in &naive.callers {
            let granted = matches!(caller.state, State::Granted(_));
            assert!(!granted || caller.woken.0.load(Relaxed), "nobody told it");
        }
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

fn from_outside(name: &str) -> Option<u64> {
    Some(std::env::var(name).ok()?.parse().unwrap())
}

#[test]
fn it_does_what_a_list_of_callers_does() {
    let seed = from_outside("PERFKIT_SEED").unwrap_or_else(|| RandomState::new().hash_one(0_u8));
    println!("PERFKIT_SEED={seed}");
    let mut chance = Chance(seed);
    let usually = if cfg!(miri) { 1_000 } else { 2_000_000 };
    let events = from_outside("PERFKIT_CHAOS_CALLS").unwrap_or(usually);
    for _ in 0..events.div_ceil(1_000) {
        let max = u32::try_from(1 + chance.below(4)).unwrap();
        let mut pair = Pair::new(max, index(chance.below(6)));
        for _ in 0..1_000 {
            pair.step(&mut chance);
            pair.verify();
        }
    }
}
