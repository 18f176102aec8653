//! Answers that are given while a new one is made.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A body that waits until it is told how to end, and says that it has begun.
struct Gate {
    began: Mutex<Option<Sender<()>>>,
    end: Mutex<Option<Receiver<Result<u64, String>>>>,
}

/// The test's side of it.
struct Guard {
    began: Receiver<()>,
    end: Sender<Result<u64, String>>,
}

impl Gate {
    const fn new() -> Self {
        Self {
            began: Mutex::new(None),
            end: Mutex::new(None),
        }
    }

    fn close(&self) -> Guard {
        let (first, began) = channel();
        let (end, last) = channel();
        *lock(&self.began) = Some(first);
        *lock(&self.end) = Some(last);
        Guard { began, end }
    }

    fn pass(&self) -> Result<u64, String> {
        lock(&self.began).as_ref().unwrap().send(()).unwrap();
        lock(&self.end).as_ref().unwrap().recv().unwrap()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks until what is kept is something else.
fn until<T: PartialEq>(wanted: &T, mut ask: impl FnMut() -> T) {
    while ask() != *wanted {
        std::thread::yield_now();
    }
}

#[test]
fn a_stale_answer_is_given_while_one_call_makes_a_new_one() {
    static CLOCK: Clock = Clock::manual();
    static GATE: Gate = Gate::new();

    #[cached(ttl = "10s", stale = "5s", clock = &CLOCK, name = "refresh: stale")]
    fn load(id: u64, name: &str) -> Result<u64, String> {
        GATE.pass().map(|n| n + id + name.len() as u64)
    }

    let guard = GATE.close();
    guard.end.send(Ok(10)).unwrap();
    assert_eq!(load(1, "a"), Ok(12));
    guard.began.recv().unwrap();

    CLOCK.advance(SECOND * 12);
    for _ in 0..10 {
        assert_eq!(load(1, "a"), Ok(12));
    }
    guard.began.recv().unwrap();
    guard.began.try_recv().unwrap_err();
    assert_eq!(count("refresh: stale", "stale"), 10);
    assert_eq!(count("refresh: stale", "refreshes"), 1);
    guard.end.send(Ok(20)).unwrap();
    let key = (1, "a".to_owned());
    until(&Some(22), || load_cache().peek(&key));
    assert_eq!(load(1, "a"), Ok(22));

    // Fresh again for as long as a new answer is.
    CLOCK.advance(SECOND * 9);
    assert_eq!(load(1, "a"), Ok(22));
    guard.began.try_recv().unwrap_err();
}

#[test]
fn an_answer_that_is_too_old_is_not_given() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: Runs = Runs::new();

    #[cached(ttl = "10s", stale = "5s", clock = &CLOCK)]
    fn load(id: u64) -> u64 {
        RUNS.run() + id
    }

    assert_eq!(load(0), 1);
    CLOCK.advance(SECOND * 15);
    assert_eq!(load(0), 2);
}

/// A refresh fails, and leaves the old answer; that of the next call gives 7.
fn fails_and_is_tried_again(
    clock: &Clock,
    gate: &Gate,
    name: &str,
    load: fn(u64) -> Result<u64, String>,
) {
    let guard = gate.close();
    guard.end.send(Ok(1)).unwrap();
    load(0).unwrap();
    guard.began.recv().unwrap();
    clock.advance(SECOND * 12);
    assert_eq!(load(0), Ok(1));
    guard.began.recv().unwrap();
    guard.end.send(Err("down".to_owned())).unwrap();
    // The claim is given back when the run is over, some time later.
    until(&2, || {
        assert_eq!(load(0), Ok(1));
        count(name, "refreshes")
    });
    guard.began.recv().unwrap();
    guard.end.send(Ok(7)).unwrap();
}

#[test]
fn a_refresh_that_ends_leaves_that_of_its_answer_to_who_has_it() {
    static CLOCK: Clock = Clock::manual();
    static GATE: Gate = Gate::new();

    /// The new answer is stale, and refreshed, before the run that has brought it is over.
    fn goes_on() {
        if count("refresh: again", "refreshes") == 1 {
            CLOCK.advance(SECOND * 12);
            assert_eq!(load(0), Ok(2));
        }
    }

    #[cached(
        ttl = "10s",
        stale = "5s",
        clock = &CLOCK,
        on_evict = |_, _, _| goes_on(),
        name = "refresh: again"
    )]
    fn load(id: u64) -> Result<u64, String> {
        GATE.pass().map(|n| n + id)
    }

    let guard = GATE.close();
    guard.end.send(Ok(1)).unwrap();
    load(0).unwrap();
    guard.began.recv().unwrap();
    CLOCK.advance(SECOND * 12);
    assert_eq!(load(0), Ok(1));
    guard.began.recv().unwrap();
    guard.end.send(Ok(2)).unwrap();
    // The second refresh has begun when the first run has ended, or is about to.
    until(&2, || count("refresh: again", "refreshes"));
    guard.began.recv().unwrap();
    for _ in 0..100 {
        assert_eq!(load(0), Ok(2));
        std::thread::yield_now();
    }
    assert_eq!(count("refresh: again", "refreshes"), 2);
    guard.end.send(Ok(3)).unwrap();
    until(&Some(3), || load_cache().peek(0));
}

