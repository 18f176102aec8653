//! What makes a breaker go wrong: each probe in a process of its own, which is ended after thirty seconds.

#![expect(
    clippy::unnecessary_wraps,
    reason = "every probe has the type of the table"
)]

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use perfkit_benches::harness::Options;
use perfkit_benches::policies::guarded::{Body, Call, OPEN_FOR, THRESHOLD};
use perfkit_benches::policies::{Answer, Failed, GUARDED, Guarded, WINDOW};
use perfkit_benches::probes::{self, Ended, Outcome, Outcomes, Probe};
use perfkit_benches::{process, table};

/// Longer than any probe takes that comes to an end.
const LIMIT: Duration = Duration::from_secs(30);
/// Long enough for what was open to let a probe through.
const HALF_OPEN: Duration = OPEN_FOR.saturating_mul(2);
/// How long a breaker has to let a call through again.
const PATIENCE: Duration = Duration::from_secs(3);
/// Callers that meet a half-open breaker.
const CALLERS: usize = 50;
/// More failures than a probe waits for.
const ENOUGH: usize = 20_000;
/// Pieces of garbage.
const GARBAGE: usize = 100_000;

const PROBES: [Probe<Guarded>; 14] = [
    Probe {
        name: "half-open",
        run: half_open,
    },
    Probe {
        name: "late success",
        run: late_success,
    },
    Probe {
        name: "late failure",
        run: late_failure,
    },
    Probe {
        name: "1 cancelled",
        run: |tool| cancelled_probes(tool, 1),
    },
    Probe {
        name: "5 cancelled",
        run: |tool| cancelled_probes(tool, 5),
    },
    Probe {
        name: "hung probe",
        run: hung_probe,
    },
    Probe {
        name: "all cancelled",
        run: all_cancelled,
    },
    Probe {
        name: "panics",
        run: panics,
    },
    Probe {
        name: "after none",
        run: |tool| failures_after(tool, 0),
    },
    Probe {
        name: "after 100",
        run: |tool| failures_after(tool, WINDOW as usize),
    },
    Probe {
        name: "after 10,000",
        run: |tool| failures_after(tool, 10_000),
    },
    Probe {
        name: "after a storm",
        run: after_a_storm,
    },
    Probe {
        name: "calls in window",
        run: calls_in_window,
    },
    Probe {
        name: "garbage freed",
        run: garbage,
    },
];

/// How many of the probes are in the first table.
const FIRST: usize = 8;

/// What is promised: a probe, in words, and the largest figure that keeps it.
const TARGETS: [(&str, &str, f64); 14] = [
    (
        "half-open",
        "50 callers meet a half-open breaker, runs",
        1.0,
    ),
    ("late success", "success of before closes it", 0.0),
    ("late failure", "failure of before opens it", 0.0),
    ("1 cancelled", "one cancelled probe stops it for ever", 0.0),
    ("5 cancelled", "five cancelled probes stop it for ever", 0.0),
    ("hung probe", "a probe that hangs stops it for ever", 0.0),
    (
        "all cancelled",
        "100 calls that are all given up stay unseen",
        0.0,
    ),
    ("panics", "10 panics stay unseen", 0.0),
    (
        "after none",
        "failures that open a window of 100, at once",
        100.0,
    ),
    ("after 100", "the same after 100 successes", 50.0),
    ("after 10,000", "the same after 10,000", 50.0),
    (
        "after a storm",
        "the same after a storm of two threads",
        50.0,
    ),
    (
        "calls in window",
        "a call among 60,000 in the window / 1,000",
        3.0,
    ),
    (
        "garbage freed",
        "garbage of others left by a slow call, %",
        10.0,
    ),
];

fn judged(good: bool, otherwise: &str) -> Option<Outcome> {
    let text = if good { "ok" } else { otherwise };
    Some(Outcome::new(text, usize::from(!good)))
}

const fn answered_by_breaker(answer: &Answer) -> bool {
    matches!(answer, Err(Failed::Refused | Failed::Rejected(_)))
}

fn succeed() -> Body {
    Box::pin(async { Ok(1) })
}

fn fail() -> Body {
    Box::pin(async { Err(Failed::Body) })
}

/// Fails until it is rejected; after how many failures.
fn fail_until_open(call: Call) -> usize {
    (0..ENOUGH)
        .find(|_| answered_by_breaker(&call.wait(fail())))
        .unwrap_or(ENOUGH)
}

/// Opens it, and waits until it may be probed.
fn open_and_wait(call: Call) {
    let failures = fail_until_open(call);
    assert!(failures <= 2 * THRESHOLD as usize, "it opens in time");
    thread::sleep(HALF_OPEN);
}

fn until(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() && start.elapsed() < LIMIT {
        thread::sleep(Duration::from_millis(1));
    }
}

