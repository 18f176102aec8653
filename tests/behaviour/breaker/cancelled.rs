//! What calls mean whose callers have given up.

use super::*;

#[test]
fn many_in_a_row_open_it_when_none_ends() {
    #[breaker(threshold = 5)]
    async fn call(answer: Option<Answer>) -> Answer {
        match answer {
            Some(answer) => answer,
            None => pending().await,
        }
    }
    for _ in 0..10 {
        (0..4).for_each(|_| cancel(call(None)));
        assert_eq!(ready(call(Some(Ok(1)))), Ok(1));
    }
    (0..5).for_each(|_| cancel(call(None)));
    assert!(is_rejected(&ready(call(Some(Ok(1))))));
    assert_eq!(call_breaker().snapshot().cancelled, 45);
}

#[test]
fn they_are_ignored_where_it_says_so() {
    #[breaker(threshold = 1, cancelled = "ignore")]
    async fn call() -> Answer {
        pending().await
    }
    (0..100).for_each(|_| cancel(call()));
    let snapshot = call_breaker().snapshot();
    assert_eq!(
        (snapshot.state, snapshot.cancelled),
        (BreakerState::Closed, 100)
    );
}

#[test]
fn each_is_a_failure_where_it_says_so() {
    #[breaker(threshold = 2, cancelled = "failure")]
    async fn call(answer: Option<Answer>) -> Answer {
        match answer {
            Some(answer) => answer,
            None => pending().await,
        }
    }
    cancel(call(None));
    let _ = ready(call(Some(DOWN)));
    assert_eq!(call_breaker().state(), BreakerState::Open);
}

#[test]
fn a_future_that_is_never_polled_is_no_call() {
    #[breaker(threshold = 1)]
    async fn call() -> Answer {
        DOWN
    }
    drop(call());
    assert_eq!(call_breaker().snapshot().cancelled, 0);
}