#[test]
fn a_refresh_that_fails_leaves_the_old_answer_and_lets_the_next_call_try() {
    static CLOCK: Clock = Clock::manual();
    static GATE: Gate = Gate::new();

    #[cached(ttl = "10s", stale = "5s", clock = &CLOCK, name = "refresh: fails")]
    fn load(id: u64) -> Result<u64, String> {
        GATE.pass().map(|n| n + id)
    }

    fails_and_is_tried_again(&CLOCK, &GATE, "refresh: fails", load);
    until(&Some(7), || load_cache().peek(0));
}

#[test]
fn a_refresh_that_fails_leaves_the_old_answer_where_errors_are_kept_too() {
    static CLOCK: Clock = Clock::manual();
    static GATE: Gate = Gate::new();

    #[cached(ttl = "10s", stale = "5s", errors = "10s", clock = &CLOCK, name = "refresh: fails, kept")]
    fn load(id: u64) -> Result<u64, String> {
        GATE.pass().map(|n| n + id)
    }

    fails_and_is_tried_again(&CLOCK, &GATE, "refresh: fails, kept", load);
    until(&Some(Ok(7)), || load_cache().peek(0));
}

#[test]
fn an_error_is_not_given_when_its_time_is_over_however_often_it_was_asked_for() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: Runs = Runs::new();

    #[cached(ttl = "1h", errors = "10s", tti = "1m", stale = "1m", clock = &CLOCK)]
    fn load(id: u64) -> Result<u64, String> {
        if RUNS.run() == 1 {
            Err("down".to_owned())
        } else {
            Ok(id)
        }
    }

    for _ in 0..2 {
        load(1).unwrap_err();
        CLOCK.advance(SECOND * 5);
    }
    assert_eq!(load(1), Ok(1));
}

#[test]
fn a_refresh_that_panics_leaves_the_old_answer_too() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: Runs = Runs::new();

    #[cached(ttl = "10s", stale = "5s", clock = &CLOCK)]
    fn load(id: u64) -> u64 {
        let run = RUNS.run();
        assert!(run != 2, "the second run fails");
        run + id
    }

    assert_eq!(load(0), 1);
    CLOCK.advance(SECOND * 12);
    until(&3, || load(0));
    assert_eq!(RUNS.count(), 3);
}

