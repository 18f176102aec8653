//! The promises of `#[retry]`.
//!
//! Threads wait by a clock of the test's own, which delays move on; tasks wait in a tokio runtime whose time is paused.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use perfkit::report::Row;
use perfkit::{Class, Classify, Clock, Rejected, RetryEvent, report, retry};

#[cfg(feature = "tokio")]
mod chaos;
#[cfg(feature = "tracing")]
mod events;
#[cfg(feature = "tokio")]
mod paused;
mod shapes;

const SECOND: Duration = Duration::from_secs(1);

/// What a call may fail with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    Lost(u32),
    Wrong,
    Gone,
    Busy(Duration),
    Rejected(Rejected),
}

impl Classify for Failure {
    fn class(&self) -> Class {
        match self {
            Self::Lost(_) => Class::Transient,
            Self::Wrong => Class::Permanent,
            Self::Gone => Class::Neutral,
            Self::Busy(after) => Class::Overloaded(Some(*after)),
            Self::Rejected(rejected) => Class::of_rejection(rejected),
        }
    }
}

impl From<Rejected> for Failure {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

fn row(op: &str) -> Row {
    let report = report();
    assert_eq!(report.verify(), Ok(()));
    report
        .find("retries", op)
        .expect("the row of the site")
        .clone()
}

/// The ends that are not zero.
fn ends(op: &str) -> Vec<(&'static str, u64)> {
    const ENDS: [&str; 9] = [
        "recovered",
        "exhausted",
        "not_repeatable",
        "rejected",
        "over_budget",
        "late",
        "nested",
        "cancelled",
        "panicked",
    ];
    let row = row(op);
    let ends = ENDS.map(|end| (end, row.part("ends", end).expect("a part")));
    assert_eq!(row.count("inflight"), Some(0));
    ends.into_iter().filter(|(_, count)| *count > 0).collect()
}

#[test]
fn a_call_that_fails_is_made_again() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[retry(name = "made again", clock = &CLOCK)]
    fn load(id: u32) -> Result<u32, Failure> {
        match RUNS.fetch_add(1, Relaxed) {
            run @ 0..2 => Err(Failure::Lost(run)),
            _ => Ok(id),
        }
    }

    assert_eq!(load(7), Ok(7));
    assert_eq!(RUNS.load(Relaxed), 3);
    assert_eq!(ends("made again"), [("recovered", 1)]);
    let row = row("made again");
    assert_eq!(row.count("retries"), Some(2));
    assert_eq!(row.part("attempts", "second"), Some(1));
    assert_eq!(row.part("attempts", "third"), Some(1));
    assert_eq!(row.ratio("amplification"), Some(3.0));
}

#[test]
fn what_fails_to_the_end_fails_with_its_last_error() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[retry(name = "last error", attempts = 4, clock = &CLOCK)]
    fn load() -> Result<(), Failure> {
        Err(Failure::Lost(RUNS.fetch_add(1, Relaxed)))
    }

    assert_eq!(load(), Err(Failure::Lost(3)));
    assert_eq!(ends("last error"), [("exhausted", 1)]);
}

#[test]
fn a_success_is_not_even_counted() {
    #[retry(name = "success")]
    fn load() -> Option<u8> {
        Some(1)
    }

    assert_eq!(load(), Some(1));
    assert_eq!(ends("success"), []);
    assert_eq!(row("success").count("calls"), Some(0));
    assert_eq!(row("success").ratio("amplification"), None);
}

#[test]
fn what_cannot_get_better_is_not_repeated() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[retry(name = "permanent")]
    fn load(failure: Failure) -> Result<(), Failure> {
        RUNS.fetch_add(1, Relaxed);
        Err(failure)
    }

    assert_eq!(load(Failure::Wrong), Err(Failure::Wrong));
    assert_eq!(load(Failure::Gone), Err(Failure::Gone));
    assert_eq!(RUNS.load(Relaxed), 2);
    assert_eq!(ends("permanent"), [("not_repeatable", 2)]);
}

#[test]
fn when_says_what_is_repeated() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[retry(when = |failure| *failure == Failure::Wrong, clock = &CLOCK)]
    fn load(failure: Failure) -> Result<(), Failure> {
        RUNS.fetch_add(1, Relaxed);
        Err(failure)
    }

    load(Failure::Lost(0)).unwrap_err();
    assert_eq!(RUNS.load(Relaxed), 1);
    load(Failure::Wrong).unwrap_err();
    assert_eq!(RUNS.load(Relaxed), 4);
}

/// What a clock has been moved on by.
fn passed(clock: &'static Clock) -> Duration {
    let shown = format!("{clock:?}");
    let passed = shown.split_once("manual: ").expect("a manual clock").1;
    let end = passed.find([',', ' ']).expect("more fields");
    let (number, unit) =
        passed[..end].split_at(passed[..end].find(char::is_alphabetic).expect("a unit"));
    let number: f64 = number.parse().expect("a number");
    Duration::from_secs_f64(match unit {
        "s" => number,
        "ms" => number / 1e3,
        "ns" => number / 1e9,
        other => panic!("{other}"),
    })
}

