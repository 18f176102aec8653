//! The promises of `#[throttled]`.

use std::pin::pin;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use perfkit::{Clock, throttled};

#[cfg(feature = "tokio")]
mod handle;
#[cfg(feature = "tokio")]
mod paused;
#[cfg(feature = "tokio")]
mod trailing;

fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn calls_that_come_too_soon_get_the_last_answer() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[throttled("100ms", clock = &CLOCK)]
    fn level(asked: u32) -> (u32, u32) {
        (RUNS.fetch_add(1, Relaxed), asked)
    }

    assert_eq!((level(7), level(8)), ((0, 7), (0, 7)));
    CLOCK.advance(Duration::from_millis(99));
    assert_eq!(level(9), (0, 7));
    CLOCK.advance(Duration::from_millis(1));
    assert_eq!(level(10), (1, 10));
}

#[test]
fn a_function_without_an_answer_just_does_not_run() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[throttled("1s", clock = &CLOCK)]
    fn tell(_what: &str) {
        RUNS.fetch_add(1, Relaxed);
    }

    #[throttled("1s", clock = &CLOCK)]
    async fn tell_later() {
        RUNS.fetch_add(10, Relaxed);
    }

    for _ in 0..5 {
        tell("this");
        ready(tell_later());
    }
    assert_eq!(RUNS.load(Relaxed), 11);
    CLOCK.advance(Duration::from_secs(1));
    tell("that");
    ready(tell_later());
    assert_eq!(RUNS.load(Relaxed), 22);
}

#[test]
fn an_error_is_an_answer_too() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[throttled("1s", clock = &CLOCK)]
    fn fails() -> Result<u32, String> {
        Err(format!("run {}", RUNS.fetch_add(1, Relaxed)))
    }

    assert_eq!(fails(), Err("run 0".to_owned()));
    assert_eq!(fails(), Err("run 0".to_owned()));
}

#[test]
fn keys_are_throttled_apart() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: AtomicU32 = AtomicU32::new(0);

    struct Sensor {
        id: u8,
    }

    impl Sensor {
        #[throttled("1s", by = self.id, clock = &CLOCK)]
        fn read(&self) -> u32 {
            RUNS.fetch_add(1, Relaxed)
        }
    }

    let (one, two) = (Sensor { id: 1 }, Sensor { id: 2 });
    assert_eq!([one.read(), two.read(), one.read()], [0, 1, 0]);
}

#[test]
fn those_who_come_while_it_runs_wait_for_its_answer() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[throttled("1h")]
    fn slow(begun: &Barrier, leave: &Barrier) -> u32 {
        begun.wait();
        leave.wait();
        RUNS.fetch_add(1, Relaxed)
    }

    let (begun, leave) = (Barrier::new(2), Barrier::new(2));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| slow(&begun, &leave));
        begun.wait();
        let second = scope.spawn(|| slow(&begun, &leave));
        leave.wait();
        assert_eq!((first.join().unwrap(), second.join().unwrap()), (0, 0));
    });
    assert_eq!(RUNS.load(Relaxed), 1);
}

#[test]
fn a_panic_leaves_no_answer_and_the_next_call_runs() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[throttled("1h")]
    fn call() -> u32 {
        assert!(RUNS.fetch_add(1, Relaxed) > 0, "the first one");
        7
    }

    assert!(std::panic::catch_unwind(call).is_err());
    assert_eq!(call(), 7);
}

#[throttled("1h")]
fn made<T: Clone + Send + Sync + Default + 'static>(of: T) -> Vec<T> {
    vec![of]
}

trait Read {
    async fn read(&mut self) -> Option<u8>;
}

#[async_trait::async_trait]
trait Boxed {
    async fn boxed(&self, what: &str) -> Result<usize, String>;
}

struct Disk;

impl Read for Disk {
    #[throttled("1h")]
    async fn read(&mut self) -> Option<u8> {
        Some(1)
    }
}

#[async_trait::async_trait]
impl Boxed for Disk {
    #[throttled("1h")]
    async fn boxed(&self, what: &str) -> Result<usize, String> {
        Ok(what.len())
    }
}

#[test]
fn generic_functions_methods_and_boxed_futures_are_throttled() {
    assert_eq!((made(1), made("a")), (vec![1], vec!["a"]));
    assert_eq!((made(2), made("b")), (vec![1], vec!["a"]));
    assert_eq!(ready(Disk.read()), Some(1));
    assert_eq!(ready(Disk.boxed("abc")), Ok(3));
    assert_eq!(ready(Disk.boxed("a")), Ok(3));
}

#[test]
fn the_report_tells_runs_from_repetitions() {
    #[throttled("1h", name = "throttled: report")]
    fn call() {}

    for _ in 0..5 {
        call();
    }
    let report = perfkit::report();
    let rows = report.section("throttles");
    let row = rows
        .iter()
        .find(|row| row.op() == "throttled: report")
        .unwrap();
    assert_eq!(row.count("calls"), Some(5));
    assert_eq!(row.part("answered", "ran"), Some(1));
    assert_eq!(row.part("answered", "repeated"), Some(4));
    assert!(report.verify().is_ok());
}