#[test]
fn a_key_that_cannot_be_cloned_for_a_refresh_lets_the_next_call_try() {
    static CLOCK: Clock = Clock::manual();

    #[derive(PartialEq, Eq, Hash)]
    struct Name(u64);

    thread_local! {
        static FAILS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }

    impl Clone for Name {
        fn clone(&self) -> Self {
            assert!(!FAILS.get(), "it cannot be cloned now");
            Self(self.0)
        }
    }

    #[cached(ttl = "10s", stale = "5s", clock = &CLOCK, name = "refresh: clone", key = name)]
    fn load(name: &Name) -> u64 {
        name.0
    }

    load(&Name(1));
    CLOCK.advance(SECOND * 12);
    FAILS.set(true);
    std::panic::catch_unwind(|| load(&Name(1))).unwrap_err();
    assert_eq!(count("refresh: clone", "refreshes"), 0);
    FAILS.set(false);
    load(&Name(1));
    assert_eq!(count("refresh: clone", "refreshes"), 1);
}

#[test]
fn an_answer_is_made_anew_ahead_of_its_end() {
    static CLOCK: Clock = Clock::manual();
    static GATE: Gate = Gate::new();

    #[cached(ttl = "10s", refresh_ahead = 0.8, clock = &CLOCK, name = "refresh: ahead")]
    fn load(id: u64) -> Result<u64, String> {
        GATE.pass().map(|n| n + id)
    }

    let guard = GATE.close();
    guard.end.send(Ok(1)).unwrap();
    load(0).unwrap();
    guard.began.recv().unwrap();
    CLOCK.advance(Duration::from_nanos(7_999_999_999));
    assert_eq!(load(0), Ok(1));
    assert_eq!(count("refresh: ahead", "refreshes"), 0);
    CLOCK.advance(Duration::from_nanos(1));
    assert_eq!(load(0), Ok(1));
    assert_eq!(load(0), Ok(1));
    assert_eq!(count("refresh: ahead", "refreshes"), 1);
    guard.began.recv().unwrap();
    guard.end.send(Ok(2)).unwrap();
    until(&Some(2), || load_cache().peek(0));
    assert_eq!(count("refresh: ahead", "stale"), 0);
}

#[test]
fn an_answer_whose_time_is_shortened_is_not_made_anew_at_once() {
    static CLOCK: Clock = Clock::manual();

    #[cached(ttl = "100s", jitter = 0.9, refresh_ahead = 0.2, clock = &CLOCK, name = "refresh: short")]
    fn load(id: u64) -> u64 {
        id
    }

    for _ in 0..2 {
        for id in 0..100 {
            load(id);
        }
    }
    // The shortest life there may be is ten seconds, a fifth of which is two.
    CLOCK.advance(Duration::from_millis(1_999));
    for id in 0..100 {
        load(id);
    }
    assert_eq!(count("refresh: short", "refreshes"), 0);
}

#[test]
fn an_answer_with_a_time_of_its_own_is_not_made_anew_before_that() {
    static CLOCK: Clock = Clock::manual();

    #[cached(ttl = "100s", refresh_ahead = 0.8, clock = &CLOCK, name = "refresh: own")]
    fn load(id: u64) -> u64 {
        id
    }

    load_cache().insert_with_ttl(1, 10, SECOND * 10);
    CLOCK.advance(Duration::from_millis(9_999));
    assert_eq!(load(1), 10);
    assert_eq!(count("refresh: own", "refreshes"), 0);
    CLOCK.advance(SECOND);
    assert_eq!(load(1), 1);
}

#[test]
fn an_invalidation_beats_a_refresh() {
    static CLOCK: Clock = Clock::manual();
    static GATE: Gate = Gate::new();

    #[cached(ttl = "10s", stale = "5s", clock = &CLOCK, name = "refresh: beaten")]
    fn load(id: u64) -> Result<u64, String> {
        GATE.pass().map(|n| n + id)
    }

    let guard = GATE.close();
    guard.end.send(Ok(1)).unwrap();
    load(0).unwrap();
    guard.began.recv().unwrap();
    CLOCK.advance(SECOND * 12);
    load(0).unwrap();
    guard.began.recv().unwrap();
    load_cache().invalidate(0);
    guard.end.send(Ok(2)).unwrap();
    until(&2, || part("refresh: beaten", "loads", "ok"));
    guard.end.send(Ok(3)).unwrap();
    assert_eq!(load(0), Ok(3));
}

