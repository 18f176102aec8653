//! Shares of the last calls, of those of the last while, and of slow ones.

use super::*;

/// How many failures in a row it takes after so many successes.
fn failures_after(successes: u32, call: impl Fn(Answer) -> Answer) -> u32 {
    for _ in 0..successes {
        assert_eq!(call(Ok(1)), Ok(1));
    }
    let failures = (1..=1_000).find(|_| {
        let _ = call(DOWN);
        is_rejected(&call_probe(&call))
    });
    failures.expect("it opens")
}

/// Asks without adding anything but a failure that is taken into account.
fn call_probe(call: &impl Fn(Answer) -> Answer) -> Answer {
    call(Err(Failure::Rejected(neutral())))
}

/// A rejection of somebody else's, which says nothing.
fn neutral() -> Rejected {
    static OPEN: std::sync::OnceLock<Rejected> = std::sync::OnceLock::new();
    *OPEN.get_or_init(|| {
        let open = Breaker::builder("windows: another").build().unwrap();
        open.force_open();
        let rejected = open.admit().err();
        rejected.expect("it is held open")
    })
}

macro_rules! after {
    ($name:ident, $successes:literal, $expected:literal) => {
        #[test]
        fn $name() {
            static STATE: std::sync::OnceLock<Breaker> = std::sync::OnceLock::new();

            #[breaker(window = 100, failure_rate = 0.5, min_calls = 100)]
            fn call(answer: Answer) -> Answer {
                answer
            }
            let breaker = STATE.get_or_init(call_breaker);
            for _ in std::iter::repeat_n((), $successes) {
                assert_eq!(call(Ok(1)), Ok(1));
            }
            let failures = (1..=1_000).find(|_| {
                let _ = call(DOWN);
                breaker.state() == BreakerState::Open
            });
            assert_eq!(failures, Some($expected));
        }
    };
}

after!(a_window_of_a_hundred_calls_must_be_full, 0, 100);
after!(half_of_the_last_hundred_must_have_failed, 100, 50);
after!(what_was_before_the_last_hundred_does_not_count, 10_000, 50);

#[test]
fn a_rejection_further_in_takes_no_place_in_the_window() {
    #[breaker(window = 4, failure_rate = 0.5, min_calls = 2)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    assert_eq!(failures_after(1, call), 1);
}

#[test]
fn it_does_not_open_before_there_are_enough_calls() {
    #[breaker(window = 100, failure_rate = "50%", min_calls = 10)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    for _ in 0..9 {
        assert_eq!(call(DOWN), DOWN);
    }
    assert_eq!(call_breaker().state(), BreakerState::Closed);
    let _ = call(DOWN);
    assert_eq!(call_breaker().state(), BreakerState::Open);
}

#[test]
fn a_success_never_opens_it() {
    #[breaker(window = 10, failure_rate = 0.5, min_calls = 4)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    for answer in [DOWN, DOWN, DOWN, Ok(1)] {
        let _ = call(answer);
    }
    assert_eq!(call_breaker().state(), BreakerState::Closed);
    let _ = call(DOWN);
    assert_eq!(call_breaker().state(), BreakerState::Open);
}

#[test]
fn it_closes_with_an_empty_window() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(window = 10, failure_rate = 0.5, min_calls = 4, clock = &CLOCK)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    for _ in 0..4 {
        let _ = call(DOWN);
    }
    CLOCK.advance(60 * SECOND);
    assert_eq!(call(Ok(1)), Ok(1));
    for _ in 0..3 {
        assert_eq!(call(DOWN), DOWN);
    }
    assert_eq!(call_breaker().state(), BreakerState::Closed);
    assert_eq!(call_breaker().snapshot().recent_calls, 3);
}

#[test]
fn what_failed_longer_ago_than_the_window_does_not_count() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(window = "10s", failure_rate = 0.5, min_calls = 4, clock = &CLOCK)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    for _ in 0..3 {
        let _ = call(DOWN);
    }
    CLOCK.advance(10 * SECOND);
    for _ in 0..3 {
        let _ = call(DOWN);
    }
    assert_eq!(call_breaker().state(), BreakerState::Closed);
    CLOCK.advance(9 * SECOND);
    let _ = call(DOWN);
    assert_eq!(call_breaker().state(), BreakerState::Open);
}

#[test]
fn successes_in_a_window_of_time_count_too() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(window = "10s", failure_rate = 0.5, min_calls = 4, clock = &CLOCK)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    for _ in 0..4 {
        let _ = call(Ok(1));
    }
    for _ in 0..3 {
        let _ = call(DOWN);
    }
    assert_eq!(call_breaker().state(), BreakerState::Closed);
    let snapshot = call_breaker().snapshot();
    assert_eq!((snapshot.recent_calls, snapshot.recent_failures), (7, 3));
    let _ = call(DOWN);
    assert_eq!(call_breaker().state(), BreakerState::Open);
}

#[test]
fn calls_that_take_too_long_open_it() {
    #[breaker(slow = Duration::ZERO, slow_rate = 0.5, window = 10, min_calls = 3)]
    fn call() -> Answer {
        Ok(1)
    }
    for _ in 0..3 {
        assert_eq!(call(), Ok(1));
    }
    assert!(is_rejected(&call()));
    assert_eq!(call_breaker().snapshot().slow, 3);
}

#[test]
fn calls_that_are_quick_enough_do_not() {
    #[breaker(slow = Duration::MAX, slow_rate = 0.5, window = 10, min_calls = 3, threshold = 2)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    for _ in 0..30 {
        assert_eq!(call(Ok(1)), Ok(1));
    }
    let _ = (call(DOWN), call(DOWN));
    assert_eq!(
        call_breaker().state(),
        BreakerState::Open,
        "failures in a row, beside the slow ones"
    );
}
