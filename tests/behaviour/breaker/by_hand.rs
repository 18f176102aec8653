//! Breakers without an attribute, and handles of those with one.

use super::*;

#[test]
fn it_calls_what_it_is_given_until_that_fails_too_often() {
    let breaker = Breaker::builder("by hand: calls")
        .threshold(2)
        .build()
        .unwrap();
    assert_eq!(breaker.execute(|| Ok::<_, Failure>(1)), Ok(1));
    for _ in 0..2 {
        assert_eq!(breaker.execute(|| DOWN), DOWN);
    }
    assert!(is_rejected(&breaker.execute(|| Ok(1))));
    assert!(is_rejected(&ready(breaker.execute_async(async || Ok(1)))));
    assert_eq!(breaker.snapshot().rejected, 2);
}

#[test]
fn a_call_that_is_dropped_while_it_awaits_is_cancelled() {
    let breaker = Breaker::builder("by hand: dropped")
        .threshold(2)
        .build()
        .unwrap();
    for _ in 0..2 {
        cancel(breaker.execute_async(async || pending::<Answer>().await));
    }
    assert_eq!(breaker.snapshot().cancelled, 2);
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[test]
fn a_permit_is_judged_once_in_any_way() {
    let breaker = Breaker::builder("by hand: permits")
        .threshold(3)
        .build()
        .unwrap();
    let admit = || breaker.admit().expect("it is closed");
    admit().failed();
    admit().classed(Some(Class::Transient));
    admit().neutral();
    admit().classed(Some(Class::Permanent));
    assert_eq!(breaker.snapshot().recent_failures, 0, "a success");
    drop(admit());
    let snapshot = breaker.snapshot();
    assert_eq!(
        (snapshot.failures, snapshot.neutral, snapshot.cancelled),
        (2, 1, 1)
    );
}

#[test]
fn what_cannot_be_is_said_and_nothing_panics() {
    let builder = || Breaker::builder("by hand: wrong");
    let faults = [
        (
            builder().threshold(0),
            BreakerFault::Zero {
                option: "threshold",
            },
        ),
        (
            builder().failure_rate(0.5, 40_000),
            BreakerFault::TooMuch {
                option: "window",
                most: 32_767,
            },
        ),
        (
            builder().failure_rate(0.5, 10).min_calls(11),
            BreakerFault::TooMuch {
                option: "min_calls",
                most: 10,
            },
        ),
        (
            builder().failure_rate(50.0, 100),
            BreakerFault::Share {
                option: "failure_rate",
                share: 50.0,
            },
        ),
        (
            builder().failure_rate(0.5, 100).threshold(5),
            BreakerFault::ThresholdAndRate,
        ),
        (builder().slow(SECOND, 0.5), BreakerFault::WithoutWindow),
        (
            builder().reset(2 * SECOND).max_reset(SECOND),
            BreakerFault::MaxReset,
        ),
        (
            builder().reset(Duration::ZERO),
            BreakerFault::Zero { option: "reset" },
        ),
    ];
    for (builder, fault) in faults {
        let error = builder.build().expect_err("it cannot be made");
        assert_eq!(error.fault(), fault);
        assert!(
            error
                .to_string()
                .starts_with("the breaker `by hand: wrong` cannot be made: ")
        );
    }
    assert!(builder().failure_rate(f64::NAN, 10).build().is_err());
}

#[test]
fn two_of_one_name_are_not_made_and_the_one_there_is_is_found() {
    let first = Breaker::builder("by hand: twice").build().unwrap();
    let second = Breaker::builder("by hand: twice").build();
    assert_eq!(second.unwrap_err().fault(), BreakerFault::NameTaken);
    first.force_open();
    let found = get_breaker("by hand: twice").unwrap();
    assert_eq!(found.state(), BreakerState::ForcedOpen);
    assert!(get_breaker("by hand: nobody").is_none());
}

#[test]
fn a_function_is_found_by_its_name_and_its_path() {
    #[breaker(name = "by hand: named")]
    fn named() -> Answer {
        Ok(1)
    }
    #[breaker]
    fn unnamed() -> Answer {
        Ok(1)
    }
    let _ = (named(), unnamed());
    get_breaker("by hand: named").unwrap().force_open();
    assert!(is_rejected(&named()));
    let path = unnamed_breaker().name();
    assert!(path.ends_with("::unnamed"), "{path}");
    get_breaker(path).unwrap().force_open();
    assert!(is_rejected(&unnamed()));
}

#[test]
fn the_handle_comes_first_or_the_function_does() {
    struct Till<T>(T);

    impl<T: Copy> Till<T> {
        #[breaker(threshold = 1, handle)]
        fn charge(&self) -> Result<T, Failure> {
            Ok(self.0)
        }
    }
    #[breaker(threshold = 1)]
    fn later() -> Answer {
        DOWN
    }

    Till::<u8>::charge_breaker().force_open();
    assert!(is_rejected(&Till(1_u8).charge()));
    let _ = later();
    assert_eq!(later_breaker().state(), BreakerState::Open);
}

#[test]
fn it_is_opened_for_a_while_by_hand() {
    static CLOCK: Clock = Clock::manual();
    let breaker = Breaker::builder("by hand: trip")
        .clock(&CLOCK)
        .build()
        .unwrap();
    breaker.trip(7 * SECOND);
    let rejected = breaker.admit().unwrap_err();
    assert_eq!(rejected.retry_after(), Some(7 * SECOND));
    CLOCK.advance(7 * SECOND);
    breaker.admit().unwrap().succeeded();
    assert_eq!(breaker.state(), BreakerState::Closed);
    breaker.trip(Duration::MAX);
    assert_eq!(breaker.admit().unwrap_err().retry_after(), None);
    breaker.reset();
    breaker.admit().unwrap().succeeded();
}

#[test]
fn a_call_that_runs_while_a_hand_changes_it_is_late() {
    let breaker = Breaker::builder("by hand: late")
        .threshold(1)
        .build()
        .unwrap();
    let permit = breaker.admit().unwrap();
    breaker.reset();
    permit.failed();
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.late), (BreakerState::Closed, 1));
}