#[tokio::test]
async fn an_async_function_is_refreshed_by_a_task() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: Runs = Runs::new();

    #[measured(name = "refresh: inside")]
    #[cached(ttl = "10s", stale = "5s", clock = &CLOCK, if = id < 10)]
    async fn load(id: u64, mut name: String, (a, _): (u64, u8), slice: &[u64]) -> u64 {
        tokio::task::yield_now().await;
        name.push('!');
        RUNS.run() * 100 + id + a + slice.len() as u64 + name.len() as u64
    }

    let call = || load(0, "a".to_owned(), (1, 0), &[1]);
    assert_eq!(call().await, 104);
    CLOCK.advance(SECOND * 12);
    assert_eq!(call().await, 104);
    while call().await != 204 {
        tokio::task::yield_now().await;
    }
    assert_eq!(RUNS.count(), 2);
    assert_eq!(load(10, "a".to_owned(), (1, 0), &[1]).await, 314);
}

#[test]
fn an_async_function_is_refreshed_without_a_runtime_too() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: Runs = Runs::new();

    #[cached(ttl = "10s", stale = "5s", clock = &CLOCK)]
    async fn load(id: u64) -> u64 {
        RUNS.run() + id
    }

    let call = || {
        let mut call = std::pin::pin!(load(0));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        loop {
            if let std::task::Poll::Ready(answer) = call.as_mut().poll(&mut context) {
                return answer;
            }
        }
    };
    assert_eq!(call(), 1);
    CLOCK.advance(SECOND * 12);
    until(&2, call);
}

/// Its methods make a new answer in the background, where a caller's borrow has no place.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Shop(u64);

static OF_METHODS: Clock = Clock::manual();

trait Prices {
    fn counted(self: Arc<Self>, id: u64) -> u64;
}

impl Prices for Shop {
    #[cached(ttl = "10s", stale = "5s", clock = &OF_METHODS)]
    fn counted(self: Arc<Self>, id: u64) -> u64 {
        self.0 + id
    }
}

impl Shop {
    #[cached(ttl = "10s", stale = "5s", clock = &OF_METHODS, name = "refresh: shared", ignore(self))]
    async fn shared(self: Arc<Self>, id: u64) -> u64 {
        tokio::task::yield_now().await;
        self.0 + id
    }

    #[cached(ttl = "10s", stale = "5s", clock = &OF_METHODS, name = "refresh: owned")]
    fn owned(self, name: &str) -> String {
        format!("{name} {}", self.0)
    }

    #[cached(ttl = "10s", refresh_ahead = 0.5, clock = &OF_METHODS, name = "refresh: for good")]
    fn for_good(&'static self, id: u64) -> u64 {
        self.0 + id
    }
}

#[test]
fn methods_are_run_in_the_background_with_a_self_of_their_own() {
    static SHOP: Shop = Shop(7);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let call = || {
        let shop = Arc::new(SHOP.clone());
        let shared = runtime.block_on(Arc::clone(&shop).shared(1));
        let others = (SHOP.for_good(1), shop.counted(1));
        ((shared, others), SHOP.clone().owned("seven"))
    };
    let answers = ((8, (8, 8)), "seven 7".to_owned());
    assert_eq!(call(), answers);
    OF_METHODS.advance(11 * SECOND);
    assert_eq!(call(), answers);
    for name in ["refresh: shared", "refresh: owned"] {
        assert_eq!(count(name, "stale"), 1, "{name}");
        until(&1, || {
            runtime.block_on(tokio::task::yield_now());
            count(name, "refreshes")
        });
    }
}
