//! The decisions of a pool, with the time handed in.

#![expect(clippy::vec_box, reason = "a pool moves its resources in boxes")]

use std::panic::Location;
use std::task::Waker;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::entry::{End, Entry};
use super::failure::Failure;
use super::line::{Deadline, Place, Standing, Turn};
use super::{Levels, Order, Rules, State, Taken};
use crate::clock;

const NEVER: u64 = u64::MAX;

fn rules() -> Rules {
    Rules {
        min: 0,
        max: 3,
        max_creating: 2,
        order: Order::Lifo,
        acquire_timeout: Duration::from_secs(5),
        idle_timeout: NEVER,
        max_lifetime: NEVER,
        validate_every: NEVER,
        check_after: NEVER,
        fail_fast: false,
        is_coarse: true,
    }
}

fn here() -> &'static Location<'static> {
    Location::caller()
}

fn with(rules: Rules, resources: u32) -> State<u32> {
    let mut state = State::new(rules, 7);
    for resource in 0..resources {
        let after = state.add(resource, 0).expect("there is room");
        assert!(after.gone.is_empty());
    }
    state
}

fn taken(state: &mut State<u32>, now: u64) -> Option<Box<Entry<u32>>> {
    match state.take(now, here()) {
        Taken::Entry(entry) => Some(entry),
        _ => None,
    }
}

fn enter(state: &mut State<u32>, now: u64) -> Place {
    state.enter(Waker::noop().clone(), Deadline::Never, now, here())
}

fn give_back(state: &mut State<u32>, entry: Box<Entry<u32>>) -> Vec<Box<Entry<u32>>> {
    state.give_back(entry, None, None).gone
}

fn given(state: &mut State<u32>, place: Place) -> Option<Box<Entry<u32>>> {
    match state.claim(place, 0).0 {
        Turn::Given(entry) => Some(entry),
        _ => None,
    }
}

#[test]
fn the_one_that_came_back_last_is_given_out_first() {
    let mut state = with(rules(), 2);
    assert_eq!(taken(&mut state, 0).unwrap().resource, 1);
    let mut state = with(
        Rules {
            order: Order::Fifo,
            ..rules()
        },
        2,
    );
    assert_eq!(taken(&mut state, 0).unwrap().resource, 0);
}

#[test]
fn what_comes_back_goes_to_whoever_has_waited_longest() {
    let mut state = with(rules(), 1);
    let entry = taken(&mut state, 0).unwrap();
    let (first, second) = (enter(&mut state, 1), enter(&mut state, 2));
    let after = state.give_back(entry, None, None);
    assert!(after.first.is_some());
    // Nobody who comes now is served before those who wait.
    assert!(taken(&mut state, 3).is_none());
    let entry = given(&mut state, first).unwrap();
    give_back(&mut state, entry);
    assert!(given(&mut state, second).is_some());
}

#[test]
fn one_who_is_gone_leaves_what_he_was_given_to_the_next() {
    let mut state = with(rules(), 1);
    let entry = taken(&mut state, 0).unwrap();
    let places = [
        enter(&mut state, 1),
        enter(&mut state, 2),
        enter(&mut state, 3),
    ];
    give_back(&mut state, entry);
    let _ = state.abandon(places[1]);
    let (after, ..) = state.abandon(places[0]);
    assert!(after.first.is_some());
    assert!(given(&mut state, places[2]).is_some());
}

#[test]
fn one_who_does_not_come_is_passed_over_and_first_when_he_does() {
    let mut state = with(rules(), 1);
    let entry = taken(&mut state, 0).unwrap();
    let now = clock::instant();
    let places = [
        enter(&mut state, 1),
        enter(&mut state, 2),
        enter(&mut state, 3),
    ];
    give_back(&mut state, entry);
    assert!(state.look(now, 0).first.is_none(), "he may still come");
    let after = state.look(now, 0);
    assert_eq!(after.more.len(), 1);
    assert!(state.line.is(places[0], Standing::PassedOver));
    let entry = given(&mut state, places[1]).unwrap();
    let _ = state.come_back(places[0]);
    give_back(&mut state, entry);
    assert!(given(&mut state, places[0]).is_some());
    assert_eq!(state.books.passed_over, 1);
}

