//! The promises of `#[breaker]`.
//!
//! Every function here keeps the time of a clock that its test moves, so every instant is exact.

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use perfkit::{
    Breaker, BreakerChange, BreakerFault, BreakerReason, BreakerState, Class, Classify, Clock,
    Reason, Rejected, breaker, get_breaker, rejection, timeout,
};

mod by_hand;
mod cancelled;
#[cfg(feature = "tracing")]
mod events;
mod half_open;
mod keys;
mod last_error;
mod options;
mod shapes;
mod windows;

const SECOND: Duration = Duration::from_secs(1);

/// The error of the functions here.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Failure {
    Down,
    NotFound,
    Rejected(Rejected),
}

impl From<Rejected> for Failure {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl Classify for Failure {
    fn class(&self) -> Class {
        match self {
            Self::Down => Class::Transient,
            Self::NotFound => Class::Permanent,
            Self::Rejected(rejected) => Class::of_rejection(rejected),
        }
    }
}

type Answer = Result<u32, Failure>;

const DOWN: Answer = Err(Failure::Down);

/// Whether the breaker has answered.
fn is_rejected<T>(answer: &Result<T, Failure>) -> bool {
    matches!(answer, Err(Failure::Rejected(rejected)) if rejected.reason() == Reason::CircuitOpen)
}

/// After which time it is worth asking again.
fn retry_after(answer: Answer) -> Option<Duration> {
    match answer {
        Err(Failure::Rejected(rejected)) => rejected.retry_after(),
        other => panic!("not rejected: {other:?}"),
    }
}

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The answer of a future that is ready at once.
fn ready<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it is not ready"),
    }
}

/// A future that was polled once and is dropped.
fn cancel<F: Future>(future: F) {
    assert!(poll(pin!(future)).is_pending());
}

mod closed {
    use super::*;

    #[test]
    fn a_function_that_works_is_called_as_without_it() {
        #[breaker]
        fn double(n: u32) -> Answer {
            Ok(n * 2)
        }
        for n in 0..100 {
            assert_eq!(double(n), Ok(n * 2));
        }
        let snapshot = double_breaker().snapshot();
        assert_eq!(snapshot.state, BreakerState::Closed);
        assert_eq!((snapshot.opens, snapshot.failures), (0, 0));
    }

    #[test]
    fn five_failures_in_a_row_open_it_for_a_minute() {
        static CLOCK: Clock = Clock::manual();
        #[breaker(clock = &CLOCK)]
        fn charge() -> Answer {
            DOWN
        }
        for _ in 0..5 {
            assert_eq!(charge(), DOWN);
        }
        assert_eq!(retry_after(charge()), Some(60 * SECOND));
        CLOCK.advance(Duration::from_nanos(1));
        let left = (60 * SECOND).checked_sub(Duration::from_nanos(1)).unwrap();
        assert_eq!(retry_after(charge()), Some(left));
        CLOCK.advance(left);
        assert_eq!(charge(), DOWN, "a probe");
        assert!(retry_after(charge()) > Some(60 * SECOND));
    }

    #[test]
    fn a_success_in_between_starts_the_count_anew() {
        #[breaker(threshold = 2)]
        fn call(answer: Answer) -> Answer {
            answer
        }
        for _ in 0..10 {
            assert_eq!(call(DOWN), DOWN);
            assert_eq!(call(Ok(1)), Ok(1));
        }
        assert_eq!(call_breaker().state(), BreakerState::Closed);
        let _ = (call(DOWN), call(DOWN));
        assert_eq!(call_breaker().state(), BreakerState::Open);
    }

    #[test]
    fn the_error_says_what_is_a_failure() {
        #[breaker(threshold = 1)]
        fn call(answer: Answer) -> Answer {
            answer
        }
        let not_found = Err(Failure::NotFound);
        for _ in 0..10 {
            assert_eq!(call(not_found), not_found);
        }
        assert_eq!(call_breaker().snapshot().failures, 0);
        let _ = call(DOWN);
        assert!(is_rejected(&call(Ok(1))));
    }

    #[test]
    fn when_goes_before_what_the_error_says() {
        #[breaker(threshold = 1, when = |error: &Failure| matches!(error, Failure::NotFound))]
        fn call(answer: Answer) -> Answer {
            answer
        }
        let _ = call(DOWN);
        assert_eq!(call_breaker().state(), BreakerState::Closed);
        let _ = call(Err(Failure::NotFound));
        assert_eq!(call_breaker().state(), BreakerState::Open);
    }

