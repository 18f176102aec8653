//! One breaker for each key.

use super::*;

#[test]
fn one_key_that_fails_leaves_the_others_alone() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(by = host, threshold = 2, clock = &CLOCK)]
    fn fetch(host: &str, answer: Answer) -> Answer {
        answer
    }
    let _ = (fetch("a", DOWN), fetch("b", DOWN), fetch("a", DOWN));
    assert!(is_rejected(&fetch("a", Ok(1))));
    assert_eq!(fetch("b", Ok(1)), Ok(1));
    assert_eq!(fetch("c", Ok(1)), Ok(1));
    let breaker = fetch_breaker();
    assert_eq!(breaker.of("a").state(), BreakerState::Open);
    assert_eq!(breaker.of("b").state(), BreakerState::Closed);
    CLOCK.advance(60 * SECOND);
    assert_eq!(fetch("a", Ok(1)), Ok(1));
    assert_eq!(breaker.of("a").state(), BreakerState::Closed);
    assert_eq!(fetch("a", DOWN), DOWN, "its history begins anew");
    assert_eq!(fetch("a", Ok(1)), Ok(1));
}

#[test]
fn a_key_that_is_well_is_not_known() {
    #[breaker(by = shard, name = "keys: shards")]
    fn load(shard: u64, answer: Answer) -> Answer {
        answer
    }
    for shard in 0..1_000 {
        let _ = load(shard, Ok(1));
    }
    assert_eq!(keys("keys: shards"), 0);
    let _ = (load(1, DOWN), load(2, DOWN));
    assert_eq!(keys("keys: shards"), 2);
    let _ = load(1, Ok(1));
    assert_eq!(keys("keys: shards"), 1);
}

/// How many keys the report knows.
fn keys(op: &str) -> u64 {
    let report = perfkit::report();
    report.verify().expect("the books balance");
    let row = report.section("breakers").iter().find(|row| row.op() == op);
    row.expect("it is listed").count("keys").unwrap_or(0)
}

#[test]
fn when_there_are_too_many_the_one_goes_that_has_been_well_for_longest() {
    #[breaker(by = key, threshold = 2, max_keys = 3, name = "keys: three")]
    fn call(key: u32, answer: Answer) -> Answer {
        answer
    }
    let _ = (call(1, DOWN), call(1, DOWN));
    assert!(is_rejected(&call(1, Ok(1))));
    let _ = (call(2, DOWN), call(3, DOWN), call(4, DOWN));
    assert_eq!(keys("keys: three"), 3);
    assert!(is_rejected(&call(1, Ok(1))), "what is open stays");
    let _ = call(2, DOWN);
    assert_eq!(call(2, Ok(1)), Ok(1), "its first failure was forgotten");
    let _ = call(4, DOWN);
    assert!(is_rejected(&call(4, Ok(1))), "the second one in a row");
}

#[test]
fn nobody_gets_rid_of_open_ones_by_making_others() {
    #[breaker(by = key, threshold = 1, max_keys = 2, name = "keys: two")]
    fn call(key: u32, answer: Answer) -> Answer {
        answer
    }
    for key in 0..10 {
        let _ = call(key, DOWN);
    }
    assert!(is_rejected(&call(0, Ok(1))) && is_rejected(&call(1, Ok(1))));
    assert_eq!(call(2, Ok(1)), Ok(1));
    let report = perfkit::report();
    let mut rows = report.section("breakers").iter();
    let row = rows.find(|row| row.op() == "keys: two").unwrap();
    assert_eq!(row.count("keys_without_room"), Some(8));
}