#[test]
fn as_many_are_made_at_once_as_may_be_and_no_more_than_are_needed() {
    let mut state = with(rules(), 0);
    let now = clock::instant();
    assert!(state.attempt(now, None).is_none());
    for _ in 0..5 {
        enter(&mut state, 0);
    }
    let first = state.attempt(now, None).unwrap();
    let second = state.attempt(now, None).unwrap();
    assert!(state.attempt(now, None).is_none());
    let _ = state.created(first, 1, 0);
    let third = state.attempt(now, None).unwrap();
    let _ = state.created(second, 2, 0);
    assert!(state.attempt(now, None).is_none(), "three are the limit");
    let _ = state.created(third, 3, 0);
    assert_eq!(state.levels().size, 3);
}

#[test]
fn what_is_not_needed_any_more_is_not_made() {
    let mut state = with(rules(), 0);
    let place = enter(&mut state, 0);
    let attempt = state.attempt(clock::instant(), None).unwrap();
    let _ = state.abandon(place);
    assert!(!state.is_needed(attempt));
    assert_eq!((state.books.elided, state.levels().creating), (1, 0));
}

#[test]
fn after_a_failure_one_finds_out_and_later_each_time() {
    let mut state = with(rules(), 0);
    let mut now = clock::instant();
    for _ in 0..3 {
        enter(&mut state, 0);
    }
    let mut last = Duration::ZERO;
    for failures in 1..=20 {
        let attempt = state.attempt(now, None).unwrap();
        if failures > 1 {
            assert!(state.attempt(now, None).is_none(), "one at once");
        }
        let (_, unused) = state.failed(attempt, Failure::told("refused"), now);
        assert!(unused.is_some());
        let retry = state.making.retry_at().unwrap();
        let delay = retry - now;
        assert!(delay <= Duration::from_secs(5) && delay >= last / 4);
        assert!(state.attempt(now, None).is_none());
        last = delay;
        now = retry;
    }
    assert!(last >= Duration::from_millis(2500));
    assert_eq!(state.making.last().map(|text| &**text), Some("refused"));
    let attempt = state.attempt(now, None).unwrap();
    let _ = state.created(attempt, 1, 0);
    assert!(state.making.last().is_none());
}

#[test]
fn who_has_waited_longest_gets_the_failure_when_it_is_to_be_fast() {
    let mut state = with(
        Rules {
            fail_fast: true,
            ..rules()
        },
        0,
    );
    let (first, second) = (enter(&mut state, 0), enter(&mut state, 0));
    let attempt = state.attempt(clock::instant(), None).unwrap();
    let (after, unused) = state.failed(attempt, Failure::told("refused"), clock::instant());
    assert!(after.first.is_some() && unused.is_none());
    assert!(matches!(state.claim(first, 0).0, Turn::Failed(_)));
    assert!(state.line.is(second, Standing::Waiting));
}

#[test]
fn one_that_has_lived_too_long_is_given_to_nobody() {
    let mut state = with(
        Rules {
            max_lifetime: 1000,
            ..rules()
        },
        1,
    );
    assert!(
        taken(&mut state, 800)
            .map(|entry| give_back(&mut state, entry))
            .is_some()
    );
    assert!(matches!(state.take(1000, here()), Taken::Gone(_)));
    assert_eq!(state.levels().size, 0);
}

#[test]
fn lifetimes_of_what_was_made_together_do_not_end_together() {
    let rules = Rules {
        max: 100,
        max_lifetime: 1_000_000,
        ..rules()
    };
    let mut state = with(rules, 100);
    let mut ends: Vec<u64> = std::iter::from_fn(|| taken(&mut state, 0))
        .map(|entry| entry.expires)
        .collect();
    ends.sort_unstable();
    ends.dedup();
    assert!(ends.len() > 90);
    assert!(ends.iter().all(|end| (900_000..=1_000_000).contains(end)));
}

#[test]
fn idle_ones_go_in_time_but_not_below_the_lowest_number() {
    let mut state = with(
        Rules {
            min: 1,
            max: 9,
            idle_timeout: 100,
            ..rules()
        },
        9,
    );
    assert!(state.sweep(10).gone.is_empty());
    assert!(state.sweep(109).gone.is_empty());
    // When the clock leaps, not all go at one moment.
    assert_eq!(state.sweep(5000).gone.len(), 3);
    for _ in 0..20 {
        let _ = state.sweep(5000);
    }
    assert_eq!(state.levels().size, 1);
}

