//! What a cache does when callers meet: counts, not times, so that the figures are the same on every machine.

#![expect(
    clippy::unnecessary_wraps,
    reason = "every probe has the type of the table"
)]

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use perfkit_benches::caches::behaviour::{self, ALIVE, FAILURES, SHORT, different};
use perfkit_benches::caches::{BEHAVIOURS, Behaviour};
use perfkit_benches::harness::Options;
use perfkit_benches::probes::{self, Ended, Outcome, Outcomes, Probe};
use perfkit_benches::{process, table};

/// Perfkit's rows that the targets are about.
const CACHED: [&str; 2] = ["perfkit", "perfkit async"];
const CALLERS: usize = 64;
const FEW: usize = 16;
const ENTRIES: u64 = 10_000;
/// Longer than any probe takes that comes to an end.
const LIMIT: Duration = Duration::from_secs(30);

const PROBES: [Probe<Behaviour>; 6] = [
    Probe {
        name: "one key",
        run: one_key,
    },
    Probe {
        name: "failing",
        run: failing,
    },
    Probe {
        name: "apart",
        run: apart,
    },
    Probe {
        name: "invalidated",
        run: invalidated,
    },
    Probe {
        name: "expired",
        run: expired,
    },
    Probe {
        name: "alias",
        run: alias,
    },
];

