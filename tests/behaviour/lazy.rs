//! The promises of `#[lazy]` and of `perfkit::Lazy`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use perfkit::report::Row;
use perfkit::{Lazy, lazy};

/// The row of a lazy value.
fn row(op: &str) -> Row {
    let report = perfkit::report();
    assert_eq!(report.verify(), Ok(()));
    let row = report.find("lazies", op);
    row.unwrap_or_else(|| panic!("`{op}` is in the report"))
        .clone()
}

#[test]
fn the_body_runs_once() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[lazy]
    fn config() -> String {
        RUNS.fetch_add(1, Relaxed);
        "loaded".into()
    }

    assert_eq!((config(), config()), ("loaded".into(), "loaded".into()));
    assert_eq!(RUNS.load(Relaxed), 1);
}

#[test]
fn callers_at_once_share_one_run() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[lazy]
    fn shared() -> u64 {
        // Everybody is on the way before it is over.
        std::thread::yield_now();
        RUNS.fetch_add(1, Relaxed) + 1
    }

    let start = Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                assert_eq!(shared(), 1);
            });
        }
    });
    assert_eq!(RUNS.load(Relaxed), 1);
}

#[tokio::test]
async fn futures_share_one_run() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[lazy]
    async fn shared() -> u64 {
        tokio::task::yield_now().await;
        RUNS.fetch_add(1, Relaxed) + 1
    }

    assert_eq!(tokio::join!(shared(), shared(), shared()), (1, 1, 1));
    assert_eq!(RUNS.load(Relaxed), 1);
}

#[test]
fn a_panic_does_not_poison_it() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[lazy]
    fn fragile() -> u64 {
        assert!(RUNS.fetch_add(1, Relaxed) > 0, "the first run fails");
        7
    }

    assert!(catch_unwind(fragile).is_err());
    assert_eq!((fragile(), fragile()), (7, 7));
    assert_eq!(RUNS.load(Relaxed), 2);
    assert_eq!(row("fragile").part("loads", "panic"), Some(1));
}

#[test]
fn an_error_is_tried_again() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[lazy]
    fn port() -> Result<u16, &'static str> {
        if RUNS.fetch_add(1, Relaxed) == 0 {
            return Err("not yet");
        }
        Ok(80)
    }

    assert_eq!(port(), Err("not yet"));
    assert_eq!((port(), port()), (Ok(80), Ok(80)));
    assert_eq!(RUNS.load(Relaxed), 2);
    assert_eq!(row("port").part("loads", "error"), Some(1));
}

#[test]
fn an_error_stays_where_that_is_asked_for() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[lazy(retry_errors = false)]
    fn secret() -> Result<u16, String> {
        RUNS.fetch_add(1, Relaxed);
        Err("no such file".into())
    }

    for _ in 0..3 {
        assert_eq!(secret(), Err("no such file".into()));
    }
    assert_eq!(RUNS.load(Relaxed), 1);
}

#[test]
fn a_loader_that_asks_for_itself_ends() {
    static DEPTH: AtomicU64 = AtomicU64::new(0);

    #[lazy]
    fn circular() -> u64 {
        if DEPTH.fetch_add(1, Relaxed) < 3 {
            circular() + 1
        } else {
            0
        }
    }

    assert_eq!(circular(), 3);
    assert_eq!(row("circular").count("cycles"), Some(3));
}

#[tokio::test]
async fn a_cancelled_load_leaves_nothing_behind() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[lazy]
    async fn slow() -> u64 {
        if RUNS.fetch_add(1, Relaxed) == 0 {
            std::future::pending::<()>().await;
        }
        5
    }

    let mut first = Box::pin(slow());
    assert!(futures_poll(&mut first).is_none());
    drop(first);
    assert_eq!(slow().await, 5);
    assert_eq!(row("slow").part("loads", "cancelled"), Some(1));
}

/// The answer of a future, if it has one at the first poll.
fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::Pin::new(future).poll(&mut context) {
        std::task::Poll::Ready(answer) => Some(answer),
        std::task::Poll::Pending => None,
    }
}

#[test]
fn the_handle_forgets_sets_and_tells() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[lazy]
    fn version() -> u64 {
        RUNS.fetch_add(1, Relaxed) + 1
    }

    let handle = version_lazy();
    assert!(!handle.is_loaded());
    assert_eq!((version(), handle.get()), (1, Some(1)));
    handle.reset();
    assert_eq!((handle.get(), version()), (None, 2));
    handle.set(40);
    assert_eq!(version(), 40);
    assert_eq!(RUNS.load(Relaxed), 2);
}

#[test]
fn a_reset_beats_the_load_that_runs() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[lazy]
    fn current() -> u64 {
        let run = RUNS.fetch_add(1, Relaxed);
        if run == 0 {
            current_lazy().reset();
        }
        run
    }

    assert_eq!(current(), 0);
    assert_eq!(current_lazy().get(), None);
    assert_eq!((current(), current()), (1, 1));
}

#[test]
fn methods_and_generic_functions_have_one_value_for_each_type() {
    struct Of<T>(T);

    impl<T: Default + Clone + Send + Sync + 'static> Of<T> {
        #[lazy]
        pub(crate) fn first() -> T {
            T::default()
        }
    }

    #[lazy]
    fn name_of<T: 'static>() -> &'static str {
        std::any::type_name::<T>()
    }

    assert_eq!(
        (Of::<u8>::first(), Of::<String>::first()),
        (0, String::new())
    );
    assert_eq!(Of(3_u8).0, 3);
    assert_eq!((name_of::<u8>(), name_of::<u16>()), ("u8", "u16"));
    assert_eq!((name_of::<u8>(), name_of::<u16>()), ("u8", "u16"));
}

#[test]
fn the_report_tells_its_state() {
    #[lazy(name = "lazy::told")]
    fn told() -> u64 {
        1
    }

    assert_eq!(row("lazy::told").state("state"), Some("empty"));
    told();
    told();
    let row = row("lazy::told");
    assert_eq!(row.state("state"), Some("loaded"));
    assert_eq!(row.count("gets"), Some(2));
    assert_eq!(row.part("found", "loaded"), Some(1));
    assert_eq!(row.part("loads", "ok"), Some(1));
    assert_eq!(row.histogram("load").map(|load| load.count), Some(1));
}

#[test]
fn by_hand_it_keeps_the_same_promises() {
    static WORDS: Lazy<Vec<u8>> = Lazy::new("lazy::words");

    let fails = || WORDS.get_or_load(|| panic!("on purpose"));
    assert!(catch_unwind(AssertUnwindSafe(fails)).is_err());
    assert_eq!(WORDS.get_or_try_load(|| Err("no")), Err("no"));
    assert_eq!(WORDS.get_or_load(|| vec![1]), [1]);
    assert_eq!(WORDS.get_or_load(|| vec![2]), [1]);
    let row = row("lazy::words");
    assert_eq!(row.part("loads", "panic"), Some(1));
    assert_eq!(row.part("loads", "error"), Some(1));
    assert_eq!(row.count("gets"), Some(4));
}
