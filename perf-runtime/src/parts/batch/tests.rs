//! The line beside a naive one: lists, searched from the front.

use std::collections::{HashMap, VecDeque};
use std::task::Waker;

use proptest::prelude::*;

use super::*;

const BOUNDS: Bounds = Bounds {
    size: 3,
    concurrency: 2,
};

#[derive(Debug, Clone)]
enum Step {
    Enter,
    /// A caller of a wave, and all that have come of it.
    Hold,
    Release,
    TurnAway,
    /// Of those that are there, the caller of this number goes.
    Leave(usize),
    Look(usize),
    /// A leader that forms takes its batch, or is gone.
    Take,
    Desert,
    /// Of those that run, the batch of this number ends, with answers or without.
    Deliver(usize, bool),
    Refuse,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Enter),
        4 => Just(Step::Hold),
        2 => Just(Step::Release),
        1 => Just(Step::TurnAway),
        2 => any::<usize>().prop_map(Step::Leave),
        4 => any::<usize>().prop_map(Step::Look),
        4 => Just(Step::Take),
        1 => Just(Step::Desert),
        3 => (any::<usize>(), any::<bool>()).prop_map(|(which, ends)| Step::Deliver(which, ends)),
        1 => Just(Step::Refuse),
    ]
}

/// What is known of a caller.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Known {
    Held,
    Queued,
    Running,
    Answered,
    Lost,
}

#[derive(Default)]
struct Naive {
    line: VecDeque<u64>,
    /// The place and the state of those that are there.
    callers: HashMap<u64, (usize, Known)>,
    wave: Vec<(u64, Held)>,
    leaders: usize,
    batches: Vec<(Taken<u64, ()>, Vec<u64>)>,
}

impl Naive {
    fn nth(&self, which: usize) -> Option<u64> {
        let mut there: Vec<_> = self.callers.keys().copied().collect();
        there.sort_unstable();
        let place = which.checked_rem(there.len())?;
        there.get(place).copied()
    }

    fn may_lead(&self) -> bool {
        self.leaders == 0 && self.batches.len() < BOUNDS.concurrency
    }
}

fn arrival(item: u64) -> Arrival<u64, ()> {
    Arrival {
        item,
        waker: Waker::noop().clone(),
        within: None,
        now: 0,
        due: None,
        is_urgent: false,
    }
}

