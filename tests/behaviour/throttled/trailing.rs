//! The promises of `#[throttled(trailing)]`. Time is paused, so every instant is exact.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use perfkit::throttled;
use tokio::time::Instant;

use super::paused::{Ran, note, pass};

#[tokio::test(start_paused = true)]
async fn the_last_of_the_calls_that_came_too_soon_runs_when_the_time_is_over() {
    static RAN: Ran = Mutex::new(Vec::new());

    #[throttled("100ms", trailing)]
    async fn save(start: Instant, text: u32) -> u32 {
        note(&RAN, start, text);
        text
    }

    let start = Instant::now();
    assert_eq!(save(start, 1).await, 1, "the first runs at once");
    pass(30).await;
    assert_eq!(
        save(start, 2).await,
        1,
        "others get the last answer at once"
    );
    assert_eq!(save(start, 3).await, 1);
    assert_eq!(start.elapsed().as_millis(), 30);
    pass(100).await;
    assert_eq!(*RAN.lock().unwrap(), [(0, 1), (100, 3)]);
    assert_eq!(save(start, 4).await, 3, "its answer is the last one now");
    pass(1000).await;
    assert_eq!(*RAN.lock().unwrap(), [(0, 1), (100, 3), (200, 4)]);
    assert_eq!(
        save(start, 5).await,
        5,
        "after a pause the first runs at once"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_follows_runs_once() {
    static RAN: Ran = Mutex::new(Vec::new());

    #[throttled("100ms", trailing)]
    async fn save(start: Instant, text: u32) {
        note(&RAN, start, text);
    }

    let start = Instant::now();
    save(start, 1).await;
    pass(1000).await;
    assert_eq!(*RAN.lock().unwrap(), [(0, 1)]);
}

#[tokio::test(start_paused = true)]
async fn calls_without_a_pause_run_once_in_each_time() {
    static RAN: Ran = Mutex::new(Vec::new());

    #[throttled("100ms", trailing)]
    async fn save(start: Instant, text: u32) {
        note(&RAN, start, text);
    }

    let start = Instant::now();
    for n in 0..35 {
        save(start, n).await;
        pass(10).await;
    }
    pass(1000).await;
    let ran = RAN.lock().unwrap();
    assert_eq!(ran.first(), Some(&(0, 0)));
    assert_eq!(ran.last().unwrap().1, 34, "the last call is never lost");
    for pair in ran.windows(2) {
        assert!(pair[1].0 - pair[0].0 >= 100, "{ran:?}");
        assert!(pair[1].1 > pair[0].1, "{ran:?}");
    }
    assert!(ran.len() >= 4, "{ran:?}");
}

#[tokio::test(start_paused = true)]
async fn without_leading_only_the_last_call_runs() {
    static RAN: Ran = Mutex::new(Vec::new());

    #[throttled("100ms", leading = false, trailing)]
    async fn save(start: Instant, text: String) {
        note(&RAN, start, text.parse().unwrap());
    }

    let start = Instant::now();
    for n in 1..=3 {
        save(start, n.to_string()).await;
        pass(20).await;
    }
    assert!(RAN.lock().unwrap().is_empty());
    pass(100).await;
    assert_eq!(*RAN.lock().unwrap(), [(100, 3)]);
    save(start, 4.to_string()).await;
    pass(1000).await;
    assert_eq!(*RAN.lock().unwrap(), [(100, 3), (200, 4)]);
    save(start, 5.to_string()).await;
    pass(1000).await;
    assert_eq!(RAN.lock().unwrap()[2..], [(1260, 5)]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_comes_while_the_first_runs_waits_for_it_and_runs_later() {
    static RAN: Ran = Mutex::new(Vec::new());

    #[throttled("100ms", trailing)]
    async fn save(start: Instant, text: u32) -> u32 {
        note(&RAN, start, text);
        pass(50).await;
        text
    }

    let start = Instant::now();
    let first = tokio::spawn(save(start, 1));
    pass(10).await;
    assert_eq!(save(start, 2).await, 1);
    assert_eq!(first.await.unwrap(), 1);
    pass(1000).await;
    assert_eq!(*RAN.lock().unwrap(), [(0, 1), (150, 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_comes_after_the_later_run_has_begun_waits_for_the_next() {
    static RAN: Ran = Mutex::new(Vec::new());

    #[throttled("100ms", trailing)]
    async fn save(start: Instant, text: u32) -> u32 {
        note(&RAN, start, text);
        if text == 2 {
            pass(50).await;
        }
        text
    }

    let start = Instant::now();
    save(start, 1).await;
    save(start, 2).await;
    pass(120).await;
    assert_eq!(save(start, 3).await, 2, "it gets the answer of that run");
    pass(1000).await;
    assert_eq!(*RAN.lock().unwrap(), [(0, 1), (100, 2), (250, 3)]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_has_gone_runs_all_the_same() {
    static RAN: Ran = Mutex::new(Vec::new());

    #[throttled("100ms", trailing)]
    async fn save(start: Instant, text: u32) {
        note(&RAN, start, text);
        pass(50).await;
    }

    let start = Instant::now();
    let first = tokio::spawn(save(start, 1));
    pass(10).await;
    let second = tokio::spawn(save(start, 2));
    pass(10).await;
    second.abort();
    first.await.unwrap();
    pass(1000).await;
    assert_eq!(*RAN.lock().unwrap(), [(0, 1), (150, 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_later_run_hurts_nobody_and_is_counted() {
    static RAN: Ran = Mutex::new(Vec::new());

    #[throttled("100ms", trailing, name = "throttled: later panic")]
    async fn save(start: Instant, text: u32) -> u32 {
        note(&RAN, start, text);
        assert!(text != 2, "the second");
        text
    }

    let start = Instant::now();
    save(start, 1).await;
    save(start, 2).await;
    pass(110).await;
    assert_eq!(save(start, 3).await, 3, "there is no answer, so it runs");
    assert_eq!(save(start, 4).await, 3);
    pass(1000).await;
    assert_eq!(*RAN.lock().unwrap(), [(0, 1), (100, 2), (110, 3), (210, 4)]);
    let report = perfkit::report();
    let rows = report.section("throttles");
    let row = rows
        .iter()
        .find(|row| row.op() == "throttled: later panic")
        .unwrap();
    assert_eq!(row.part("runs", "panic"), Some(1));
    assert_eq!(row.part("runs", "ok"), Some(3));
    assert_eq!(row.count("calls"), Some(4));
    assert_eq!(row.count("trailing"), Some(2));
    assert_eq!(row.part("answered", "ran"), Some(2));
    assert!(report.verify().is_ok());
}

#[tokio::test(start_paused = true)]
async fn each_key_has_a_later_run_of_its_own() {
    static RAN: Mutex<Vec<(String, u32)>> = Mutex::new(Vec::new());

    #[throttled("100ms", by = user, trailing)]
    async fn seen(user: &str, page: u32) {
        RAN.lock().unwrap().push((user.to_owned(), page));
    }

    for page in 1..=3 {
        seen("ada", page).await;
        seen("grace", page * 10).await;
    }
    pass(1000).await;
    let mut ran = RAN.lock().unwrap().clone();
    ran.sort();
    let ran: Vec<_> = ran.iter().map(|(user, page)| (&**user, *page)).collect();
    assert_eq!(ran, [("ada", 1), ("ada", 3), ("grace", 10), ("grace", 30)]);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_later_run_is_the_last_answer() {
    #[throttled("100ms", trailing)]
    async fn save(text: u32) -> Result<u32, String> {
        if text > 1 {
            return Err(format!("{text} is too long"));
        }
        Ok(text)
    }

    assert_eq!(save(1).await, Ok(1));
    assert_eq!(save(2).await, Ok(1));
    pass(110).await;
    assert_eq!(save(1).await, Err("2 is too long".to_owned()));
}

#[throttled("100ms", trailing)]
async fn made<T: Clone + Send + Sync + 'static>(of: T) -> Vec<T> {
    vec![of]
}

#[tokio::test(start_paused = true)]
async fn the_instances_of_a_generic_function_run_apart() {
    assert_eq!((made(1).await, made("a").await), (vec![1], vec!["a"]));
    assert_eq!((made(2).await, made("b").await), (vec![1], vec!["a"]));
    pass(110).await;
    assert_eq!((made(3).await, made("c").await), (vec![2], vec!["b"]));
}

#[tokio::test(start_paused = true)]
async fn a_sync_function_runs_later_on_a_thread_that_may_block() {
    static RAN: AtomicU32 = AtomicU32::new(0);

    #[throttled("100ms", trailing)]
    fn save(text: u32) -> u32 {
        RAN.fetch_add(text, Relaxed);
        text
    }

    assert_eq!([save(1), save(20), save(300)], [1; 3]);
    assert_eq!(RAN.load(Relaxed), 1);
    let mut passed = 0;
    while RAN.load(Relaxed) == 1 {
        passed += 1;
        pass(1).await;
    }
    assert!(passed >= 100);
    assert_eq!(RAN.load(Relaxed), 301);
}

#[test]
fn without_a_runtime_a_thread_runs_it() {
    static RAN: Mutex<Option<std::sync::mpsc::Sender<u32>>> = Mutex::new(None);

    #[throttled("1ms", trailing)]
    fn save(text: u32) {
        RAN.lock().unwrap().as_ref().unwrap().send(text).unwrap();
    }

    let (ran, all) = std::sync::mpsc::channel();
    *RAN.lock().unwrap() = Some(ran);
    for n in 1..=1000 {
        save(n);
    }
    let last = std::iter::from_fn(|| all.recv().ok()).find(|n| *n == 1000);
    assert_eq!(last, Some(1000), "the last call is never lost");
}

#[test]
fn what_waits_when_its_runtime_ends_runs_after_the_next_call() {
    static RAN: Ran = Mutex::new(Vec::new());

    #[throttled("1ms", leading = false, trailing)]
    async fn save(start: Instant, text: u32) {
        note(&RAN, start, text);
    }

    let run = |work: std::pin::Pin<Box<dyn Future<Output = ()>>>| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(work);
    };
    run(Box::pin(async { save(Instant::now(), 1).await }));
    assert!(RAN.lock().unwrap().is_empty());
    run(Box::pin(async {
        save(Instant::now(), 2).await;
        pass(10).await;
    }));
    let ran = RAN.lock().unwrap();
    assert_eq!(ran.iter().map(|(_, what)| *what).collect::<Vec<_>>(), [2]);
}

/// Calls that are cancelled, panic, wait, are flushed and taken back, in four threads: runs of a key never overlap, and the last call is never lost.
#[test]
fn chaos_overlaps_no_runs_and_loses_no_last_call() {
    const KEYS: usize = 3;
    const LAST: u32 = u32::MAX;
    static INSIDE: [AtomicU32; KEYS] = [const { AtomicU32::new(0) }; KEYS];
    static RAN: Mutex<Option<std::sync::mpsc::Sender<usize>>> = Mutex::new(None);

    struct Inside(usize);

    impl Inside {
        fn enter(key: usize) -> Self {
            assert_eq!(INSIDE[key].fetch_add(1, Relaxed), 0, "runs overlap");
            Self(key)
        }
    }

    impl Drop for Inside {
        fn drop(&mut self) {
            INSIDE[self.0].fetch_sub(1, Relaxed);
        }
    }

    #[throttled("1ms", by = key, trailing, name = "throttled: chaos")]
    async fn save(key: usize, text: u32) -> u32 {
        let inside = Inside::enter(key);
        if text == LAST {
            RAN.lock().unwrap().as_ref().unwrap().send(key).unwrap();
        } else if text.is_multiple_of(101) {
            std::panic::resume_unwind(Box::new("a run"));
        }
        // Who waits in the body and is not polled for long is not waited for.
        drop(inside);
        if text.is_multiple_of(3) {
            tokio::task::yield_now().await;
        }
        text
    }

    let (ran, all) = std::sync::mpsc::channel();
    *RAN.lock().unwrap() = Some(ran);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(4).enable_time().build().unwrap();
    runtime.block_on(async {
        let callers = (0..8_usize).map(|caller| {
            tokio::spawn(async move {
                for n in 0..500_u32 {
                    let call = tokio::spawn(save((caller + n as usize) % KEYS, n));
                    match n % 7 {
                        0 => {
                            tokio::task::yield_now().await;
                            call.abort();
                        }
                        1 => _ = save_throttle().flush(),
                        2 => _ = save_throttle().of(caller % KEYS).cancel(),
                        _ => {}
                    }
                    let _ = call.await;
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.unwrap();
        }
        for key in 0..KEYS {
            save(key, LAST).await;
        }
    });
    let mut last: Vec<_> = all.iter().take(KEYS).collect();
    last.sort_unstable();
    assert_eq!(last, [0, 1, 2]);
    drop(runtime);
    assert!(INSIDE.iter().all(|inside| inside.load(Relaxed) == 0));
    let report = perfkit::report();
    assert!(report.verify().is_ok(), "{:?}", report.verify());
}
