//! The promises of `<function>_throttle()`.

use std::sync::Mutex;

use perfkit::throttled;
use tokio::task::yield_now;
use tokio::time::Instant;

use super::paused::{Ran, note, pass};

#[tokio::test(start_paused = true)]
async fn a_flush_runs_the_last_call_now_and_begins_the_next_time() {
    static RAN: Ran = Mutex::new(Vec::new());

    #[throttled("100ms", trailing)]
    async fn save(start: Instant, text: u32) -> u32 {
        note(&RAN, start, text);
        text
    }

    let start = Instant::now();
    for text in 1..=3 {
        assert_eq!(save(start, text).await, 1);
    }
    pass(30).await;
    let handle = save_throttle();
    assert_eq!((handle.pending(), handle.flush()), (1, 1));
    pass(10).await;
    assert_eq!(handle.pending(), 0);
    assert_eq!(save(start, 4).await, 3, "its answer is the last one");
    assert_eq!(handle.pending(), 1);
    pass(1000).await;
    assert_eq!(*RAN.lock().unwrap(), [(0, 1), (30, 3), (130, 4)]);
    assert_eq!(handle.flush(), 0, "nothing waits");
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_back_does_not_run_and_the_next_call_not_sooner() {
    static RAN: Ran = Mutex::new(Vec::new());

    #[throttled("100ms", trailing, name = "throttled: taken back")]
    async fn save(start: Instant, text: std::sync::Arc<u32>) -> u32 {
        note(&RAN, start, *text);
        *text
    }

    let start = Instant::now();
    let second = std::sync::Arc::new(2);
    assert_eq!(save(start, std::sync::Arc::new(1)).await, 1);
    assert_eq!(save(start, second.clone()).await, 1);
    pass(30).await;
    let handle = save_throttle();
    assert_eq!(handle.cancel(), 1);
    assert_eq!(
        (handle.pending(), handle.cancel(), handle.flush()),
        (0, 0, 0)
    );
    assert_eq!(
        std::sync::Arc::strong_count(&second),
        1,
        "its arguments are dropped"
    );
    assert_eq!(save(start, std::sync::Arc::new(3)).await, 1);
    pass(1000).await;
    assert_eq!(*RAN.lock().unwrap(), [(0, 1), (100, 3)]);
    let report = perfkit::report();
    let row = report.find("throttles", "throttled: taken back").unwrap();
    assert_eq!(
        (row.count("trailing"), row.count("taken_back")),
        (Some(1), Some(1))
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_the_place_of_one_that_was_flushed_runs_at_once() {
    static RAN: Ran = Mutex::new(Vec::new());

    #[throttled("100ms", trailing)]
    async fn save(start: Instant, text: u32) {
        note(&RAN, start, text);
    }

    let start = Instant::now();
    save(start, 1).await;
    save(start, 2).await;
    assert_eq!(save_throttle().flush(), 1);
    save(start, 3).await;
    pass(1000).await;
    assert_eq!(*RAN.lock().unwrap(), [(0, 1), (0, 3)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_flushed_while_another_call_runs_runs_when_that_is_over() {
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
    let second = tokio::spawn(save(start, 2));
    pass(10).await;
    assert_eq!(save_throttle().flush(), 1);
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (1, 1));
    pass(1000).await;
    assert_eq!(*RAN.lock().unwrap(), [(0, 1), (50, 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_begun_is_not_stopped() {
    static RAN: Ran = Mutex::new(Vec::new());

    #[throttled("100ms", trailing)]
    async fn save(start: Instant, text: u32) {
        pass(50).await;
        note(&RAN, start, text);
    }

    let start = Instant::now();
    save(start, 1).await;
    save(start, 2).await;
    pass(120).await;
    assert_eq!(
        (save_throttle().pending(), save_throttle().cancel()),
        (0, 0)
    );
    pass(1000).await;
    assert_eq!(RAN.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn without_leading_what_waits_is_flushed_and_taken_back_too() {
    static RAN: Ran = Mutex::new(Vec::new());

    #[throttled("100ms", leading = false, trailing)]
    async fn save(start: Instant, text: u32) {
        note(&RAN, start, text);
    }

    let start = Instant::now();
    save(start, 1).await;
    pass(20).await;
    assert_eq!(save_throttle().flush(), 1);
    pass(10).await;
    save(start, 2).await;
    pass(10).await;
    assert_eq!(save_throttle().cancel(), 1);
    save(start, 3).await;
    pass(1000).await;
    let ran = RAN.lock().unwrap().clone();
    assert_eq!(ran[0], (20, 1));
    assert!(
        ran[1].0 >= 120 && ran[1].1 == 3 && ran.len() == 2,
        "{ran:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_is_flushed_and_taken_back_without_the_others() {
    static RAN: Mutex<Vec<(String, u32)>> = Mutex::new(Vec::new());

    #[throttled("100ms", by = user, trailing)]
    async fn seen(user: &str, page: u32) {
        RAN.lock().unwrap().push((user.to_owned(), page));
    }

    for user in ["ada", "grace", "mary"] {
        seen(user, 1).await;
        seen(user, 2).await;
    }
    let handle = seen_throttle();
    assert_eq!((handle.pending(), handle.of("ada").pending()), (3, 1));
    assert_eq!(
        (handle.of("ada").flush(), handle.of("grace").cancel()),
        (1, 1)
    );
    assert_eq!(
        handle.of("nobody").flush() + handle.of("nobody").cancel(),
        0
    );
    yield_now().await;
    assert_eq!(RAN.lock().unwrap()[3..], [("ada".to_owned(), 2)]);
    pass(1000).await;
    assert_eq!(RAN.lock().unwrap()[4..], [("mary".to_owned(), 2)]);
}

/// Looks at the handle when it is cloned.
#[derive(PartialEq, Eq, Hash)]
struct Document(u32);

thread_local! {
    static LOOK: std::cell::Cell<fn()> = const { std::cell::Cell::new(|| ()) };
}

impl Clone for Document {
    fn clone(&self) -> Self {
        LOOK.get()();
        Self(self.0)
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_may_use_the_handle_while_a_flush_clones_it() {
    static RAN: Mutex<Vec<u32>> = Mutex::new(Vec::new());

    #[throttled("100ms", by = Document(document), trailing)]
    async fn save(document: u32) {
        RAN.lock().unwrap().push(document);
    }

    for document in [1, 1, 2, 2] {
        save(document).await;
    }
    LOOK.set(|| assert_eq!(save_throttle().pending(), 2));
    assert_eq!(save_throttle().flush(), 2);
    LOOK.set(|| ());
    yield_now().await;
    assert_eq!(RAN.lock().unwrap()[2..], [1, 2]);
}

#[throttled("100ms", trailing)]
async fn made<T: Clone + Send + Sync + 'static>(of: T) -> Vec<T> {
    vec![of]
}

#[tokio::test(start_paused = true)]
async fn each_instance_of_a_generic_function_has_a_handle_of_its_own() {
    for (number, text) in [(1, "a"), (2, "b")] {
        assert_eq!((made(number).await, made(text).await), (vec![1], vec!["a"]));
    }
    assert_eq!(made_throttle::<i32>().flush(), 1);
    assert_eq!(made_throttle::<&str>().cancel(), 1);
    yield_now().await;
    assert_eq!((made(3).await, made("c").await), (vec![2], vec!["a"]));
}

#[test]
fn a_sync_function_is_flushed_without_a_runtime() {
    static RAN: Mutex<Option<std::sync::mpsc::Sender<u32>>> = Mutex::new(None);

    #[throttled("1h", trailing)]
    fn save(text: u32) -> u32 {
        RAN.lock().unwrap().as_ref().unwrap().send(text).unwrap();
        text
    }

    let (ran, all) = std::sync::mpsc::channel();
    *RAN.lock().unwrap() = Some(ran);
    assert_eq!([1, 2, 3].map(save), [1, 1, 1]);
    assert_eq!(all.recv(), Ok(1));
    assert_eq!(save_throttle().flush(), 1);
    assert_eq!(all.recv(), Ok(3));
}

#[test]
fn what_waits_when_its_runtime_has_ended_runs_after_a_flush() {
    static RAN: Ran = Mutex::new(Vec::new());

    #[throttled("1h", leading = false, trailing)]
    async fn save(start: Instant, text: u32) {
        note(&RAN, start, text);
    }

    let run = |work: std::pin::Pin<Box<dyn Future<Output = ()>>>| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(work);
    };
    run(Box::pin(async {
        save(Instant::now(), 1).await;
        yield_now().await;
    }));
    run(Box::pin(async {
        assert_eq!(save_throttle().flush(), 1);
        pass(10).await;
    }));
    let ran = RAN.lock().unwrap();
    assert_eq!(ran.iter().map(|(_, what)| *what).collect::<Vec<_>>(), [1]);
}