/// Lets so many callers loose at the same time; their answers.
fn together<T: Send>(callers: usize, call: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(callers);
    thread::scope(|scope| {
        let running: Vec<_> = (0..callers as u64)
            .map(|caller| {
                let (barrier, call) = (&barrier, &call);
                scope.spawn(move || {
                    barrier.wait();
                    call(caller)
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("no caller panics"))
            .collect()
    })
}

/// Runs of the load when many ask for one missing key.
fn one_key(tool: &Behaviour) -> Option<Outcome> {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let a = tool.a;
    behaviour::set(move |_, key| async move {
        RUNS.fetch_add(1, SeqCst);
        a.pause(Duration::from_millis(300)).await;
        key
    });
    together(CALLERS, |_| a.wait(1));
    Some(Outcome::count(RUNS.load(SeqCst)))
}

/// Runs, and different errors, when a few ask for what fails.
fn failing(tool: &Behaviour) -> Option<Outcome> {
    let fails = tool.fails?;
    let errors: Vec<String> = together(FEW, |_| fails.wait(1))
        .into_iter()
        .filter_map(Result::err)
        .collect();
    assert_eq!(errors.len(), FEW, "every caller gets an error");
    let runs = FAILURES.load(SeqCst);
    let text = format!("{runs} / {}", different(&errors));
    Some(Outcome::new(text, runs))
}

/// Loads that are under way at the same time when a few ask for a key each.
fn apart(tool: &Behaviour) -> Option<Outcome> {
    static NOW: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    const PATIENCE: Duration = Duration::from_millis(500);
    let a = tool.a;
    behaviour::set(move |_, key| async move {
        let start = Instant::now();
        MOST.fetch_max(NOW.fetch_add(1, SeqCst) + 1, SeqCst);
        while MOST.load(SeqCst) < FEW && start.elapsed() < PATIENCE {
            a.pause(Duration::from_millis(5)).await;
        }
        NOW.fetch_sub(1, SeqCst);
        key
    });
    together(FEW, |caller| a.wait(caller));
    Some(Outcome::count(MOST.load(SeqCst)))
}

/// Whether what was read before an invalidation is answered after it.
fn invalidated(tool: &Behaviour) -> Option<Outcome> {
    static DATABASE: AtomicU64 = AtomicU64::new(1);
    static READ: AtomicBool = AtomicBool::new(false);
    static RETURN: AtomicBool = AtomicBool::new(false);
    let (a, invalidate) = (tool.a, tool.invalidate?);
    behaviour::set(move |_, _| async move {
        let value = DATABASE.load(SeqCst);
        READ.store(true, SeqCst);
        while !RETURN.load(SeqCst) {
            a.pause(Duration::from_millis(5)).await;
        }
        value
    });
    thread::scope(|scope| {
        scope.spawn(|| a.wait(1));
        until(|| READ.load(SeqCst), LIMIT);
        DATABASE.store(2, SeqCst);
        let invalidated = scope.spawn(|| invalidate(1));
        // Some wait for the load to end before they forget it.
        until(|| invalidated.is_finished(), Duration::from_millis(500));
        RETURN.store(true, SeqCst);
    });
    let old = a.wait(1) == 1;
    Some(Outcome::new(
        if old { "OLD" } else { "fresh" },
        usize::from(old),
    ))
}

fn until(done: impl Fn() -> bool, limit: Duration) {
    let start = Instant::now();
    while !done() && start.elapsed() < limit {
        thread::sleep(Duration::from_millis(5));
    }
}

/// Expired values that are still in memory when nobody has asked for anything since.
fn expired(tool: &Behaviour) -> Option<Outcome> {
    let keeps = tool.keeps?;
    for key in 0..ENTRIES {
        drop(keeps.wait(key));
    }
    until(|| ALIVE.load(SeqCst) == 0, SHORT * 4);
    Some(Outcome::count(ALIVE.load(SeqCst)))
}

/// Whether an error is kept because its type is not spelled `Result`.
fn alias(tool: &Behaviour) -> Option<Outcome> {
    let aliased = tool.aliased?;
    let _ = aliased.wait(1);
    let _ = aliased.wait(1);
    let kept = FAILURES.load(SeqCst) < 2;
    Some(Outcome::new(
        if kept { "KEPT" } else { "not kept" },
        usize::from(kept),
    ))
}

/// The largest figure of `#[cached]` on one probe; a hang is worse than any. `#[memoized]` is for functions whose
/// answer never changes and may be found twice: it promises nothing here.
fn ours(outcomes: &Outcomes, probe: &str, figure: impl Fn(f64) -> f64) -> Option<f64> {
    outcomes
        .iter()
        .filter(|((tool, name), _)| CACHED.contains(tool) && *name == probe)
        .filter_map(|(_, ended)| match ended {
            Ended::Said(outcome, _) => Some(figure(outcome.figure)),
            Ended::DoesNotApply => None,
            Ended::Hung | Ended::Died => Some(f64::INFINITY),
        })
        .reduce(f64::max)
}

fn main() {
    let options = Options::from_arguments(1, 1);
    probes::serve(&BEHAVIOURS, &PROBES);
    println!("{}", process::heading(&process::CACHING));
    let outcomes = probes::try_all(&BEHAVIOURS, &PROBES, LIMIT, &options);
    println!(
        "{:<22} {:>12} {:>14} {:>10} {:>12} {:>12} {:>10}\n{:<22} {:>12} {:>14} {:>10} {:>12} {:>12} {:>10}",
        "",
        "64 callers,",
        "16 callers, a",
        "16 keys,",
        "invalidated",
        "of 10,000",
        "error of",
        "tool",
        "1 key: runs",
        "failure: runs /",
        "at once",
        "during load",
        "expired: left",
        "an alias",
    );
    for tool in BEHAVIOURS
        .iter()
        .filter(|tool| tool.b.is_some() && options.wants(tool.name))
    {
        let of = |probe| probes::word(outcomes.get(&(tool.name, probe)));
        println!(
            "{:<22} {:>12} {:>14} {:>10} {:>12} {:>12} {:>10}",
            tool.name,
            of("one key"),
            of("failing"),
            of("apart"),
            of("invalidated"),
            of("expired"),
            of("alias"),
        );
    }
    let few = f64::from(u32::try_from(FEW).expect("a few"));
    print!(
        "{}{}{}{}{}{}{}",
        table::heading("figure"),
        table::line(
            "64 callers on a missing key, runs",
            ours(&outcomes, "one key", |runs| runs),
            1.0
        ),
        table::line(
            "16 callers on a failing load, runs",
            ours(&outcomes, "failing", |runs| runs),
            1.0
        ),
        table::line(
            "16 keys, loads that had to wait",
            ours(&outcomes, "apart", |most| few - most),
            0.0
        ),
        table::line(
            "old values after an invalidation",
            ours(&outcomes, "invalidated", |old| old),
            0.0
        ),
        table::line(
            "expired entries left without access",
            ours(&outcomes, "expired", |left| left),
            0.0
        ),
        table::line(
            "errors of an alias of Result kept",
            ours(&outcomes, "alias", |kept| kept),
            0.0
        ),
    );
    probes::save(&outcomes, &options);
}