#[test]
fn delays_are_what_the_backoff_says() {
    static DEFAULT: Clock = Clock::manual();
    static CONSTANT: Clock = Clock::manual();
    static FIBONACCI: Clock = Clock::manual();
    static FACTOR: Clock = Clock::manual();
    static OWN: Clock = Clock::manual();

    #[retry(attempts = 5, jitter = "none", clock = &DEFAULT)]
    fn doubled() -> Option<()> {
        None
    }
    #[retry(attempts = 5, backoff = "constant", delay = "250ms", jitter = "none", clock = &CONSTANT)]
    fn constant() -> Option<()> {
        None
    }
    #[retry(attempts = 7, backoff = "fibonacci", delay = "10ms", jitter = "none", clock = &FIBONACCI)]
    fn fibonacci() -> Option<()> {
        None
    }
    #[retry(attempts = 4, delay = "1s", factor = 3, max_delay = "5s", jitter = "none", clock = &FACTOR)]
    fn capped() -> Option<()> {
        None
    }
    #[retry(attempts = 4, backoff = |attempt| SECOND * attempt, clock = &OWN)]
    fn own() -> Option<()> {
        None
    }

    for call in [doubled, constant, fibonacci, capped, own] {
        assert_eq!(call(), None);
    }
    assert_eq!(passed(&DEFAULT), (1 + 2 + 4 + 8) * SECOND);
    assert_eq!(passed(&CONSTANT), SECOND);
    assert_eq!(passed(&FIBONACCI), (1 + 1 + 2 + 3 + 5 + 8) * SECOND / 100);
    assert_eq!(passed(&FACTOR), (1 + 3 + 5) * SECOND);
    assert_eq!(passed(&OWN), (2 + 3 + 4) * SECOND);
}

#[test]
fn chance_takes_from_every_delay() {
    static CLOCK: Clock = Clock::manual();

    #[retry(attempts = 2, budget = false, clock = &CLOCK)]
    fn load() -> Option<()> {
        None
    }

    let mut delays = Vec::new();
    for _ in 0..50 {
        let before = passed(&CLOCK);
        load();
        delays.push(passed(&CLOCK).saturating_sub(before));
    }
    assert!(delays.iter().all(|delay| *delay <= SECOND), "{delays:?}");
    // Of fifty delays none is the whole second, none the same as the one before.
    assert!(delays.windows(2).all(|two| two[0] != two[1]), "{delays:?}");
}

#[test]
fn who_is_busy_is_left_alone_for_as_long_as_he_says() {
    static CLOCK: Clock = Clock::manual();
    static ASKED: Clock = Clock::manual();

    #[retry(attempts = 2, clock = &CLOCK)]
    fn by_class() -> Result<(), Failure> {
        Err(Failure::Busy(7 * SECOND))
    }
    #[retry(attempts = 2, retry_after = |error| error.parse().ok().map(Duration::from_secs), clock = &ASKED)]
    fn by_option() -> Result<(), String> {
        Err("9".into())
    }

    by_class().unwrap_err();
    assert_eq!(passed(&CLOCK), 7 * SECOND);
    by_option().unwrap_err();
    assert_eq!(passed(&ASKED), 9 * SECOND);
}

#[test]
fn who_asks_for_more_than_the_longest_delay_is_not_waited_for() {
    static CLOCK: Clock = Clock::manual();

    #[retry(name = "too long", max_delay = "10s", clock = &CLOCK)]
    fn load() -> Result<(), Failure> {
        Err(Failure::Busy(11 * SECOND))
    }

    assert_eq!(load(), Err(Failure::Busy(11 * SECOND)));
    assert_eq!(passed(&CLOCK), Duration::ZERO);
    assert_eq!(ends("too long"), [("late", 1)]);
}

#[test]
fn a_storm_is_not_amplified() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[retry(name = "storm", backoff = |_| Duration::ZERO, clock = &CLOCK)]
    fn load() -> Result<(), Failure> {
        RUNS.fetch_add(1, Relaxed);
        Err(Failure::Lost(0))
    }

    for _ in 0..10_000 {
        load().unwrap_err();
    }
    // Ten seconds of the floor, and a tenth of the calls.
    let retries = RUNS.load(Relaxed) - 10_000;
    assert!((1_099..=1_100).contains(&retries), "{retries}");
    let row = row("storm");
    assert_eq!(row.count("retries"), Some(retries.into()));
    let end = |end| row.part("ends", end).expect("a part");
    assert_eq!(end("over_budget") + end("exhausted"), 10_000);
    assert!(end("over_budget") >= 10_000 - u64::from(retries));
}

