//! Who is let through when the time is over, and what they find out.

use super::*;

#[test]
fn of_many_callers_at_once_one_is_a_probe() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: AtomicU32 = AtomicU32::new(0);
    static INSIDE: Barrier = Barrier::new(2);

    #[breaker(threshold = 1, clock = &CLOCK)]
    fn call(waits: bool) -> Answer {
        RUNS.fetch_add(1, Relaxed);
        if waits {
            INSIDE.wait();
            INSIDE.wait();
            return Ok(1);
        }
        DOWN
    }
    let _ = call(false);
    CLOCK.advance(60 * SECOND);
    std::thread::scope(|scope| {
        let probe = scope.spawn(|| call(true));
        INSIDE.wait();
        let others: Vec<_> = (0..49).map(|_| scope.spawn(|| call(false))).collect();
        for other in others {
            let answer = other.join().unwrap();
            assert!(is_rejected(&answer));
            assert_eq!(retry_after(answer), None, "nobody knows how long it takes");
        }
        INSIDE.wait();
        assert_eq!(probe.join().unwrap(), Ok(1));
    });
    assert_eq!(RUNS.load(Relaxed), 2);
    assert_eq!(call_breaker().state(), BreakerState::Closed);
}

#[test]
fn as_many_probes_run_as_there_are_places_and_all_must_succeed() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(threshold = 1, probes = 3, clock = &CLOCK)]
    async fn call(answer: Option<Answer>) -> Answer {
        match answer {
            Some(answer) => answer,
            None => pending().await,
        }
    }
    let _ = ready(call(Some(DOWN)));
    CLOCK.advance(60 * SECOND);
    let mut waiting = [call(None), call(None), call(None)].map(Box::pin);
    for probe in &mut waiting {
        assert!(poll(probe.as_mut()).is_pending());
    }
    assert!(is_rejected(&ready(call(Some(Ok(1))))));
    drop(waiting);
    for n in 0..2 {
        assert_eq!(ready(call(Some(Ok(n)))), Ok(n));
        assert_eq!(call_breaker().state(), BreakerState::HalfOpen);
    }
    assert_eq!(ready(call(Some(Ok(2)))), Ok(2));
    assert_eq!(call_breaker().state(), BreakerState::Closed);
}

#[test]
fn more_successes_than_places_come_one_after_the_other() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(threshold = 1, successes = 2, clock = &CLOCK)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let _ = call(DOWN);
    CLOCK.advance(60 * SECOND);
    assert_eq!(call(Ok(1)), Ok(1));
    assert_eq!(call_breaker().state(), BreakerState::HalfOpen);
    assert_eq!(call(Ok(1)), Ok(1));
    assert_eq!(call_breaker().state(), BreakerState::Closed);
}

#[test]
fn a_late_success_does_not_close_it_and_a_late_failure_does_not_open_it() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(threshold = 1, clock = &CLOCK)]
    async fn call(answer: Answer, waits: bool) -> Answer {
        if waits {
            yield_once().await;
        }
        answer
    }
    let mut success = Box::pin(call(Ok(1), true));
    let mut failure = Box::pin(call(DOWN, true));
    assert!(poll(success.as_mut()).is_pending() && poll(failure.as_mut()).is_pending());
    let _ = ready(call(DOWN, false));

    CLOCK.advance(60 * SECOND);
    let mut probe = Box::pin(call(Ok(2), true));
    assert!(poll(probe.as_mut()).is_pending());
    assert!(poll(success.as_mut()).is_ready());
    assert_eq!(call_breaker().state(), BreakerState::HalfOpen);
    assert_eq!(poll(probe.as_mut()), Poll::Ready(Ok(2)));
    assert!(poll(failure.as_mut()).is_ready());
    let snapshot = call_breaker().snapshot();
    assert_eq!((snapshot.state, snapshot.late), (BreakerState::Closed, 2));
}

