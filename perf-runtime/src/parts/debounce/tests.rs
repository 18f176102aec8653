use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::edge::{Edge, Pace, Runner, Verdict};
use super::Debounce;
use crate::clock;

const WAIT: Duration = Duration::from_millis(100);

fn ms(start: Instant, millis: u64) -> Instant {
    start + Duration::from_millis(millis)
}

/// Calls at these milliseconds, with a timer that is always in time: when which call ran, by its number.
fn runs(mut debounce: Debounce, calls: &[u64]) -> Vec<(u64, usize)> {
    let start = clock::instant();
    let mut ran = Vec::new();
    let mut waiting = None;
    let until = |debounce: &mut Debounce,
                 waiting: &mut Option<usize>,
                 now: Option<Instant>,
                 ran: &mut Vec<_>| {
        while let Some(due) = debounce
            .due()
            .filter(|due| now.is_none_or(|now| *due <= now))
        {
            debounce.run(due);
            let call = waiting.take().expect("what is due waits");
            ran.push((u64::try_from((due - start).as_millis()).unwrap(), call));
        }
    };
    for (number, at) in calls.iter().enumerate() {
        let now = ms(start, *at);
        until(&mut debounce, &mut waiting, Some(now), &mut ran);
        match debounce.call(now, Runner::Idle) {
            Verdict::Now => ran.push((*at, number)),
            Verdict::Later => waiting = Some(number),
            Verdict::Never => {}
        }
    }
    until(&mut debounce, &mut waiting, None, &mut ran);
    assert_eq!(debounce.due(), None);
    ran
}

fn at(edge: Edge) -> Debounce {
    Debounce {
        edge,
        ..Debounce::new(WAIT)
    }
}

#[test]
fn the_last_call_of_a_burst_runs_when_it_is_quiet() {
    let calls = [0, 50, 149, 400];
    assert_eq!(runs(at(Edge::Trailing), &calls), [(249, 2), (500, 3)]);
}

#[test]
fn the_first_call_of_a_burst_runs_at_once() {
    let calls = [0, 50, 149, 249, 400];
    assert_eq!(
        runs(at(Edge::Leading), &calls),
        [(0, 0), (249, 3), (400, 4)]
    );
}

#[test]
fn a_single_call_runs_once_at_both_edges() {
    assert_eq!(runs(at(Edge::Both), &[0]), [(0, 0)]);
    let calls = [0, 50, 300];
    assert_eq!(runs(at(Edge::Both), &calls), [(0, 0), (150, 1), (300, 2)]);
}

#[test]
fn a_burst_without_end_is_served() {
    let debounce = Debounce {
        max_wait: Some(Duration::from_millis(250)),
        ..at(Edge::Trailing)
    };
    let calls: Vec<u64> = (0..10).map(|call| call * 60).collect();
    // The first that has not run yet counts: 0, then 300.
    assert_eq!(runs(debounce, &calls), [(250, 4), (550, 9)]);
}

#[test]
fn a_call_joins_a_run_that_is_late() {
    let start = clock::instant();
    let mut debounce = at(Edge::Trailing);
    debounce.call(start, Runner::Idle);
    assert_eq!(debounce.call(ms(start, 130), Runner::Idle), Verdict::Later);
    assert_eq!(debounce.due(), Some(ms(start, 230)));
}

#[test]
fn a_first_call_waits_for_a_run_that_is_not_over() {
    let start = clock::instant();
    let mut both = at(Edge::Both);
    assert_eq!(both.call(start, Runner::Busy), Verdict::Later);
    assert_eq!(both.due(), Some(ms(start, 100)));
    assert_eq!(at(Edge::Leading).call(start, Runner::Busy), Verdict::Never);
}

#[test]
fn a_cancelled_burst_is_over() {
    let start = clock::instant();
    let mut debounce = at(Edge::Both);
    assert_eq!(debounce.call(start, Runner::Idle), Verdict::Now);
    assert_eq!(debounce.call(start, Runner::Idle), Verdict::Later);
    debounce.cancel();
    assert_eq!(debounce.due(), None);
    assert_eq!(debounce.call(start, Runner::Idle), Verdict::Now);
}

#[test]
fn a_flushed_burst_goes_on() {
    let start = clock::instant();
    let mut debounce = at(Edge::Both);
    debounce.call(start, Runner::Idle);
    debounce.call(ms(start, 10), Runner::Idle);
    debounce.run(ms(start, 20));
    assert_eq!(debounce.due(), None);
    assert_eq!(debounce.call(ms(start, 30), Runner::Idle), Verdict::Later);
    assert_eq!(debounce.due(), Some(ms(start, 130)));
}

#[test]
fn zero_and_endless_are_defined() {
    let start = clock::instant();
    let mut zero = Debounce::new(Duration::ZERO);
    zero.call(start, Runner::Idle);
    assert_eq!(zero.due(), Some(start));
    let mut endless = Debounce {
        max_wait: Some(Duration::MAX),
        ..Debounce::new(Duration::MAX)
    };
    endless.call(start, Runner::Idle);
    assert_eq!(endless.due(), None);
    endless.max_wait = Some(WAIT);
    assert_eq!(endless.due(), Some(ms(start, 100)));
}

proptest! {
    #[test]
    fn every_burst_runs_its_last_call(gaps in vec(0_u64..200, 1..40)) {
        let calls: Vec<u64> = gaps
            .iter()
            .scan(0, |at, gap| {
                *at += gap;
                Some(*at)
            })
            .collect();
        let lasts: Vec<(u64, usize)> = (0..calls.len())
            .filter(|call| calls.get(call + 1).is_none_or(|next| next - calls[*call] >= 100))
            .map(|call| (calls[call] + 100, call))
            .collect();
        prop_assert_eq!(runs(at(Edge::Trailing), &calls), lasts);
    }

    #[test]
    fn no_call_waits_longer_than_it_may(gaps in vec(0_u64..200, 1..40), most in 1_u64..400) {
        let calls: Vec<u64> = gaps
            .iter()
            .scan(0, |at, gap| {
                *at += gap;
                Some(*at)
            })
            .collect();
        let debounce = Debounce { max_wait: Some(Duration::from_millis(most)), ..at(Edge::Trailing) };
        let ran = runs(debounce, &calls);
        for (call, at) in calls.iter().enumerate() {
            let served = ran.iter().find(|(_, last)| *last >= call).expect("all are served");
            prop_assert!(served.0 <= at + most.max(100));
            prop_assert!(served.0 - at <= most || served.1 == call, "{call} {served:?}");
        }
    }
}
