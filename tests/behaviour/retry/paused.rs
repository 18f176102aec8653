//! Tasks, in a runtime whose time is paused.

use std::future::pending;
use std::pin::pin;

use perfkit::timeout;
use tokio::time::{Instant, sleep};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_task_waits_between_attempts() {
    #[retry(attempts = 4, jitter = "none")]
    async fn load(text: &str) -> Result<String, Failure> {
        sleep(SECOND).await;
        Err(Failure::Lost(u32::try_from(text.len()).unwrap()))
    }

    let start = Instant::now();
    assert_eq!(load("four").await, Err(Failure::Lost(4)));
    assert_eq!(start.elapsed(), (4 + 1 + 2 + 4) * SECOND);
}

#[tokio::test(start_paused = true)]
async fn no_attempt_begins_after_the_deadline_of_the_call() {
    #[retry(
        name = "own deadline",
        attempts = 10,
        deadline = "8s",
        backoff = "constant",
        jitter = "none"
    )]
    async fn load() -> Option<()> {
        sleep(SECOND).await;
        None
    }

    let start = Instant::now();
    assert_eq!(load().await, None);
    // Attempts begin after 0, 2, 4 and 6 seconds; the next one would at the eighth.
    assert_eq!(start.elapsed(), 7 * SECOND);
    assert_eq!(ends("own deadline"), [("late", 1)]);
    assert_eq!(row("own deadline").count("retries"), Some(3));
}

#[tokio::test(start_paused = true)]
async fn no_attempt_begins_after_the_deadline_of_a_timeout_around_it() {
    #[timeout("5s")]
    async fn outer() -> Result<(), Failure> {
        load().await
    }
    #[retry(
        name = "outer deadline",
        attempts = 10,
        backoff = "constant",
        delay = "2s",
        jitter = "none"
    )]
    async fn load() -> Result<(), Failure> {
        sleep(SECOND).await;
        Err(Failure::Lost(1))
    }

    let start = Instant::now();
    // The error, and not that it took too long.
    assert_eq!(outer().await, Err(Failure::Lost(1)));
    assert_eq!(start.elapsed(), 4 * SECOND);
    assert_eq!(ends("outer deadline"), [("late", 1)]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_is_repeated() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[retry(name = "slow attempt", jitter = "none")]
    #[timeout("1s")]
    async fn load() -> Result<u32, Failure> {
        if RUNS.fetch_add(1, Relaxed) == 0 {
            pending::<()>().await;
        }
        Ok(1)
    }

    let start = Instant::now();
    assert_eq!(load().await, Ok(1));
    assert_eq!(start.elapsed(), 2 * SECOND);
    assert_eq!(ends("slow attempt"), [("recovered", 1)]);
}

#[tokio::test(start_paused = true)]
async fn the_last_rejection_becomes_the_error() {
    #[retry(attempts = 2, jitter = "none")]
    #[timeout("1s")]
    async fn load() -> Result<u32, Failure> {
        pending().await
    }

    let Err(Failure::Rejected(rejected)) = load().await else {
        panic!("it never ends");
    };
    assert!(rejected.is_timeout());
}

#[tokio::test(start_paused = true)]
async fn a_limit_for_all_attempts_stands_above() {
    #[timeout("10s")]
    #[retry(name = "all attempts", attempts = 100, jitter = "none")]
    #[timeout("1s")]
    async fn load() -> Result<u32, Failure> {
        pending().await
    }

    let start = Instant::now();
    assert!(load().await.is_err());
    assert!(start.elapsed() < 10 * SECOND);
    assert_eq!(ends("all attempts"), [("late", 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_is_not_made_again() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[retry(name = "dropped", backoff = "constant", jitter = "none")]
    async fn load() -> Option<()> {
        RUNS.fetch_add(1, Relaxed);
        None
    }

    {
        let mut call = pin!(load());
        tokio::select! {
            biased;
            _ = &mut call => panic!("it waits"),
            () = sleep(SECOND / 2) => {}
        }
        assert_eq!(row("dropped").count("inflight"), Some(1));
    }
    sleep(10 * SECOND).await;
    assert_eq!(RUNS.load(Relaxed), 1);
    assert_eq!(ends("dropped"), [("cancelled", 1)]);
}

#[tokio::test(start_paused = true)]
async fn attempts_without_a_delay_leave_others_their_turn() {
    #[timeout("1s")]
    async fn outer() -> Result<(), Failure> {
        load().await
    }
    #[retry(attempts = u64::MAX, backoff = |_| Duration::ZERO, budget = false)]
    async fn load() -> Result<(), Failure> {
        Err(Failure::Lost(0))
    }

    let turns = async {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = outer() => panic!("it fails for ever"),
        () = turns => {}
    }
}

#[tokio::test(start_paused = true)]
async fn retries_of_tasks_do_not_multiply_either() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[retry]
    async fn outermost() -> Result<(), Failure> {
        sleep(SECOND).await;
        middle().await
    }
    #[retry]
    async fn middle() -> Result<(), Failure> {
        sleep(SECOND).await;
        innermost().await
    }
    #[retry]
    async fn innermost() -> Result<(), Failure> {
        sleep(SECOND).await;
        Err(Failure::Lost(RUNS.fetch_add(1, Relaxed)))
    }

    // One beside the other on one thread: the mark of one is not seen by the other.
    let (one, other) = tokio::join!(outermost(), outermost());
    assert!(one.is_err() && other.is_err());
    assert_eq!(RUNS.load(Relaxed), 2 * 7);
}

#[tokio::test]
async fn on_a_manual_clock_a_task_does_not_wait() {
    static CLOCK: Clock = Clock::manual();

    #[retry(jitter = "none", clock = &CLOCK)]
    async fn load() -> Option<()> {
        None
    }

    assert_eq!(load().await, None);
    assert_eq!(passed(&CLOCK), 3 * SECOND);
}