#[test]
fn calls_that_succeed_pay_for_repetitions() {
    static CLOCK: Clock = Clock::manual();

    #[retry(name = "paid", attempts = 2, backoff = |_| Duration::ZERO, clock = &CLOCK)]
    fn load(fails: bool) -> Option<()> {
        (!fails).then_some(())
    }

    for _ in 0..200 {
        load(true);
    }
    // What the bucket held, and the tenths that these calls put in after the first has taken something out.
    assert_eq!(row("paid").count("retries"), Some(119));
    for _ in 0..1_000 {
        load(false);
    }
    for _ in 0..200 {
        load(true);
    }
    assert_eq!(row("paid").count("retries"), Some(2 * 119));
}

#[test]
fn without_a_budget_every_failure_is_repeated() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[retry(budget = false, backoff = |_| Duration::ZERO, clock = &CLOCK)]
    fn load() -> Option<()> {
        RUNS.fetch_add(1, Relaxed);
        None
    }

    for _ in 0..1_000 {
        load();
    }
    assert_eq!(RUNS.load(Relaxed), 3_000);
}

#[test]
fn retries_inside_each_other_do_not_multiply() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[retry(name = "outermost", clock = &CLOCK)]
    fn outermost() -> Result<(), Failure> {
        middle()
    }
    #[retry(name = "in the middle", clock = &CLOCK)]
    fn middle() -> Result<(), Failure> {
        innermost()
    }
    #[retry(name = "innermost", clock = &CLOCK)]
    fn innermost() -> Result<(), Failure> {
        Err(Failure::Lost(RUNS.fetch_add(1, Relaxed)))
    }

    outermost().unwrap_err();
    // Three, and two more for each layer; not 27.
    assert_eq!(RUNS.load(Relaxed), 7);
    assert_eq!(ends("outermost"), [("exhausted", 1)]);
    assert_eq!(ends("in the middle"), [("exhausted", 1), ("nested", 2)]);
    assert_eq!(ends("innermost"), [("exhausted", 1), ("nested", 4)]);

    // And afterwards each repeats by itself again.
    RUNS.store(0, Relaxed);
    innermost().unwrap_err();
    assert_eq!(RUNS.load(Relaxed), 3);
}

#[test]
fn a_panic_is_not_repeated() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[retry(name = "panics", clock = &CLOCK)]
    fn load() -> Option<()> {
        assert!(RUNS.fetch_add(1, Relaxed) != 1, "the second attempt");
        None
    }

    assert!(std::panic::catch_unwind(load).is_err());
    assert_eq!(RUNS.load(Relaxed), 2);
    assert_eq!(ends("panics"), [("panicked", 1)]);
    assert_eq!(load(), None);
    assert_eq!(RUNS.load(Relaxed), 5);
}

#[test]
fn no_attempt_begins_after_the_deadline() {
    static CLOCK: Clock = Clock::manual();

    // Nobody waits on this clock, so the deadline, which real time goes by, is still to come.
    #[retry(name = "in time", attempts = 10, deadline = "10s", backoff = |_| 9 * SECOND, clock = &CLOCK)]
    fn in_time() -> Option<()> {
        None
    }
    #[retry(name = "too late", attempts = 10, deadline = "9s", backoff = |_| 9 * SECOND, clock = &CLOCK)]
    fn too_late() -> Option<()> {
        None
    }

    in_time();
    assert_eq!(ends("in time"), [("exhausted", 1)]);
    too_late();
    assert_eq!(ends("too late"), [("late", 1)]);
}

#[test]
fn who_wants_to_know_is_told_before_each_repetition() {
    static CLOCK: Clock = Clock::manual();
    static TOLD: std::sync::Mutex<Vec<(u32, Duration, Failure)>> =
        std::sync::Mutex::new(Vec::new());

    fn note(event: RetryEvent<'_, Result<(), Failure>>) {
        assert_eq!((event.op(), event.rejected()), ("told", None));
        let error = *event.error().expect("an error");
        TOLD.lock()
            .unwrap()
            .push((event.attempt(), event.delay(), error));
    }

    #[retry(name = "told", on_retry = note, jitter = "none", clock = &CLOCK)]
    fn load() -> Result<(), Failure> {
        Err(Failure::Lost(5))
    }

    #[retry(on_retry = |event| assert!(event.answer().is_some()), jitter = "none", clock = &CLOCK)]
    fn closure() -> Option<()> {
        None
    }

    load().unwrap_err();
    closure();
    assert_eq!(
        *TOLD.lock().unwrap(),
        [
            (2, SECOND, Failure::Lost(5)),
            (3, 2 * SECOND, Failure::Lost(5))
        ]
    );
}

#[test]
fn a_thread_really_waits() {
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[retry(name = "waits", delay = "1us", jitter = "none")]
    fn load() -> Option<()> {
        RUNS.fetch_add(1, Relaxed);
        None
    }

    load();
    assert_eq!(RUNS.load(Relaxed), 3);
    assert_eq!(row("waits").seconds("delay"), Some(3e-6));
}
