//! The handle, the fallback, listeners, modes, and the row of the report.
#![expect(
    clippy::unnecessary_wraps,
    clippy::needless_pass_by_value,
    reason = "a fallback takes what the function takes, and answers as it does"
)]

use super::*;

#[test]
fn a_fallback_answers_in_place_of_the_body_and_takes_its_arguments() {
    #[breaker(threshold = 1, fallback = yesterday)]
    fn today(text: String, count: u32) -> Answer {
        drop(text);
        let _ = count;
        DOWN
    }
    fn yesterday(text: String, count: u32, rejected: Rejected) -> Answer {
        assert_eq!(rejected.reason(), Reason::CircuitOpen);
        Ok(u32::try_from(text.len()).unwrap() + count)
    }
    assert_eq!(today("abc".to_owned(), 1), DOWN);
    assert_eq!(today("abc".to_owned(), 1), Ok(4));
    assert_eq!(today_breaker().snapshot().rejected, 1);
}

#[test]
fn a_fallback_of_an_async_function_may_await() {
    #[breaker(threshold = 1, fallback = later)]
    async fn call(items: Vec<u32>) -> Answer {
        drop(items);
        DOWN
    }
    async fn later(items: Vec<u32>, _: Rejected) -> Answer {
        std::future::ready(()).await;
        Ok(items.iter().sum())
    }
    #[breaker(threshold = 1, fallback = |n, _| Ok(n))]
    async fn at_once(n: u32) -> Answer {
        if n == 7 { DOWN } else { Ok(0) }
    }
    assert_eq!(ready(call(vec![1, 2])), DOWN);
    assert_eq!(ready(call(vec![1, 2])), Ok(3));
    assert_eq!((ready(at_once(7)), ready(at_once(7))), (DOWN, Ok(7)));
}

#[test]
fn a_fallback_may_be_a_method_and_the_answer_anything() {
    struct Rates(u32);

    impl Rates {
        #[breaker(threshold = 1, fallback = Self::known)]
        fn rate(&self, panics: bool) -> u32 {
            assert!(!panics);
            1
        }

        fn known(&self, _: bool, _: Rejected) -> u32 {
            self.0
        }

        #[breaker(threshold = 1, fallback = Self::known_later)]
        fn later(&self, fails: bool) -> impl Future<Output = Answer> {
            async move { if fails { DOWN } else { Ok(0) } }
        }

        async fn known_later(&self, _: bool, _: Rejected) -> Answer {
            std::future::ready(()).await;
            Ok(self.0)
        }
    }
    let rates = Rates(7);
    assert_eq!(rates.rate(false), 1);
    assert!(catch_unwind(AssertUnwindSafe(|| rates.rate(true))).is_err());
    assert_eq!(rates.rate(false), 7);
    assert_eq!(ready(rates.later(true)), DOWN);
    assert_eq!(ready(rates.later(false)), Ok(7));
}

#[test]
fn reject_makes_the_error() {
    #[derive(Debug, PartialEq)]
    struct Busy(bool);

    #[breaker(threshold = 1, reject = |rejected| Busy(rejected.retry_after().is_some()))]
    fn call() -> Result<(), Busy> {
        Err(Busy(false))
    }
    assert_eq!(call(), Err(Busy(false)));
    assert_eq!(call(), Err(Busy(true)));
}

#[test]
fn a_rejection_is_found_in_errors_that_hold_any() {
    #[breaker(threshold = 1)]
    fn call() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Err("down".into())
    }
    assert!(rejection(&call().unwrap_err()).is_none());
    let error = call().unwrap_err();
    let rejected = rejection(&error).expect("it is in there");
    assert_eq!(rejected.reason(), Reason::CircuitOpen);
    assert!(rejected.op().ends_with("::call"));
}

