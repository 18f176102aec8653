//! The promises of `<function>_debounce()`.

use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use perfkit::{Reason, Rejected, debounced, rejection};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, sleep};

use super::{after, millis};

/// A call that waits by now.
async fn waits<T: Send + 'static>(call: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    let call = tokio::spawn(call);
    yield_now().await;
    call
}

fn polled<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test(start_paused = true)]
async fn a_flush_runs_the_last_call_now_and_all_get_its_answer() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[debounced("1s")]
    async fn call(number: u32) -> u32 {
        RUNS.fetch_add(1, Relaxed);
        number
    }

    let start = Instant::now();
    let calls = [waits(call(1)).await, waits(call(2)).await];
    assert_eq!(call_debounce().pending(), 2);
    assert_eq!(call_debounce().flush(), 2);
    for call in calls {
        assert_eq!(call.await.unwrap(), 2);
    }
    assert_eq!((millis(start), RUNS.load(Relaxed)), (0, 1));
    assert_eq!((call_debounce().pending(), call_debounce().flush()), (0, 0));
    assert_eq!(call(3).await, 3);
    assert_eq!(millis(start), 1000, "the next burst takes its time");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_comes_between_the_flush_and_the_run_is_the_last() {
    #[debounced("1s")]
    async fn call(number: u32) -> u32 {
        number
    }

    let start = Instant::now();
    let first = waits(call(1)).await;
    call_debounce().flush();
    assert_eq!(call(2).await, 2);
    assert_eq!((first.await.unwrap(), millis(start)), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_flush_is_not_held_up_by_a_last_call_that_nobody_polls() {
    #[debounced("10s")]
    async fn call(number: u32) -> u32 {
        number
    }

    let start = Instant::now();
    let first = waits(call(1)).await;
    let mut kept = pin!(call(2));
    assert!(polled(kept.as_mut()).is_pending());
    assert_eq!(call_debounce().flush(), 2);
    assert_eq!(first.await.unwrap(), 1);
    assert!(millis(start) < 50);
    assert_eq!(kept.await, 1, "it gets the answer of the run");
}

#[tokio::test(start_paused = true)]
async fn what_would_wait_for_ever_runs_when_it_is_flushed() {
    #[debounced(Duration::MAX)]
    async fn call(number: u32) -> u32 {
        number
    }

    let waiting = waits(call(1)).await;
    sleep(Duration::from_secs(1 << 30)).await;
    assert_eq!(call_debounce().flush(), 1);
    assert_eq!(waiting.await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_taken_back_are_rejected_and_nothing_runs() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[debounced("1s")]
    async fn save(text: &'static str) -> usize {
        RUNS.fetch_add(1, Relaxed);
        text.len()
    }

    #[debounced("1s", name = "debounced: taken back")]
    async fn load(number: u32) -> Result<u32, String> {
        RUNS.fetch_add(1, Relaxed);
        Ok(number)
    }

    let start = Instant::now();
    let saving = waits(save("a")).await;
    let loading = [waits(load(1)).await, waits(load(2)).await];
    assert_eq!(load_debounce().cancel(), 2);
    for call in loading {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(
            error,
            "a call of `debounced: taken back` was taken back before it ran"
        );
    }
    assert_eq!(RUNS.load(Relaxed), 0);
    assert_eq!(millis(start), 0);
    assert_eq!(load(3).await, Ok(3), "the next call begins a new burst");
    assert_eq!(saving.await.unwrap(), 1, "others are left alone");
    let report = perfkit::report();
    let rows = report.section("debounces");
    let row = rows
        .iter()
        .find(|row| row.op() == "debounced: taken back")
        .unwrap();
    let counts = ["calls", "runs", "ran", "rejected", "waiting"].map(|name| row.count(name));
    assert_eq!(counts, [3, 1, 1, 2, 0].map(Some));
    assert!(report.verify().is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_rejection_says_why_and_an_option_is_none() {
    #[debounced("1s", name = "debounced: why")]
    async fn save(number: u32) -> Result<u32, Rejected> {
        Ok(number)
    }

    #[debounced("1s")]
    async fn find(number: u32) -> Option<u32> {
        Some(number)
    }

    let (save, find) = (waits(save(1)).await, waits(find(1)).await);
    assert_eq!((save_debounce().cancel(), find_debounce().cancel()), (1, 1));
    let rejected = save.await.unwrap().unwrap_err();
    assert_eq!(rejected.reason(), Reason::Cancelled);
    assert_eq!(
        (rejected.op(), rejected.retry_after()),
        ("debounced: why", None)
    );
    assert_eq!(rejection(&rejected), Some(rejected));
    assert_eq!(find.await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_begun_is_not_stopped() {
    #[debounced("100ms")]
    async fn call(number: u32) -> Result<u32, Rejected> {
        sleep(Duration::from_secs(1)).await;
        Ok(number)
    }

    let calls = [waits(call(1)).await, waits(call(2)).await];
    sleep(Duration::from_millis(500)).await;
    assert_eq!((call_debounce().cancel(), call_debounce().flush()), (0, 0));
    for call in calls {
        assert_eq!(call.await.unwrap(), Ok(2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_flushed_and_taken_back_without_the_others() {
    #[debounced("1s", by = document)]
    async fn save(document: &str, text: &str) -> Option<String> {
        Some(format!("{document}: {text}"))
    }

    let start = Instant::now();
    let ode = waits(save("ode", "a")).await;
    let poem = waits(save("poem", "b")).await;
    let song = waits(save("song", "c")).await;
    let handle = save_debounce();
    assert_eq!((handle.pending(), handle.of("ode").pending()), (3, 1));
    assert_eq!(handle.of("ode").flush(), 1);
    assert_eq!(handle.of("poem").cancel(), 1);
    assert_eq!(
        handle.of("nobody's").cancel() + handle.of("nobody's").flush(),
        0
    );
    assert_eq!(ode.await.unwrap().unwrap(), "ode: a");
    assert_eq!((poem.await.unwrap(), millis(start)), (None, 0));
    assert_eq!(song.await.unwrap().unwrap(), "song: c");
    assert_eq!(millis(start), 1000);
}

#[tokio::test(start_paused = true)]
async fn where_the_first_call_runs_the_others_are_flushed_and_taken_back() {
    static RAN: Mutex<Vec<u32>> = Mutex::new(Vec::new());

    #[debounced("1s", leading)]
    async fn call(number: u32) -> Option<u32> {
        RAN.lock().unwrap().push(number);
        Some(number)
    }

    assert_eq!(call(1).await, Some(1));
    let second = waits(call(2)).await;
    assert_eq!(call_debounce().flush(), 1);
    assert_eq!(second.await.unwrap(), Some(2));
    let third = waits(call(3)).await;
    assert_eq!(call_debounce().pending(), 1, "the burst goes on");
    assert_eq!(call_debounce().cancel(), 1);
    assert_eq!(third.await.unwrap(), None);
    assert_eq!(call(4).await, Some(4), "the first of a new burst");
    assert_eq!(*RAN.lock().unwrap(), [1, 2, 4]);
}

#[tokio::test(start_paused = true)]
async fn without_trailing_nobody_waits() {
    #[debounced("1s", leading, trailing = false)]
    async fn call(number: u32) -> Option<u32> {
        sleep(Duration::from_millis(100)).await;
        Some(number)
    }

    let calls = [waits(call(1)).await, waits(call(2)).await];
    let handle = call_debounce();
    assert_eq!(
        (handle.pending(), handle.flush(), handle.cancel()),
        (0, 0, 0)
    );
    for call in calls {
        assert_eq!(call.await.unwrap(), Some(1));
    }
}

#[debounced("1s")]
async fn made<T: Clone + Send + Sync + 'static>(of: T) -> Option<Vec<T>> {
    Some(vec![of])
}

struct Shelf<T>(T);

impl<T: Clone + Send + Sync + 'static> Shelf<T> {
    #[debounced("1s", handle)]
    async fn first(&self) -> Option<T> {
        Some(self.0.clone())
    }
}

#[tokio::test(start_paused = true)]
async fn each_instance_of_a_generic_function_has_a_handle_of_its_own() {
    let (number, text) = (waits(made(1)).await, waits(made("a")).await);
    assert_eq!(made_debounce::<i32>().cancel(), 1);
    assert_eq!(made_debounce::<&str>().flush(), 1);
    assert_eq!(number.await.unwrap(), None);
    assert_eq!(text.await.unwrap(), Some(vec!["a"]));

    let (numbers, texts) = (Shelf(1), Shelf("a"));
    let mut calls = (pin!(numbers.first()), pin!(texts.first()));
    assert!(polled(calls.0.as_mut()).is_pending() && polled(calls.1.as_mut()).is_pending());
    assert_eq!(Shelf::<i32>::first_debounce().cancel(), 1);
    assert_eq!(polled(calls.0), Poll::Ready(None));
    assert_eq!(Shelf::<&str>::first_debounce().pending(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_handle_that_comes_before_the_first_call_is_the_same() {
    #[debounced("1s")]
    async fn call() -> Option<()> {
        Some(())
    }

    let handle = call_debounce();
    assert_eq!(
        (handle.pending(), handle.flush(), handle.cancel()),
        (0, 0, 0)
    );
    let waiting = waits(call()).await;
    assert_eq!(handle.clone().cancel(), 1);
    assert_eq!(waiting.await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_users_conversion_stays_with_its_call() {
    static MADE: AtomicU32 = AtomicU32::new(0);

    #[derive(Debug, Clone)]
    struct Fragile;

    impl From<Rejected> for Fragile {
        fn from(_: Rejected) -> Self {
            assert!(MADE.fetch_add(1, Relaxed) != 0, "the first");
            Self
        }
    }

    #[debounced("1s", name = "debounced: fragile")]
    async fn call() -> Result<(), Fragile> {
        Ok(())
    }

    let calls = [waits(call()).await, waits(call()).await];
    assert_eq!(call_debounce().cancel(), 2);
    let [first, second] = calls;
    let ends = (first.await, second.await);
    assert!(matches!(
        ends,
        (Err(_), Ok(Err(Fragile))) | (Ok(Err(Fragile)), Err(_))
    ));
    assert_eq!(call().await.ok(), Some(()));
    assert!(perfkit::report().verify().is_ok());
}

#[tokio::test(start_paused = true)]
async fn to_policies_further_out_it_is_a_rejection() {
    #[perfkit::measured(name = "debounced: measured")]
    #[debounced("1s")]
    #[perfkit::timeout("1s")]
    async fn call() -> Result<u32, Rejected> {
        Ok(1)
    }

    let waiting = waits(call()).await;
    assert_eq!(call_debounce().cancel(), 1);
    assert!(waiting.await.unwrap().is_err());
    assert_eq!(after(10, call()).await, Ok(1));
}

/// Calls that come, are dropped, flushed and taken back in four threads: each has one end, and none waits for ever.
#[test]
fn chaos_leaves_nobody_waiting_and_the_books_balance() {
    #[debounced("1ms", by = key, leading, name = "debounced: chaos")]
    async fn led(key: usize, text: u32) -> Option<u32> {
        if text.is_multiple_of(101) {
            std::panic::resume_unwind(Box::new("a run"));
        }
        yield_now().await;
        Some(text)
    }

    #[debounced("1ms", by = key, name = "debounced: trailing chaos")]
    async fn call(key: usize, text: u32) -> Option<u32> {
        if text.is_multiple_of(103) {
            std::panic::resume_unwind(Box::new("a run"));
        }
        yield_now().await;
        Some(text)
    }

    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(4).enable_time().build().unwrap();
    runtime.block_on(async {
        let callers = (0..8_usize).map(|caller| {
            tokio::spawn(async move {
                for n in 0..400_u32 {
                    let key = (caller + n as usize) % 3;
                    let one = tokio::spawn(call(key, n));
                    let other = tokio::spawn(led(key, n));
                    match n % 7 {
                        0 => {
                            yield_now().await;
                            one.abort();
                        }
                        1 => _ = call_debounce().flush(),
                        2 => _ = call_debounce().of(key).cancel(),
                        3 => _ = led_debounce().cancel(),
                        4 => _ = led_debounce().of(key).flush(),
                        _ => {}
                    }
                    let _ = (one.await, other.await);
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            let ended = tokio::time::timeout(Duration::from_secs(120), caller).await;
            ended.expect("a call waits for ever").unwrap();
        }
    });
    assert_eq!(
        (call_debounce().pending(), led_debounce().pending()),
        (0, 0)
    );
    let report = perfkit::report();
    assert!(report.verify().is_ok(), "{:?}", report.verify());
}