/// A call that is under way until it is told to end.
struct Held {
    running: thread::JoinHandle<Answer>,
    end: &'static AtomicBool,
}

impl Held {
    /// Starts a call that ends with `answer`; comes back when it runs, or was rejected.
    fn start(call: Call, answer: Answer) -> Self {
        let started: &AtomicBool = Box::leak(Box::default());
        let end: &AtomicBool = Box::leak(Box::default());
        let running = call.start(Box::pin(async move {
            started.store(true, SeqCst);
            while !end.load(SeqCst) {
                call.pause(Duration::from_millis(1)).await;
            }
            answer
        }));
        until(|| started.load(SeqCst) || running.is_finished());
        Self { running, end }
    }

    fn finish(self) {
        self.end.store(true, SeqCst);
        let _ = self.running.join().expect("it does not panic");
    }
}

/// How many of fifty callers get through at the same time when it is half open, and should let one.
fn half_open(tool: &Guarded) -> Option<Outcome> {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let call = tool.guard;
    open_and_wait(call);
    let barrier = Barrier::new(CALLERS);
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                barrier.wait();
                let _ = call.wait(Box::pin(async move {
                    RUNS.fetch_add(1, SeqCst);
                    call.pause(OPEN_FOR / 2).await;
                    Ok(1)
                }));
            });
        }
    });
    Some(Outcome::count(RUNS.load(SeqCst)))
}

/// A call that began before it opened succeeds while it is half open, and closes it.
fn late_success(tool: &Guarded) -> Option<Outcome> {
    let call = tool.guard;
    let late = Held::start(call, Ok(1));
    open_and_wait(call);
    let probe = Held::start(call, Ok(1));
    late.finish();
    // A closed breaker forgives one failure, a half-open one does not.
    let closed =
        !answered_by_breaker(&call.wait(fail())) && !answered_by_breaker(&call.wait(succeed()));
    probe.finish();
    judged(!closed, "CLOSES")
}

/// A call that began before it opened fails while it is half open, and opens it although the probe succeeds.
fn late_failure(tool: &Guarded) -> Option<Outcome> {
    let call = tool.guard;
    let late = Held::start(call, Err(Failed::Body));
    open_and_wait(call);
    let probe = Held::start(call, Ok(1));
    late.finish();
    probe.finish();
    judged(!answered_by_breaker(&call.wait(succeed())), "OPENS")
}

/// Waits until a call gets through; how long that took.
fn recovery(call: Call) -> Option<Outcome> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if call.wait(succeed()).is_ok() {
            let text = format!("ok {} ms", start.elapsed().as_millis());
            return Some(Outcome::new(text, 0));
        }
        thread::sleep(Duration::from_millis(1));
    }
    judged(false, "STUCK")
}

/// So many probes are given up, one after another; then a call should get through.
fn cancelled_probes(tool: &Guarded, probes: usize) -> Option<Outcome> {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let call = tool.guard;
    let _ = call.give_up(succeed())?;
    open_and_wait(call);
    let start = Instant::now();
    while RUNS.load(SeqCst) < probes {
        if start.elapsed() > PATIENCE {
            return judged(false, "STUCK");
        }
        let _ = call.give_up(Box::pin(async {
            RUNS.fetch_add(1, SeqCst);
            pending().await
        }));
        thread::sleep(Duration::from_millis(1));
    }
    recovery(call)
}

/// The probe never comes back; then another call should get through.
fn hung_probe(tool: &Guarded) -> Option<Outcome> {
    let call = tool.guard;
    open_and_wait(call);
    let _hangs = Held::start(call, Ok(1));
    recovery(call)
}

/// Nothing but calls that are given up, as when the limit on their time is further out: it should open.
fn all_cancelled(tool: &Guarded) -> Option<Outcome> {
    let call = tool.guard;
    for _ in 0..100 {
        let _ = call.give_up(Box::pin(pending()))?;
    }
    judged(answered_by_breaker(&call.wait(succeed())), "unseen")
}

/// Nothing but panics: it should open.
fn panics(tool: &Guarded) -> Option<Outcome> {
    let call = tool.guard;
    for _ in 0..10 {
        let _ = catch_unwind(|| {
            call.wait(Box::pin(async {
                resume_unwind(Box::new("the function panics"))
            }))
        });
    }
    match catch_unwind(AssertUnwindSafe(|| call.wait(succeed()))) {
        Ok(answer) => judged(answered_by_breaker(&answer), "unseen"),
        Err(_) => judged(false, "poisoned"),
    }
}

fn failures(count: usize) -> Outcome {
    if count == ENOUGH {
        Outcome::new(format!("> {ENOUGH}"), ENOUGH)
    } else {
        Outcome::count(count)
    }
}