#[test]
fn one_that_was_idle_for_long_is_checked_first() {
    let mut state = with(
        Rules {
            check_after: 50,
            ..rules()
        },
        1,
    );
    let Taken::Unchecked(entry) = state.take(51, here()) else {
        panic!("it was idle for too long");
    };
    let waiter = enter(&mut state, 51);
    assert!(
        state.attempt(clock::instant(), None).is_none(),
        "it is for him"
    );
    let _ = state.checked(entry, 52, None);
    let entry = given(&mut state, waiter).unwrap();
    give_back(&mut state, entry);
    let Taken::Unchecked(entry) = state.take(200, here()) else {
        panic!("it was idle for too long");
    };
    assert_eq!(state.checked(entry, 201, Some(End::Invalid)).gone.len(), 1);
    assert_eq!(
        state.levels(),
        Levels {
            max: 3,
            ..Levels::none()
        }
    );
}

#[test]
fn who_comes_without_a_look_at_the_time_gets_nothing_that_is_to_be_checked() {
    let mut state = with(
        Rules {
            check_after: 50,
            ..rules()
        },
        1,
    );
    state.untimed = 3;
    assert!(state.take_usual(51, here()).is_none());
    let entry = state.take_usual(49, here()).expect("it is well");
    assert!(!entry.is_timed && state.rests());
    assert_eq!(state.holders().count(), 1);
    state.rest(entry);
    assert_eq!(state.holders().count(), 0, "it is idle");
    assert!(state.take_usual(98, here()).is_some());
    assert!(state.take_usual(98, here()).is_none());
    assert_eq!((state.books.immediate, state.levels().in_use), (2, 1));
}

#[test]
fn whoever_came_without_a_look_at_the_time_is_late_in_time() {
    let mut state = with(rules(), 0);
    let (now, ticks) = (clock::instant(), clock::ticks());
    let waker = Waker::noop().clone();
    let place = state.enter(waker, Deadline::Unsaid, ticks, here());
    let later = |seconds| {
        let passed = Duration::from_secs(seconds);
        (now + passed, ticks.saturating_add(clock::ticks_in(passed)))
    };
    let (at, ticks) = later(1);
    assert!(!state.line.is_late(place, at));
    assert!(state.look(at, ticks).more.is_empty());
    // What a tick is worth gets known better in between.
    assert!(
        !state
            .line
            .is_late(place, now + Duration::from_millis(4_900))
    );
    assert!(
        state
            .line
            .is_late(place, now + Duration::from_millis(5_100))
    );
    let (at, ticks) = later(6);
    assert_eq!(state.look(at, ticks).more.len(), 1);
    assert!(matches!(state.claim(place, ticks).0, Turn::Late));
}

#[test]
fn a_check_is_no_use_of_what_is_idle() {
    let mut state = with(
        Rules {
            max: 9,
            idle_timeout: 100,
            validate_every: 40,
            ..rules()
        },
        1,
    );
    let _ = state.sweep(10);
    let entry = state.due(60).expect("it is to be checked");
    assert!(state.checked(entry, 61, None).gone.is_empty());
    assert!(state.due(62).is_none());
    assert_eq!(state.sweep(111).gone.len(), 1);
}

#[test]
fn a_smaller_pool_lets_go_what_is_too_much() {
    let mut state = with(rules(), 3);
    let (one, other) = (taken(&mut state, 0).unwrap(), taken(&mut state, 0).unwrap());
    assert_eq!(state.resize(1).gone.len(), 1);
    assert_eq!(give_back(&mut state, one).len(), 1);
    assert_eq!(give_back(&mut state, other).len(), 0);
    assert_eq!(state.levels().idle, 1);
}

#[test]
fn a_closed_pool_gives_nothing_and_takes_all_back() {
    let mut state = with(rules(), 2);
    let entry = taken(&mut state, 0).unwrap();
    assert_eq!(state.shut().gone.len(), 1);
    assert!(matches!(state.take(0, here()), Taken::Closed));
    assert!(!state.is_at_rest());
    assert_eq!(give_back(&mut state, entry).len(), 1);
    assert!(state.is_at_rest());
    assert!(state.add(9, 0).is_err());
}