#[test]
fn a_failed_probe_opens_it_for_twice_as_long_up_to_a_limit() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(threshold = 1, reset = "10s", max_reset = "35s", clock = &CLOCK)]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let open_for = || {
        let _ = call(DOWN);
        let after = retry_after(call(DOWN)).expect("it is open");
        CLOCK.advance(after);
        after.as_secs_f64()
    };
    assert!((open_for() - 10.0).abs() < 1e-9);
    let second = open_for();
    assert!((18.0..=22.01).contains(&second), "{second}");
    for _ in 0..3 {
        let longest = open_for();
        assert!((31.5..=35.01).contains(&longest), "{longest}");
    }
    assert_eq!(call(Ok(1)), Ok(1));
    assert!((open_for() - 10.0).abs() < 0.01, "it begins anew");
}

#[test]
fn a_probe_that_is_cancelled_gives_its_place_back() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(threshold = 3, clock = &CLOCK)]
    async fn call(answer: Option<Answer>) -> Answer {
        match answer {
            Some(answer) => answer,
            None => pending().await,
        }
    }
    call_breaker().trip(SECOND);
    CLOCK.advance(SECOND);
    for _ in 0..5 {
        cancel(call(None));
        assert_eq!(call_breaker().state(), BreakerState::HalfOpen);
    }
    assert_eq!(ready(call(Some(Ok(1)))), Ok(1));
    assert_eq!(call_breaker().state(), BreakerState::Closed);
}

#[test]
fn a_probe_that_says_nothing_gives_its_place_back() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(threshold = 1, clock = &CLOCK, when = |error: &Failure| match error {
        Failure::NotFound => Class::Neutral,
        _ => Class::Transient,
    })]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let _ = call(DOWN);
    CLOCK.advance(60 * SECOND);
    for _ in 0..100 {
        assert_eq!(call(Err(Failure::NotFound)), Err(Failure::NotFound));
    }
    assert_eq!(call_breaker().state(), BreakerState::HalfOpen);
    assert_eq!(call(Ok(1)), Ok(1));
    assert_eq!(call_breaker().state(), BreakerState::Closed);
}

#[test]
fn a_probe_that_panics_has_failed() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(threshold = 1, clock = &CLOCK)]
    fn call(panics: bool) -> Answer {
        assert!(!panics);
        DOWN
    }
    let _ = call(false);
    CLOCK.advance(60 * SECOND);
    assert!(catch_unwind(|| call(true)).is_err());
    assert_eq!(call_breaker().state(), BreakerState::Open);
    assert!(is_rejected(&call(false)));
}

#[test]
fn a_probe_that_hangs_loses_its_place_after_the_lease_and_is_late() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(threshold = 1, reset = "10s", lease = "3s", clock = &CLOCK)]
    async fn call(answer: Answer, waits: bool) -> Answer {
        if waits {
            yield_once().await;
        }
        answer
    }
    let _ = ready(call(DOWN, false));
    CLOCK.advance(10 * SECOND);
    let mut hung = Box::pin(call(DOWN, true));
    assert!(poll(hung.as_mut()).is_pending());
    CLOCK.advance((3 * SECOND).checked_sub(Duration::from_nanos(1)).unwrap());
    assert!(is_rejected(&ready(call(Ok(1), false))));
    CLOCK.advance(Duration::from_nanos(1));
    assert_eq!(ready(call(Ok(1), false)), Ok(1));
    assert!(poll(hung.as_mut()).is_ready());
    let snapshot = call_breaker().snapshot();
    assert_eq!((snapshot.state, snapshot.late), (BreakerState::Closed, 1));
}

/// Ready when it is polled for the second time.
fn yield_once() -> impl Future<Output = ()> {
    let mut polled = false;
    std::future::poll_fn(move |_| {
        if polled {
            return Poll::Ready(());
        }
        polled = true;
        Poll::Pending
    })
}
