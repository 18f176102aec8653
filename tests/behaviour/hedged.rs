//! The promises of `#[hedged]`, in a tokio runtime whose time is paused.

use std::cell::Cell;
use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use perfkit::{hedged, report};
use tokio::time::{Instant, sleep};

const MS: Duration = Duration::from_millis(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failure(u32);

fn count(op: &str, name: &str) -> u64 {
    let report = report();
    assert_eq!(report.verify(), Ok(()));
    let row = report.find("hedges", op).expect("the row of the site");
    assert_eq!(row.count("inflight"), Some(0));
    let end = row.part("ends", name);
    end.or_else(|| row.count(name)).expect("a number")
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_over_in_time_stays_alone() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[hedged(after = "50ms", idempotent, name = "alone")]
    async fn load(id: u32) -> Result<u32, Failure> {
        RUNS.fetch_add(1, Relaxed);
        sleep(49 * MS).await;
        Ok(id)
    }

    assert_eq!(load(1).await, Ok(1));
    assert_eq!(RUNS.load(Relaxed), 1);
    assert_eq!((count("alone", "first"), count("alone", "hedged")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_long_gets_company_and_the_first_success_wins() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    static DROPPED: AtomicU32 = AtomicU32::new(0);

    struct Loser;

    impl Drop for Loser {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Relaxed);
        }
    }

    #[hedged(after = "50ms", idempotent, name = "company")]
    async fn load(key: String) -> Result<String, Failure> {
        let run = RUNS.fetch_add(1, Relaxed);
        let loser = Loser;
        sleep(if run == 0 { 1000 * MS } else { 10 * MS }).await;
        std::mem::forget(loser);
        Ok(format!("{key} {run}"))
    }

    let start = Instant::now();
    assert_eq!(load("key".into()).await.as_deref(), Ok("key 1"));
    assert_eq!(start.elapsed(), 60 * MS);
    assert_eq!(DROPPED.load(Relaxed), 1);
    assert_eq!(count("company", "hedge"), 1);
    assert_eq!(
        (count("company", "hedged"), count("company", "hedges")),
        (1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn the_first_attempt_may_still_win() {
    #[hedged(after = "50ms", idempotent, name = "first")]
    async fn load() -> Option<u8> {
        sleep(60 * MS).await;
        Some(1)
    }

    let start = Instant::now();
    assert_eq!(load().await, Some(1));
    assert_eq!(start.elapsed(), 60 * MS);
    assert_eq!((count("first", "first"), count("first", "hedged")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_failure_does_not_win_while_another_attempt_runs() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[hedged(after = "50ms", idempotent, name = "failure")]
    async fn load() -> Result<u32, Failure> {
        let run = RUNS.fetch_add(1, Relaxed);
        sleep(if run == 0 { 60 * MS } else { 100 * MS }).await;
        if run == 0 { Err(Failure(run)) } else { Ok(run) }
    }

    let start = Instant::now();
    assert_eq!(load().await, Ok(1));
    assert_eq!(start.elapsed(), 150 * MS);
    assert_eq!(count("failure", "hedge"), 1);
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_the_last_error_answers() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[hedged(after = "50ms", max = 2, idempotent, budget = false, name = "all fail")]
    async fn load() -> Result<u32, Failure> {
        let run = RUNS.fetch_add(1, Relaxed);
        sleep(110 * MS).await;
        Err(Failure(run))
    }

    let start = Instant::now();
    assert_eq!(load().await, Err(Failure(2)));
    // The third begins after a hundred.
    assert_eq!(start.elapsed(), 210 * MS);
    assert_eq!(
        (count("all fail", "failed"), count("all fail", "hedges")),
        (1, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_alone_fails_at_once() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[hedged(after = "50ms", idempotent, name = "fails alone")]
    async fn load() -> Result<u32, Failure> {
        let run = RUNS.fetch_add(1, Relaxed);
        sleep(10 * MS).await;
        Err(Failure(run))
    }

    let start = Instant::now();
    assert_eq!(load().await, Err(Failure(0)));
    assert_eq!(start.elapsed(), 10 * MS);
    assert_eq!(count("fails alone", "failed"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_budget_keeps_hedges_few() {
    #[hedged(after = "1ms", idempotent, name = "few")]
    async fn load() -> Option<u8> {
        sleep(2 * MS).await;
        Some(1)
    }

    for _ in 0..1000 {
        load().await;
    }
    // What the bucket held, a twentieth of the calls, and one for each of the two seconds that passed.
    let hedges = count("few", "hedges");
    assert!((60..=62).contains(&hedges), "{hedges}");
    assert_eq!(hedges + count("few", "denied"), 1000);
}

#[tokio::test(start_paused = true)]
async fn a_percentile_is_used_when_there_are_a_hundred_calls() {
    thread_local!(static SLOW: Cell<bool> = const { Cell::new(false) });

    #[hedged(after = "p95", idempotent, budget = false, name = "percentile")]
    async fn load(n: u32) -> Option<u32> {
        let slow = SLOW.replace(false);
        sleep(if slow { 10_000 * MS } else { n * MS }).await;
        Some(n)
    }

    SLOW.set(true);
    let start = Instant::now();
    load(1).await;
    assert_eq!(start.elapsed(), 10_000 * MS);
    for n in 1..100 {
        load(n).await;
    }
    assert_eq!(count("percentile", "hedged"), 0);
    SLOW.set(true);
    let start = Instant::now();
    load(1).await;
    let took = start.elapsed();
    // The 95th of a hundred took 95 ms, and the bucket that it lies in ends a little later.
    assert!((96 * MS..=100 * MS).contains(&took), "{took:?}");
    assert_eq!(count("percentile", "hedge"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_drops_all_attempts() {
    static RUNNING: AtomicU32 = AtomicU32::new(0);

    struct Run;

    impl Drop for Run {
        fn drop(&mut self) {
            RUNNING.fetch_sub(1, Relaxed);
        }
    }

    #[hedged(after = "50ms", max = 3, idempotent, name = "dropped")]
    async fn load() -> Option<()> {
        RUNNING.fetch_add(1, Relaxed);
        let _run = Run;
        pending().await
    }

    assert!(tokio::time::timeout(1000 * MS, load()).await.is_err());
    assert_eq!(RUNNING.load(Relaxed), 0);
    assert_eq!(
        (count("dropped", "cancelled"), count("dropped", "hedges")),
        (1, 3)
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_any_attempt_is_the_calls() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[hedged(after = "50ms", idempotent, name = "panics")]
    async fn load() -> Option<()> {
        assert!(RUNS.fetch_add(1, Relaxed) == 0, "the second attempt");
        pending().await
    }

    let panicked = tokio::spawn(load()).await.unwrap_err();
    assert!(panicked.is_panic());
    assert_eq!(count("panics", "panicked"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_is_a_failure() {
    use perfkit::timeout;

    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[hedged(after = "50ms", idempotent, name = "attempt timeout")]
    #[timeout("100ms")]
    async fn load() -> std::io::Result<u32> {
        if RUNS.fetch_add(1, Relaxed) == 0 {
            pending::<()>().await;
        }
        sleep(90 * MS).await;
        Ok(1)
    }

    let start = Instant::now();
    assert_eq!(load().await.unwrap(), 1);
    assert_eq!(start.elapsed(), 140 * MS);
}

#[tokio::test(start_paused = true)]
async fn a_retry_repeats_hedged_calls() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[perfkit::retry(delay = "1ms", jitter = "none")]
    #[hedged(after = "50ms", idempotent)]
    async fn load() -> Result<u32, Failure> {
        let run = RUNS.fetch_add(1, Relaxed);
        sleep(60 * MS).await;
        if run < 2 { Err(Failure(run)) } else { Ok(run) }
    }

    assert_eq!(load().await, Ok(2));
}

mod shapes {
    use std::future::Future;
    use std::pin::Pin;

    use super::*;

    struct Client(AtomicU32);

    impl Client {
        #[hedged(after = "1ms", idempotent)]
        async fn get(&self, (a, b): (u32, u32), key: &str) -> u32 {
            let run = self.0.fetch_add(1, Relaxed);
            sleep(if run == 0 { 100 * MS } else { MS }).await;
            a + b + run + u32::try_from(key.len()).unwrap()
        }
    }

    #[async_trait::async_trait]
    trait Remote {
        async fn fetch(&self, key: String) -> Option<String>;
    }

    #[async_trait::async_trait]
    impl Remote for Client {
        #[hedged(after = "1ms", idempotent)]
        async fn fetch(&self, key: String) -> Option<String> {
            sleep(2 * MS).await;
            Some(key)
        }
    }

    #[hedged(after = "1ms", idempotent)]
    async fn generic<'a, T: Clone + Send, const N: usize>(
        text: &'a str,
        items: [T; N],
    ) -> (&'a str, [T; N]) {
        sleep(2 * MS).await;
        (text, items)
    }

    #[hedged(after = "1ms", idempotent)]
    fn future(text: String) -> impl Future<Output = Option<String>> + Send {
        async {
            sleep(2 * MS).await;
            Some(text)
        }
    }

    #[hedged(after = "1ms", idempotent)]
    fn boxed(text: &str) -> Pin<Box<dyn Future<Output = Option<usize>> + Send + '_>> {
        Box::pin(async move { Some(text.len()) })
    }

    #[tokio::test(start_paused = true)]
    async fn every_function_a_user_has() {
        let client = Client(AtomicU32::new(0));
        let start = Instant::now();
        assert_eq!(client.get((1, 2), "k").await, 5);
        assert_eq!(start.elapsed(), 2 * MS);
        assert_eq!(client.fetch("k".into()).await.as_deref(), Some("k"));
        assert_eq!(generic("t", [1_u8, 2]).await, ("t", [1, 2]));
        assert_eq!(future("t".into()).await.as_deref(), Some("t"));
        assert_eq!(boxed("four").await, Some(4));
    }
}