/// What is done to a pool, and to the naive one beside it.
#[derive(Debug, Clone)]
enum Step {
    Take,
    TakeUsual,
    Enter,
    Claim(usize),
    Abandon(usize),
    Return(usize),
    HandOn(usize),
    Discard(usize),
    Attempt,
    Made(usize),
    Failed(usize),
    Lost(usize),
    Look,
    Sweep(u64),
    Check,
    Checked(bool),
    Resize(usize),
    Evict,
    Put,
    Extra,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Take),
        4 => Just(Step::TakeUsual),
        4 => Just(Step::Enter),
        6 => (0..8_usize).prop_map(Step::Claim),
        2 => (0..8_usize).prop_map(Step::Abandon),
        3 => (0..8_usize).prop_map(Step::Return),
        6 => (0..8_usize).prop_map(Step::HandOn),
        1 => (0..8_usize).prop_map(Step::Discard),
        4 => Just(Step::Attempt),
        4 => (0..4_usize).prop_map(Step::Made),
        1 => (0..4_usize).prop_map(Step::Failed),
        1 => (0..4_usize).prop_map(Step::Lost),
        2 => Just(Step::Look),
        2 => (0..60_u64).prop_map(Step::Sweep),
        2 => Just(Step::Check),
        2 => any::<bool>().prop_map(Step::Checked),
        1 => (1..6_usize).prop_map(Step::Resize),
        1 => Just(Step::Evict),
        1 => Just(Step::Put),
        1 => Just(Step::Extra),
    ]
}

/// All that is outside of the pool, so that nothing can be lost.
#[derive(Default)]
struct World {
    out: Vec<Box<Entry<u32>>>,
    waiting: Vec<Place>,
    making: Vec<super::Attempt>,
    checking: Vec<Box<Entry<u32>>>,
    made: u64,
    gone: u64,
    now: u64,
}

impl World {
    #[expect(clippy::too_many_lines, reason = "one arm for each step")]
    fn step(&mut self, state: &mut State<u32>, start: Instant, step: &Step) {
        self.now += 1;
        let now = self.now;
        let at = start + Duration::from_secs(now);
        let gone = match *step {
            Step::Take => match state.take(now, here()) {
                Taken::Entry(entry) => {
                    assert!(
                        self.waiting
                            .iter()
                            .all(|place| !state.line.is(*place, Standing::Waiting))
                    );
                    self.out.push(entry);
                    0
                }
                Taken::Gone(_) => 1,
                Taken::Unchecked(entry) => {
                    self.checking.push(entry);
                    0
                }
                Taken::Nothing | Taken::Closed => 0,
            },
            Step::TakeUsual => {
                state.untimed = 1;
                if let Some(entry) = state.take_usual(now, here()) {
                    assert_eq!(state.line.waiting(), 0);
                    assert!(now < entry.expires);
                    self.out.push(entry);
                }
                0
            }
            Step::Enter => {
                if matches!(state.line.waiting(), 0..12) && state.levels().idle == 0 {
                    self.waiting.push(enter(state, now));
                }
                0
            }
            Step::Claim(nth) if nth < self.waiting.len() => {
                let place = self.waiting[nth];
                if state.line.is(place, Standing::PassedOver) {
                    let gone = state.come_back(place).gone.len();
                    self.gone += gone as u64;
                }
                if !state.line.is(place, Standing::Waiting) {
                    self.waiting.remove(nth);
                    self.out.extend(given(state, place));
                }
                0
            }
            Step::Abandon(nth) if nth < self.waiting.len() => {
                let place = self.waiting.remove(nth);
                state.abandon(place).0.gone.len()
            }
            Step::Return(nth) if nth < self.out.len() => {
                let entry = self.out.remove(nth);
                state.give_back(entry, Some(now), None).gone.len()
            }
            Step::HandOn(nth) if nth < self.out.len() => {
                let entry = self.out.remove(nth);
                let now = entry.is_timed.then_some(now);
                if now.is_none() && state.rests() {
                    state.rest(entry);
                    0
                } else if let Err(entry) = state.hand_on(entry, now) {
                    state.give_back(entry, now, None).gone.len()
                } else {
                    0
                }
            }
            Step::Discard(nth) if nth < self.out.len() => {
                let entry = self.out.remove(nth);
                state.give_back(entry, None, Some(End::Poisoned)).gone.len()
            }
            Step::Attempt => {
                self.making.extend(state.attempt(at, None));
                assert!(self.making.len() <= 2);
                0
            }
            Step::Made(nth) if nth < self.making.len() => {
                self.made += 1;
                let attempt = self.making.remove(nth);
                state.created(attempt, 1, now).gone.len()
            }
            Step::Failed(nth) if nth < self.making.len() => {
                let attempt = self.making.remove(nth);
                let (after, _) = state.failed(attempt, Failure::told("no"), at);
                after.gone.len()
            }
            Step::Lost(nth) if nth < self.making.len() => {
                let attempt = self.making.remove(nth);
                state.lost(attempt, at).gone.len()
            }
            Step::Look => state.look(at, now).gone.len(),
            Step::Sweep(pass) => {
                self.now += pass;
                state.sweep(self.now).gone.len()
            }
            Step::Check => {
                self.checking.extend(state.due(now));
                0
            }
            Step::Checked(good) => match self.checking.pop() {
                Some(entry) if now.is_multiple_of(7) => state.unchecked(entry).gone.len(),
                Some(entry) => {
                    let end = (!good).then_some(End::Invalid);
                    state.checked(entry, now, end).gone.len()
                }
                None => 0,
            },
            Step::Resize(max) => state.resize(max).gone.len(),
            Step::Evict => state.evict().gone.len(),
            Step::Put => match state.add(2, now) {
                Ok(after) => {
                    self.made += 1;
                    after.gone.len()
                }
                Err(_) => 0,
            },
            Step::Extra => {
                self.made += 1;
                self.out.push(state.extra(3, now));
                0
            }
            _ => 0,
        };
        self.gone += gone as u64;
    }

