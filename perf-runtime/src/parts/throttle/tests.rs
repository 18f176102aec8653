use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::edge::{Edge, Pace, Runner, Verdict};
use super::Throttle;
use crate::clock;

const EVERY: Duration = Duration::from_millis(100);

fn ms(start: Instant, millis: u64) -> Instant {
    start + Duration::from_millis(millis)
}

/// Calls at these milliseconds, with a timer that is always in time: when which call ran, by its number.
fn runs(edge: Edge, calls: &[u64]) -> Vec<(u64, usize)> {
    let mut throttle = Throttle {
        edge,
        ..Throttle::new(EVERY)
    };
    let start = clock::instant();
    let mut ran = Vec::new();
    let mut waiting = None;
    let moments = calls.iter().map(|at| Some(ms(start, *at))).chain([None]);
    for (number, now) in moments.enumerate() {
        while let Some(due) = throttle
            .due()
            .filter(|due| now.is_none_or(|now| *due <= now))
        {
            throttle.run(due);
            let call = waiting.take().expect("what is due waits");
            ran.push((u64::try_from((due - start).as_millis()).unwrap(), call));
        }
        let Some(now) = now else { break };
        match throttle.call(now, Runner::Idle) {
            Verdict::Now => ran.push((calls[number], number)),
            Verdict::Later => waiting = Some(number),
            Verdict::Never => {}
        }
    }
    ran
}

#[test]
fn the_first_runs_at_once_and_the_last_of_each_window_after_it() {
    let calls = [0, 30, 60, 130, 150, 500];
    assert_eq!(
        runs(Edge::Both, &calls),
        [(0, 0), (100, 2), (200, 4), (500, 5)]
    );
}

#[test]
fn calls_in_a_window_are_left_out_at_the_leading_edge() {
    let calls = [0, 30, 99, 100, 150, 500];
    assert_eq!(runs(Edge::Leading, &calls), [(0, 0), (100, 3), (500, 5)]);
}

#[test]
fn nothing_runs_at_once_at_the_trailing_edge() {
    let calls = [0, 30, 130, 500];
    assert_eq!(runs(Edge::Trailing, &calls), [(100, 1), (200, 2), (600, 3)]);
}

#[test]
fn a_call_joins_a_run_that_is_late() {
    let start = clock::instant();
    let mut throttle = Throttle::new(EVERY);
    throttle.call(start, Runner::Idle);
    throttle.call(ms(start, 10), Runner::Idle);
    assert_eq!(throttle.call(ms(start, 130), Runner::Idle), Verdict::Later);
    assert_eq!(throttle.due(), Some(ms(start, 100)));
    throttle.run(ms(start, 140));
    assert_eq!(throttle.call(ms(start, 239), Runner::Idle), Verdict::Later);
    assert_eq!(throttle.due(), Some(ms(start, 240)));
}

#[test]
fn a_call_waits_for_a_run_that_is_not_over() {
    let start = clock::instant();
    let mut throttle = Throttle::new(EVERY);
    throttle.call(start, Runner::Idle);
    assert_eq!(throttle.call(ms(start, 200), Runner::Busy), Verdict::Later);
    // It is due already, as soon as the run is over.
    assert_eq!(throttle.due(), Some(ms(start, 100)));
}

#[test]
fn a_cancelled_call_gives_no_room_for_another() {
    let start = clock::instant();
    let mut throttle = Throttle::new(EVERY);
    throttle.call(start, Runner::Idle);
    throttle.call(start, Runner::Idle);
    throttle.cancel();
    assert_eq!(throttle.due(), None);
    assert_eq!(throttle.call(ms(start, 99), Runner::Idle), Verdict::Later);
    throttle.cancel();
    assert_eq!(throttle.call(ms(start, 100), Runner::Idle), Verdict::Now);
}

#[test]
fn zero_and_endless_are_defined() {
    let start = clock::instant();
    let mut zero = Throttle::new(Duration::ZERO);
    for _ in 0..3 {
        assert_eq!(zero.call(start, Runner::Idle), Verdict::Now);
    }
    let mut endless = Throttle::new(Duration::MAX);
    assert_eq!(endless.call(start, Runner::Idle), Verdict::Now);
    assert_eq!(endless.call(ms(start, 1), Runner::Idle), Verdict::Later);
    assert_eq!(endless.due(), None);
}

proptest! {
    #[test]
    fn runs_are_apart_and_the_last_call_counts(
        gaps in vec(0_u64..200, 1..40),
        edge in prop::sample::select(vec![Edge::Leading, Edge::Trailing, Edge::Both]),
    ) {
        let calls: Vec<u64> = gaps
            .iter()
            .scan(0, |at, gap| {
                *at += gap;
                Some(*at)
            })
            .collect();
        let ran = runs(edge, &calls);
        for pair in ran.windows(2) {
            prop_assert!(pair[1].0 - pair[0].0 >= 100, "{ran:?}");
            prop_assert!(pair[1].1 > pair[0].1, "{ran:?}");
        }
        prop_assert!(!ran.is_empty());
        if edge != Edge::Leading {
            let (at, call) = ran[ran.len() - 1];
            prop_assert_eq!(call, calls.len() - 1);
            prop_assert!(at <= calls[call] + 100);
        }
    }
}