proptest! {
    #[test]
    fn everybody_is_answered_once_with_his_own_answer(steps in prop::collection::vec(step(), 0..400)) {
        let mut line: Line<u64, u64, ()> = Line::new();
        let mut naive = Naive::default();
        let mut next = 0;
        for step in steps {
            match step {
                Step::Enter => {
                    let leads = naive.may_lead();
                    let entered = line.enter(BOUNDS, arrival(next));
                    prop_assert_eq!(entered.leads, leads);
                    naive.leaders += usize::from(leads);
                    naive.line.push_back(next);
                    prop_assert!(naive.callers.insert(next, (entered.place, Known::Queued)).is_none());
                    next += 1;
                }
                Step::Hold => {
                    let held = line.hold(arrival(next));
                    naive.wave.push((next, held));
                    prop_assert!(naive.callers.insert(next, (held.place, Known::Held)).is_none());
                    next += 1;
                }
                Step::Release => {
                    let (callers, wave): (Vec<_>, Vec<_>) = naive.wave.drain(..).unzip();
                    line.release(BOUNDS, &wave);
                    for caller in callers {
                        if let Some((_, known @ Known::Held)) = naive.callers.get_mut(&caller) {
                            *known = Known::Queued;
                            naive.line.push_back(caller);
                        }
                    }
                    prop_assert_eq!(line.is_unled(BOUNDS), naive.may_lead() && !naive.line.is_empty());
                }
                Step::TurnAway => {
                    let (callers, wave): (Vec<_>, Vec<_>) = naive.wave.drain(..).unzip();
                    let items = line.turn_away(&wave, &Loss::ShutDown, &mut Given::new());
                    let mut expected = Vec::new();
                    for caller in callers {
                        if let Some((_, known @ Known::Held)) = naive.callers.get_mut(&caller) {
                            *known = Known::Lost;
                            expected.push(caller);
                        }
                    }
                    prop_assert_eq!(items, expected);
                }
                Step::Leave(which) => {
                    let Some(caller) = naive.nth(which) else { continue };
                    let (place, known) = naive.callers.remove(&caller).unwrap();
                    let was = line.leave(place).was;
                    let expected = match known {
                        Known::Held | Known::Queued => Was::Queued,
                        Known::Running => Was::Running,
                        Known::Answered | Known::Lost => Was::Answered,
                    };
                    prop_assert_eq!(was, expected);
                    naive.line.retain(|other| *other != caller);
                }
                Step::Look(which) => {
                    let Some(caller) = naive.nth(which) else { continue };
                    let (place, known) = naive.callers[&caller];
                    if known == Known::Held {
                        // Who is looked after does not wait for its wave.
                        naive.line.push_back(caller);
                    }
                    let known = if known == Known::Held { Known::Queued } else { known };
                    naive.callers.insert(caller, (place, known));
                    match (line.look(place, Waker::noop().clone(), BOUNDS, false), known) {
                        (Look::Ended(Outcome::Answered(answer)), Known::Answered) => {
                            prop_assert_eq!(answer, caller * 2);
                            naive.callers.remove(&caller);
                        }
                        (Look::Ended(Outcome::Lost(_)), Known::Lost) => {
                            naive.callers.remove(&caller);
                        }
                        (Look::Lead(_), Known::Queued) => {
                            prop_assert!(naive.may_lead());
                            naive.leaders += 1;
                        }
                        (Look::Wait(_), Known::Queued) => prop_assert!(!naive.may_lead()),
                        (Look::Wait(_), Known::Running) => {}
                        _ => prop_assert!(false, "{caller} is {known:?}"),
                    }
                }
                Step::Take => {
                    if naive.leaders == 0 { continue }
                    naive.leaders -= 1;
                    let mut taken = Taken::new();
                    let took = line.take(BOUNDS, Next::Follows, &mut taken);
                    let size = naive.line.len().min(BOUNDS.size);
                    let expected: Vec<_> = naive.line.drain(..size).collect();
                    prop_assert_eq!(&taken.items, &expected);
                    prop_assert_eq!(took == Took::Nothing, expected.is_empty());
                    if expected.is_empty() { continue }
                    for caller in &expected {
                        naive.callers.get_mut(caller).unwrap().1 = Known::Running;
                    }
                    naive.batches.push((taken, expected));
                    let more = !naive.line.is_empty() && naive.may_lead();
                    prop_assert_eq!(took == Took::More, more);
                    naive.leaders += usize::from(more);
                }
                Step::Desert => {
                    if naive.leaders == 0 { continue }
                    naive.leaders -= 1;
                    line.desert(&mut Vec::new());
                }
                Step::Deliver(which, ends) => {
                    let Some(which) = which.checked_rem(naive.batches.len()) else { continue };
                    let (taken, items) = naive.batches.swap_remove(which);
                    let answers = items.iter().map(|item| Outcome::Answered(item * 2));
                    let mut outcomes: Vec<_> = answers.filter(|_| ends).collect();
                    let batch = Delivery {
                        places: &taken.places,
                        arrival: taken.arrival,
                        cost: ends.then_some(1),
                        bounds: BOUNDS,
                        then: if ends { Then::GoOn } else { Then::Die },
                    };
                    let mut given = Given::new();
                    let goes_on = line.deliver(batch, &mut outcomes, &mut given);
                    prop_assert_eq!(goes_on, ends && naive.may_lead());
                    naive.leaders += usize::from(goes_on);
                    let there = items.iter().filter(|item| naive.callers.contains_key(item)).count();
                    prop_assert_eq!(given.unwanted.len(), items.len() - there);
                    for item in items {
                        if let Some((_, known)) = naive.callers.get_mut(&item) {
                            *known = if ends { Known::Answered } else { Known::Lost };
                        }
                    }
                }
                Step::Refuse => {
                    let items = line.refuse(&Loss::ShutDown, &mut Given::new());
                    prop_assert!(items.into_iter().eq(naive.line.drain(..)));
                    for (_, known) in naive.callers.values_mut() {
                        if *known == Known::Queued { *known = Known::Lost; }
                    }
                }
            }
            let held = naive.callers.values().filter(|(_, known)| *known == Known::Held).count();
            prop_assert_eq!(line.queued(), naive.line.len() + held);
        }
    }
}

#[test]
fn a_line_that_was_long_is_short_again_when_all_have_gone() {
    let mut line: Line<u64, u64, ()> = Line::new();
    let places: Vec<_> = (0..5000)
        .map(|item| line.enter(BOUNDS, arrival(item)).place)
        .collect();
    for place in places {
        line.leave(place);
    }
    assert_eq!(line.places.capacity(), 0);
    assert_eq!(line.enter(BOUNDS, arrival(1)).place, 0);
}

#[test]
fn who_was_called_and_goes_calls_the_next() {
    let mut line: Line<u64, u64, ()> = Line::new();
    let first = line.enter(BOUNDS, arrival(1));
    let second = line.enter(BOUNDS, arrival(2));
    assert!(first.leads && !second.leads);
    let mut wakers = Vec::new();
    line.desert(&mut wakers);
    assert_eq!(wakers.len(), 2);
    line.look(
        second.place,
        Waker::noop().clone(),
        Bounds {
            concurrency: 0,
            ..BOUNDS
        },
        false,
    );
    assert_eq!(line.leave(first.place).wakers.len(), 1);
}
