//! The promises of `#[debounced]`. Time is paused, so every instant is exact.
#![cfg(feature = "tokio")]

use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::{Context, Waker};
use std::time::Duration;

use perfkit::debounced;
use tokio::time::{Instant, sleep};

mod handle;

async fn after<F: Future>(millis: u64, call: F) -> F::Output {
    sleep(Duration::from_millis(millis)).await;
    call.await
}

fn millis(start: Instant) -> u128 {
    start.elapsed().as_millis()
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_one_run_with_the_last_arguments_and_all_get_its_answer() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[debounced("200ms", name = "debounced: burst")]
    async fn search(text: &str) -> Result<String, String> {
        RUNS.fetch_add(1, Relaxed);
        Ok(format!("found {text}"))
    }

    let start = Instant::now();
    let (a, ab, abc) = tokio::join!(
        search("a"),
        after(100, search("ab")),
        after(250, search("abc"))
    );
    assert_eq!([a, ab, abc], [(); 3].map(|()| Ok("found abc".to_owned())));
    assert_eq!(RUNS.load(Relaxed), 1);
    assert_eq!(millis(start), 450);
    let report = perfkit::report();
    let rows = report.section("debounces");
    let row = rows
        .iter()
        .find(|row| row.op() == "debounced: burst")
        .unwrap();
    let count = |name| row.count(name).unwrap();
    assert_eq!((count("calls"), count("runs"), count("joined")), (3, 1, 2));
    assert_eq!(count("waiting"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_pause_ends_the_burst_and_the_next_call_begins_another() {
    #[debounced("100ms")]
    async fn call(number: u32) -> u32 {
        number
    }

    let start = Instant::now();
    assert_eq!(call(1).await, 1);
    assert_eq!(call(2).await, 2);
    assert_eq!(millis(start), 200);
}

#[tokio::test(start_paused = true)]
async fn a_burst_without_end_runs_after_max_wait() {
    static RAN: Mutex<Vec<u64>> = Mutex::new(Vec::new());

    #[debounced("100ms", max_wait = "240ms")]
    async fn call(number: u64) {
        RAN.lock().unwrap().push(number);
    }

    let calls: Vec<_> = (0..10)
        .map(|number| tokio::spawn(after(number * 50, call(number))))
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(*RAN.lock().unwrap(), [4, 9]);
}

#[tokio::test(start_paused = true)]
async fn with_leading_the_first_runs_at_once_and_the_last_in_its_time() {
    static RAN: Mutex<Vec<u64>> = Mutex::new(Vec::new());

    #[debounced("100ms", leading)]
    async fn call(number: u64) -> u64 {
        RAN.lock().unwrap().push(number);
        number
    }

    let start = Instant::now();
    assert_eq!(call(1).await, 1);
    assert_eq!(millis(start), 0);
    assert_eq!(tokio::join!(call(2), after(50, call(3))), (3, 3));
    assert_eq!(millis(start), 150);
    assert_eq!(*RAN.lock().unwrap(), [1, 3]);
}

#[tokio::test(start_paused = true)]
async fn who_is_dropped_takes_its_arguments_along() {
    static RAN: Mutex<Vec<u64>> = Mutex::new(Vec::new());

    #[debounced("100ms")]
    async fn call(number: u64) -> u64 {
        RAN.lock().unwrap().push(number);
        number
    }

    let first = tokio::spawn(call(1));
    tokio::task::yield_now().await;
    let second = tokio::spawn(call(2));
    tokio::task::yield_now().await;
    second.abort();
    assert_eq!(first.await.unwrap(), 1, "the newest that is still there");
    let third = tokio::spawn(call(3));
    tokio::task::yield_now().await;
    third.abort();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(*RAN.lock().unwrap(), [1], "nobody is left, nothing runs");
    let start = Instant::now();
    assert_eq!(call(4).await, 4);
    assert_eq!(millis(start), 100);
}

#[tokio::test(start_paused = true)]
async fn a_newest_that_nobody_polls_holds_up_nobody() {
    #[debounced("100ms")]
    async fn call(number: u64) -> u64 {
        number
    }

    let start = Instant::now();
    let first = tokio::spawn(call(1));
    tokio::task::yield_now().await;
    let mut kept = pin!(call(2));
    assert!(
        kept.as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    assert_eq!(first.await.unwrap(), 1);
    assert!(millis(start) < 150);
    assert_eq!(kept.await, 1, "it gets the answer of the run");
}

#[tokio::test(start_paused = true)]
async fn a_panic_reaches_who_ran_and_another_runs() {
    #[debounced("100ms")]
    async fn call(number: u64) -> u64 {
        assert!(number < 2, "the newest");
        number
    }

    let first = tokio::spawn(call(1));
    tokio::task::yield_now().await;
    let second = tokio::spawn(call(2));
    assert!(second.await.unwrap_err().is_panic());
    assert_eq!(first.await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_runs_and_is_dropped_leaves_the_run_to_another() {
    #[debounced("100ms")]
    async fn call(number: u64) -> u64 {
        sleep(Duration::from_secs(number)).await;
        number
    }

    let start = Instant::now();
    let first = tokio::spawn(call(1));
    tokio::task::yield_now().await;
    let second = tokio::spawn(call(2));
    sleep(Duration::from_millis(500)).await;
    second.abort();
    assert_eq!(first.await.unwrap(), 1);
    assert_eq!(start.elapsed().as_secs(), 1);
}

#[async_trait::async_trait]
trait Saves {
    async fn save(&self, text: &str) -> Result<usize, std::io::ErrorKind>;
}

struct Document;

#[async_trait::async_trait]
impl Saves for Document {
    #[debounced("1s")]
    async fn save(&self, text: &str) -> Result<usize, std::io::ErrorKind> {
        Ok(text.len())
    }
}

#[debounced("1s")]
async fn made<T: Clone + Send + Sync + 'static>(of: &T) -> Vec<T> {
    vec![of.clone()]
}

#[debounced("1s")]
fn returned(by: u32) -> impl Future<Output = Option<u32>> + Send {
    async move { Some(by) }
}

#[tokio::test(start_paused = true)]
async fn methods_generics_and_returned_futures_are_debounced() {
    let document = Document;
    let (one, two) = tokio::join!(document.save("a"), document.save("ab"));
    assert_eq!((one, two), (Ok(2), Ok(2)));
    let (numbers, texts) = tokio::join!(made(&1), made(&"a"));
    assert_eq!(
        (numbers, texts),
        (vec![1], vec!["a"]),
        "each its own bursts"
    );
    assert_eq!(tokio::join!(returned(1), returned(2)), (Some(2), Some(2)));
}

#[tokio::test(start_paused = true)]
async fn a_rejection_of_a_policy_further_in_is_shared_as_well() {
    #[debounced("100ms")]
    #[perfkit::rate_limited("1/h")]
    async fn call(number: u32) -> Result<u32, perfkit::Rejected> {
        Ok(number)
    }

    assert_eq!(tokio::join!(call(1), call(2)), (Ok(2), Ok(2)));
    let (one, two) = tokio::join!(call(3), call(4));
    assert!(one.is_err() && one == two);
}

#[tokio::test(start_paused = true)]
async fn each_key_has_bursts_of_its_own() {
    static RAN: Mutex<Vec<String>> = Mutex::new(Vec::new());

    #[debounced("100ms", by = document)]
    async fn save(document: String, text: &str) -> String {
        RAN.lock().unwrap().push(format!("{document}: {text}"));
        text.to_owned()
    }

    let start = Instant::now();
    let (a, ab, x) = tokio::join!(
        save("one".to_owned(), "a"),
        after(50, save("one".to_owned(), "ab")),
        save("two".to_owned(), "x"),
    );
    assert_eq!((&*a, &*ab, &*x), ("ab", "ab", "x"));
    assert_eq!(millis(start), 150);
    assert_eq!(*RAN.lock().unwrap(), ["two: x", "one: ab"]);
}

#[tokio::test(start_paused = true)]
async fn a_key_whose_burst_is_over_is_not_in_the_way_of_others() {
    #[debounced("100ms", by = key, name = "debounced: many keys")]
    async fn call(key: u32) -> u32 {
        key
    }

    #[debounced("100ms", leading, by = key, name = "debounced: many first keys")]
    async fn lead(key: u32) -> u32 {
        key
    }

    for round in 0..3 {
        let calls: Vec<_> = (0..9_000)
            .map(|n| {
                let key = round * 9_000 + n;
                tokio::spawn(async move { (call(key).await, lead(key).await) })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
        sleep(Duration::from_millis(100)).await;
    }
    let report = perfkit::report();
    let rows = report.section("debounces");
    let rows = rows
        .iter()
        .filter(|row| row.op().starts_with("debounced: many "));
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row.count("runs"), Some(27_000));
        assert_eq!(row.count("keys_without_room"), Some(0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_without_room_is_a_burst_of_its_own() {
    #[debounced("100ms", by = key, name = "debounced: no room")]
    async fn call(key: u32) -> u32 {
        key
    }

    let start = Instant::now();
    let calls: Vec<_> = (0..10_100)
        .map(|n| tokio::spawn(call(n.min(10_050))))
        .collect();
    for (n, call) in (0..).zip(calls) {
        assert_eq!(call.await.unwrap(), n.min(10_050));
    }
    assert_eq!(millis(start), 100);
    let report = perfkit::report();
    let rows = report.section("debounces");
    let row = rows
        .iter()
        .find(|row| row.op() == "debounced: no room")
        .unwrap();
    assert_eq!(row.count("keys_without_room"), Some(100));
    assert_eq!(row.count("runs"), Some(10_100));
}

#[tokio::test(start_paused = true)]
async fn without_trailing_the_first_runs_and_the_others_get_its_answer() {
    static RAN: Mutex<Vec<u64>> = Mutex::new(Vec::new());

    #[debounced("100ms", leading, trailing = false)]
    async fn call(number: u64) -> u64 {
        RAN.lock().unwrap().push(number);
        sleep(Duration::from_millis(30)).await;
        number
    }

    let start = Instant::now();
    let (first, second) = tokio::join!(call(1), after(10, call(2)));
    assert_eq!((first, second, millis(start)), (1, 1, 30), "while it runs");
    sleep(Duration::from_millis(70)).await;
    assert_eq!((call(3).await, millis(start)), (1, 100), "and at once");
    sleep(Duration::from_millis(99)).await;
    assert_eq!(call(4).await, 1, "each call makes the burst longer");
    sleep(Duration::from_millis(100)).await;
    assert_eq!(call(5).await, 5, "after a pause the next one is the first");
    assert_eq!(*RAN.lock().unwrap(), [1, 5]);
}

#[tokio::test(start_paused = true)]
async fn without_trailing_a_first_that_gives_no_answer_is_followed_by_another() {
    static RAN: Mutex<Vec<u64>> = Mutex::new(Vec::new());

    #[debounced("100ms", leading, trailing = false)]
    async fn call(number: u64) -> u64 {
        RAN.lock().unwrap().push(number);
        sleep(Duration::from_millis(30)).await;
        assert!(number != 1, "the first");
        number
    }

    let first = tokio::spawn(call(1));
    tokio::task::yield_now().await;
    let second = tokio::spawn(call(2));
    let third = tokio::spawn(call(3));
    assert!(first.await.unwrap_err().is_panic());
    let answers = (second.await.unwrap(), third.await.unwrap());
    assert!(answers.0 == answers.1, "{answers:?}");
    assert_eq!(RAN.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_first_call_that_is_cancelled_leaves_its_run_to_the_next() {
    static CANCELLED: Mutex<Vec<u64>> = Mutex::new(Vec::new());

    #[debounced("100ms", leading, trailing = false)]
    async fn again(number: u64) -> u64 {
        CANCELLED.lock().unwrap().push(number);
        sleep(Duration::from_millis(30)).await;
        number
    }

    let first = tokio::spawn(again(1));
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.is_err());
    assert_eq!(again(2).await, 2);
    assert_eq!(*CANCELLED.lock().unwrap(), [1, 2]);
}