#[test]
fn a_call_that_began_before_its_key_was_open_is_late() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(by = key, threshold = 1, clock = &CLOCK)]
    async fn call(key: u32, answer: Answer, waits: bool) -> Answer {
        if waits {
            let mut polled = false;
            std::future::poll_fn(|_| {
                let before = std::mem::replace(&mut polled, true);
                if before {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
        }
        answer
    }
    let mut early = Box::pin(call(1, DOWN, true));
    assert!(poll(early.as_mut()).is_pending());
    let _ = ready(call(1, DOWN, false));
    CLOCK.advance(60 * SECOND);
    assert_eq!(ready(call(1, Ok(1), false)), Ok(1));
    assert!(poll(early.as_mut()).is_ready());
    assert_eq!(ready(call(1, Ok(1), false)), Ok(1));
    assert_eq!(call_breaker().snapshot().late, 1);
}

#[test]
fn keys_of_every_kind_are_told_apart() {
    struct Client {
        host: String,
    }

    impl Client {
        #[breaker(by = self.host, threshold = 1, handle)]
        fn of_a_field(&self, answer: Answer) -> Answer {
            answer
        }

        #[breaker(by = (&self.host, path), threshold = 1)]
        fn of_a_tuple(&self, path: &str, answer: Answer) -> Answer {
            answer
        }

        #[breaker(by = self.host.clone(), threshold = 1)]
        async fn of_what_it_takes(self, answer: Answer) -> Answer {
            let Self { host } = self;
            drop(host);
            answer
        }
    }

    #[breaker(by = text, threshold = 1)]
    fn of_a_moved_argument(text: String, answer: Answer) -> Answer {
        drop(text);
        answer
    }

    #[breaker(by = items.len(), threshold = 1)]
    fn of_a_mutable_argument(items: &mut Vec<u32>, answer: Answer) -> Answer {
        items.clear();
        answer
    }

    fn client_of(host: &str) -> Client {
        Client {
            host: host.to_owned(),
        }
    }

    let client = |host: &str| Client {
        host: host.to_owned(),
    };
    for call in [
        |key: &str, answer| client_of(key).of_a_field(answer),
        |key: &str, answer| client_of("x").of_a_tuple(key, answer),
        |key: &str, answer| ready(client_of(key).of_what_it_takes(answer)),
        |key: &str, answer| of_a_moved_argument(key.to_owned(), answer),
        |key: &str, answer| of_a_mutable_argument(&mut vec![0; key.len()], answer),
    ] {
        let _ = call("a", DOWN);
        assert!(is_rejected(&call("a", Ok(1))));
        assert_eq!(call("bc", Ok(1)), Ok(1));
    }
    let breaker = Client::of_a_field_breaker();
    assert_eq!(breaker.of("a").state(), BreakerState::Open);
    breaker.of("a").reset();
    assert_eq!(client("a").of_a_field(Ok(1)), Ok(1));
}

#[test]
fn a_panic_and_many_cancelled_calls_count_against_their_key() {
    #[breaker(by = key, threshold = 2)]
    async fn call(key: u32, panics: bool) -> Answer {
        assert!(!panics);
        pending().await
    }
    for _ in 0..2 {
        let panicked = AssertUnwindSafe(|| ready(call(1, true)));
        assert!(catch_unwind(panicked).is_err());
        cancel(call(2, false));
    }
    let breaker = call_breaker();
    for key in [1_u32, 2] {
        assert_eq!(breaker.of(key).state(), BreakerState::Open, "{key}");
    }
    cancel(call(3, false));
}

#[test]
fn a_hand_rules_all_keys_at_once() {
    #[breaker(by = key, threshold = 1)]
    fn call(key: u32, answer: Answer) -> Answer {
        answer
    }
    let breaker = call_breaker();
    let _ = call(1, DOWN);
    breaker.observe();
    assert_eq!(call(1, Ok(1)), Ok(1));
    assert_eq!(breaker.snapshot().would_reject, 1);
    breaker.force_open();
    assert!(is_rejected(&call(2, Ok(1))));
    breaker.disable();
    assert_eq!((call(1, Ok(1)), call(2, DOWN)), (Ok(1), DOWN));
    breaker.reset();
    assert_eq!((call(1, Ok(1)), call(2, Ok(1))), (Ok(1), Ok(1)));
    assert!(breaker.of(3_u32).trip(SECOND));
    assert!(is_rejected(&call(3, Ok(1))));
}

#[test]
fn two_threads_and_many_keys_lose_nothing() {
    #[breaker(by = key, threshold = 100_000, name = "keys: many")]
    fn call(key: u32, answer: Answer) -> Answer {
        answer
    }
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for n in 0..2_000 {
                    let _ = call(n % 16, DOWN);
                }
            });
        }
    });
    assert_eq!(keys("keys: many"), 16);
    assert_eq!(call_breaker().snapshot().failures, 4_000);
    (0..16).for_each(|key| assert_eq!(call(key, Ok(1)), Ok(1)));
    assert_eq!(keys("keys: many"), 0);
}