    fn balance(&self, state: &State<u32>) {
        let Levels {
            size,
            idle,
            in_use,
            checking,
            waiting,
            creating,
            ..
        } = state.levels();
        assert_eq!(size, idle + in_use + checking);
        assert_eq!(checking, self.checking.len());
        assert_eq!(creating, self.making.len());
        assert_eq!(waiting, self.waiting.len());
        assert_eq!(size as u64, self.made - self.gone, "nothing is lost");
        assert!(in_use >= self.out.len());
        assert!(
            idle == 0 || state.line.waiting() == 0,
            "nobody waits for what is there"
        );
        let books = &state.books;
        assert_eq!(
            books.requests(),
            books.acquired()
                + books.timeouts
                + books.cancelled
                + books.closed
                + books.failed
                + waiting as u64
        );
        assert_eq!(
            books.created + books.put,
            books.ended.iter().sum::<u64>() + size as u64
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 512 }))]

    #[test]
    fn nothing_is_lost_whatever_happens(steps in prop::collection::vec(step(), 1..200), fail_fast: bool) {
        let rules = Rules {
            min: 1,
            max: 4,
            idle_timeout: 120,
            max_lifetime: 500,
            validate_every: 80,
            check_after: 60,
            fail_fast,
            ..rules()
        };
        let mut state = State::new(rules, 7);
        let mut world = World::default();
        let start = clock::instant();
        for step in &steps {
            world.step(&mut state, start, step);
            world.balance(&state);
        }
        // In the end all come back, and all can be had again.
        while let Some(entry) = world.out.pop() {
            world.gone += state.give_back(entry, None, None).gone.len() as u64;
        }
        for place in std::mem::take(&mut world.waiting) {
            world.gone += state.abandon(place).0.gone.len() as u64;
        }
        for entry in std::mem::take(&mut world.checking) {
            world.gone += state.checked(entry, world.now, None).gone.len() as u64;
        }
        for attempt in std::mem::take(&mut world.making) {
            world.gone += state.lost(attempt, start).gone.len() as u64;
        }
        world.balance(&state);
        let rest = state.levels();
        prop_assert_eq!(rest.size, rest.idle);
    }
}