#[test]
fn each_change_is_told_with_its_reason() {
    static CLOCK: Clock = Clock::manual();
    static TOLD: Mutex<Vec<BreakerChange>> = Mutex::new(Vec::new());

    #[breaker(threshold = 1, clock = &CLOCK, name = "told", on_change = |change| TOLD.lock().unwrap().push(*change))]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let _ = call(DOWN);
    CLOCK.advance(60 * SECOND);
    let _ = call(DOWN);
    CLOCK.advance(600 * SECOND);
    let _ = call(Ok(1));
    call_breaker().force_open();
    let told = TOLD.lock().unwrap().clone();
    let told: Vec<_> = told
        .iter()
        .inspect(|change| assert_eq!(change.op, "told"))
        .map(|change| (change.from, change.to, change.reason))
        .collect();
    let (closed, open) = (BreakerState::Closed, BreakerState::Open);
    let half_open = BreakerState::HalfOpen;
    assert_eq!(
        told,
        [
            (closed, open, BreakerReason::ConsecutiveFailures),
            (open, half_open, BreakerReason::ResetElapsed),
            (half_open, open, BreakerReason::ProbeFailed),
            (open, half_open, BreakerReason::ResetElapsed),
            (half_open, closed, BreakerReason::ProbesSucceeded),
            (closed, BreakerState::ForcedOpen, BreakerReason::Forced),
        ]
    );
}

#[test]
fn a_listener_may_panic_and_use_the_breaker() {
    #[breaker(threshold = 1, on_change = |_| {
        assert_eq!(call_breaker().state(), BreakerState::Open);
        let _ = call(Ok(1));
        panic!("its own fault")
    })]
    fn call(answer: Answer) -> Answer {
        answer
    }
    assert_eq!(call(DOWN), DOWN);
    assert!(is_rejected(&call(Ok(1))));
}

#[test]
fn an_observed_breaker_rejects_nobody_and_says_what_it_would_have() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(threshold = 1, mode = "observe", clock = &CLOCK)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    for answer in [DOWN, Ok(1), DOWN] {
        assert_eq!(call(answer), answer);
    }
    let snapshot = call_breaker().snapshot();
    assert_eq!(snapshot.state, BreakerState::Observing);
    assert_eq!(snapshot.would_be, BreakerState::Open);
    assert_eq!((snapshot.rejected, snapshot.would_reject), (0, 2));
    CLOCK.advance(60 * SECOND);
    assert_eq!(call(Ok(1)), Ok(1));
    assert_eq!(call_breaker().snapshot().would_be, BreakerState::Closed);
    call_breaker().close();
    let _ = call(DOWN);
    assert!(is_rejected(&call(Ok(1))));
    call_breaker().reset();
    assert_eq!(call_breaker().state(), BreakerState::Observing);
}

#[test]
fn it_can_be_held_open_and_left_out_from_the_beginning() {
    #[breaker(mode = "forced open")]
    fn never() -> Answer {
        Ok(1)
    }
    #[breaker(mode = "disabled", threshold = 1)]
    fn always() -> Answer {
        DOWN
    }
    assert_eq!(retry_after(never()), None);
    assert_eq!((always(), always()), (DOWN, DOWN));
    assert_eq!(always_breaker().snapshot().failures, 0);
}

#[test]
fn the_row_tells_what_happened_and_balances() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(threshold = 2, clock = &CLOCK, name = "options: row")]
    fn call(answer: Answer) -> Answer {
        answer
    }
    CLOCK.advance(2 * SECOND);
    let _ = (call(DOWN), call(DOWN), call(Ok(1)), call(Ok(1)));
    CLOCK.advance(3 * SECOND);
    let report = perfkit::report();
    report.verify().expect("the books balance");
    let mut rows = report.section("breakers").iter();
    let row = rows.find(|row| row.op() == "options: row").unwrap();
    assert_eq!(row.state("state"), Some("open"));
    assert_eq!(row.count("rejected"), Some(2));
    assert_eq!(row.part("verdicts", "failure"), Some(2));
    assert_eq!(row.part("opened_by", "consecutive_failures"), Some(1));
    assert_eq!(row.seconds("open"), Some(3.0));
    assert_eq!(row.seconds("closed"), Some(0.0), "built by the first call");
    assert_eq!(row.count("next_probe_ns"), Some(57_000_000_000));
    assert!(report.summary.open_breakers >= Some(1));
}

#[test]
fn a_breaker_that_nobody_has_called_is_in_the_report() {
    #[breaker(name = "options: never called", threshold = never())]
    fn call() -> Answer {
        Ok(1)
    }
    fn never() -> u64 {
        panic!("an option was evaluated")
    }
    let _ = call;
    let report = perfkit::report();
    report.verify().expect("the books balance");
    let mut rows = report.section("breakers").iter();
    let row = rows
        .find(|row| row.op() == "options: never called")
        .unwrap();
    assert_eq!(row.state("state"), Some("closed"));
}