/// How many failures open what looks at the last hundred calls, after so many successes.
fn failures_after(tool: &Guarded, successes: usize) -> Option<Outcome> {
    let call = tool.window?;
    for _ in 0..successes {
        let _ = call.wait(succeed());
    }
    Some(failures(fail_until_open(call)))
}

/// The same after two threads at the same time have let every fourth of two million calls each fail, and a hundred
/// successes.
fn after_a_storm(tool: &Guarded) -> Option<Outcome> {
    const CALLS: usize = 2_000_000;
    let call = tool.window?;
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for turn in 0..CALLS {
                    let _ = call.wait(if turn % 4 == 0 { fail() } else { succeed() });
                }
            });
        }
    });
    failures_after(tool, WINDOW as usize)
}

/// What a call costs when there are many in the window of time; one of ten fails.
fn calls_in_window(tool: &Guarded) -> Option<Outcome> {
    const BATCH: u32 = 100;
    let call = tool.time_window?;
    let mut made = 0_u32;
    let mut batch = || {
        let start = Instant::now();
        for turn in 0..BATCH {
            let _ = call.wait(if turn % 10 == 0 { fail() } else { succeed() });
        }
        made += BATCH;
        (made, start.elapsed() / BATCH)
    };
    let costs = [1_000, 10_000, 60_000].map(|calls| {
        while batch().0 < calls {}
        (0..10).map(|_| batch().1).min().unwrap_or_default()
    });
    let text = costs.map(|cost| cost.as_nanos().to_string()).join("/");
    let few = costs[0].as_nanos().max(1);
    let times = (costs[2].as_nanos() + few / 2) / few;
    Some(Outcome::new(
        text,
        usize::try_from(times).unwrap_or(usize::MAX),
    ))
}

/// How much of the garbage that another thread leaves to `crossbeam-epoch` is freed while one call is slow.
fn garbage(tool: &Guarded) -> Option<Outcome> {
    static FREED: AtomicUsize = AtomicUsize::new(0);
    let slow = Held::start(tool.guard, Ok(1));
    for _ in 0..GARBAGE {
        let pinned = crossbeam_epoch::pin();
        pinned.defer(|| FREED.fetch_add(1, SeqCst));
        pinned.flush();
    }
    let freed = FREED.load(SeqCst);
    slow.finish();
    let percent = freed * 100 / GARBAGE;
    Some(Outcome::new(format!("{percent} %"), 100 - percent))
}

/// The largest figure of perfkit's on one probe; a process that gave no answer is worse than any.
fn ours(outcomes: &Outcomes, probe: &str) -> Option<f64> {
    outcomes
        .iter()
        .filter(|((tool, name), _)| tool.starts_with("perfkit") && *name == probe)
        .filter_map(|(_, ended)| match ended {
            Ended::Said(outcome, _) => Some(outcome.figure),
            Ended::DoesNotApply => None,
            Ended::Hung | Ended::Died => Some(f64::INFINITY),
        })
        .reduce(f64::max)
}

fn print(outcomes: &Outcomes, probes: &[Probe<Guarded>], options: &Options) {
    print!("{:<24}", "tool");
    for probe in probes {
        print!(" {:>16}", probe.name);
    }
    println!();
    for tool in GUARDED.iter().filter(|tool| options.wants(tool.name)) {
        print!("{:<24}", tool.name);
        for probe in probes {
            let word = probes::word(outcomes.get(&(tool.name, probe.name)));
            print!(" {word:>16}");
        }
        println!();
    }
    println!();
}

fn main() {
    let options = Options::from_arguments(1, 1);
    probes::serve(&GUARDED, &PROBES);
    println!("{}", process::heading(&process::POLICIES));
    let outcomes = probes::try_all(&GUARDED, &PROBES, LIMIT, &options);
    let (first, second) = PROBES.split_at(FIRST);
    println!("A breaker that opens after three failures, for 60 ms, and lets one probe through:\n");
    print(&outcomes, first, &options);
    println!(
        "Failures that open a window of 100 calls, half of which have to fail; ns of a call among 1,000, 10,000 and\n60,000 in a window of 30 s; garbage of another thread freed while a call is slow:\n"
    );
    print(&outcomes, second, &options);
    print!("{}", table::heading("figure"));
    for (probe, says, limit) in TARGETS {
        print!("{}", table::line(says, ours(&outcomes, probe), limit));
    }
    let missed = TARGETS
        .iter()
        .filter(|(probe, _, limit)| ours(&outcomes, probe).is_some_and(|figure| figure > *limit));
    let measured = options.wants("perfkit") || options.wants("perfkit async");
    let missed = measured.then(|| f64::from(u32::try_from(missed.count()).unwrap_or(u32::MAX)));
    print!("{}", table::line("perfkit, of these missed", missed, 0.0));
    probes::save(&outcomes, &options);
}