    #[test]
    fn what_when_calls_neutral_counts_neither_for_nor_against() {
        fn class(error: &Failure) -> Class {
            match error {
                Failure::NotFound => Class::Neutral,
                _ => Class::Transient,
            }
        }
        #[breaker(threshold = 2, when = class)]
        fn call(answer: Answer) -> Answer {
            answer
        }
        let _ = call(DOWN);
        let _ = call(Err(Failure::NotFound));
        assert_eq!(call_breaker().snapshot().neutral, 1);
        let _ = call(DOWN);
        assert_eq!(call_breaker().state(), BreakerState::Open);
    }

    #[test]
    fn an_option_fails_as_none() {
        #[breaker(threshold = 2)]
        fn find(found: Option<u32>) -> Option<u32> {
            found
        }
        assert_eq!(find(Some(1)), Some(1));
        assert_eq!((find(None), find(None)), (None, None));
        assert_eq!(find(Some(1)), None, "rejected");
        assert_eq!(find_breaker().snapshot().rejected, 1);
    }

    #[test]
    fn a_panic_is_a_failure_and_stays_the_bodys() {
        #[breaker(threshold = 2)]
        fn call() -> Answer {
            std::panic::resume_unwind(Box::new("its own"));
        }
        for _ in 0..2 {
            let payload = catch_unwind(call).expect_err("it panics");
            assert_eq!(payload.downcast_ref(), Some(&"its own"));
        }
        assert!(is_rejected(&call()));
        let snapshot = call_breaker().snapshot();
        assert_eq!((snapshot.panics, snapshot.failures), (2, 0));
    }

    #[test]
    fn panics_are_ignored_where_it_says_so() {
        #[breaker(threshold = 1, panics = "ignore")]
        fn call() -> Answer {
            std::panic::resume_unwind(Box::new("its own"));
        }
        for _ in 0..10 {
            catch_unwind(call).expect_err("it panics");
        }
        assert_eq!(call_breaker().state(), BreakerState::Closed);
        assert_eq!(call_breaker().snapshot().panics, 10);
    }

    #[test]
    fn a_call_inside_a_call_is_judged_for_itself() {
        #[breaker(threshold = 3)]
        fn countdown(n: u32) -> Answer {
            if n > 0 {
                let inner = countdown(n - 1);
                assert_eq!(inner, DOWN);
            }
            DOWN
        }
        assert_eq!(countdown(2), DOWN);
        assert_eq!(countdown_breaker().state(), BreakerState::Open);
    }

    #[test]
    fn rejections_further_in_are_neutral_and_a_timeout_is_a_failure() {
        #[breaker(threshold = 1)]
        fn inner() -> Answer {
            DOWN
        }
        #[breaker(threshold = 1)]
        fn outer() -> Answer {
            inner()
        }
        #[breaker(threshold = 1)]
        #[timeout(Duration::ZERO)]
        async fn slow() -> Answer {
            pending().await
        }
        let _ = inner();
        assert!(is_rejected(&outer()));
        assert_eq!(outer_breaker().snapshot().neutral, 1);
        assert_eq!(outer_breaker().state(), BreakerState::Closed);

        let mut call = pin!(slow());
        let answer = loop {
            if let Poll::Ready(answer) = poll(call.as_mut()) {
                break answer;
            }
        };
        assert_eq!(rejection_of(answer).reason(), Reason::TimedOut);
        assert_eq!(slow_breaker().state(), BreakerState::Open);
    }

    fn rejection_of(answer: Answer) -> Rejected {
        match answer {
            Err(Failure::Rejected(rejected)) => rejected,
            other => panic!("not rejected: {other:?}"),
        }
    }

    #[test]
    fn two_threads_at_once_are_counted_as_one_after_the_other() {
        #[breaker(threshold = 1_000)]
        fn call(answer: Answer) -> Answer {
            answer
        }
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..499).for_each(|_| assert_eq!(call(DOWN), DOWN)));
            }
        });
        let snapshot = call_breaker().snapshot();
        assert_eq!((snapshot.recent_failures, snapshot.failures), (998, 998));
        let _ = (call(DOWN), call(DOWN));
        assert!(is_rejected(&call(Ok(1))));
    }
}
