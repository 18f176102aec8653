//! What makes a cache hang: each probe in a process of its own, which is ended after six seconds.

#![expect(
    clippy::unnecessary_wraps,
    reason = "every probe has the type of the table"
)]

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use perfkit_benches::caches::behaviour::{self, Call, WAIT, Which};
use perfkit_benches::caches::{BEHAVIOURS, Behaviour};
use perfkit_benches::harness::Options;
use perfkit_benches::probes::{self, Ended, Outcome, Outcomes, Probe};
use perfkit_benches::runtimes::{another_runtime, runtime};
use perfkit_benches::{process, table};

const LIMIT: Duration = Duration::from_secs(6);
/// What a load takes where it takes anything.
const MOMENT: Duration = Duration::from_millis(100);

const PROBES: [Probe<Behaviour>; 9] = [
    Probe {
        name: "un-polled",
        run: unpolled,
    },
    Probe {
        name: "itself",
        run: itself,
    },
    Probe {
        name: "fib(80)",
        run: fib,
    },
    Probe {
        name: "A-B-A",
        run: there_and_back,
    },
    Probe {
        name: "A-B-A, two",
        run: crosswise,
    },
    Probe {
        name: "cancelled",
        run: cancelled,
    },
    Probe {
        name: "panics",
        run: panics,
    },
    Probe {
        name: "runtime gone",
        run: runtime_gone,
    },
    Probe {
        name: "no runtime",
        run: no_runtime,
    },
];

/// `ok`, or else the word for what came instead.
fn judged(good: bool, otherwise: &str) -> Option<Outcome> {
    let text = if good { "ok" } else { otherwise };
    Some(Outcome::new(text, usize::from(!good)))
}

fn leader(call: Call<u64>) -> Option<behaviour::Future<u64>> {
    match call {
        Call::Async(call) => Some(call(1)),
        Call::Sync(_) => None,
    }
}

/// Polls it, inside the runtime, and leaves it at that.
fn poll_once(future: &mut behaviour::Future<u64>) {
    let _inside = runtime().enter();
    let first = future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(first.is_pending(), "a load takes a moment");
}

/// The first caller is kept alive and never polled again, as in a `select!` whose other branch goes on; then a second
/// one comes for the same key.
fn unpolled(tool: &Behaviour) -> Option<Outcome> {
    let call = tool.patient.unwrap_or(tool.a);
    let mut leader = leader(call)?;
    behaviour::set(move |_, key| async move {
        call.pause(MOMENT).await;
        key
    });
    poll_once(&mut leader);
    let answer = call.wait(1);
    drop(leader);
    judged(answer == 1, "wrong")
}

/// The function calls itself with its own argument, once.
fn itself(tool: &Behaviour) -> Option<Outcome> {
    static CALLED: AtomicBool = AtomicBool::new(false);
    let a = tool.a;
    behaviour::set(move |_, key| async move {
        if CALLED.swap(true, SeqCst) {
            key
        } else {
            a.ask(key).await
        }
    });
    judged(a.wait(1) == 1, "wrong")
}

/// Recursion over eighty keys.
fn fib(tool: &Behaviour) -> Option<Outcome> {
    tool.b?; // keys
    let a = tool.a;
    behaviour::set(move |_, n| async move {
        if n < 2 {
            n
        } else {
            a.ask(n - 1).await + a.ask(n - 2).await
        }
    });
    judged(a.wait(80) == 23_416_728_348_467_685, "wrong")
}

/// A calls B, which calls A for the same key.
fn there_and_back(tool: &Behaviour) -> Option<Outcome> {
    static CALLED: AtomicBool = AtomicBool::new(false);
    let (a, b) = (tool.a, tool.b?);
    behaviour::set(move |which, key| async move {
        match which {
            Which::A if CALLED.swap(true, SeqCst) => key,
            Which::A => b.ask(key).await,
            Which::B => a.ask(key).await,
        }
    });
    judged(a.wait(1) == 1, "wrong")
}

/// One task is in A and calls B, another is in B and calls A.
fn crosswise(tool: &Behaviour) -> Option<Outcome> {
    static INSIDE: AtomicUsize = AtomicUsize::new(0);
    static CALLED: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];
    let (a, b) = (tool.a, tool.b?);
    behaviour::set(move |which, key| async move {
        let (place, other) = match which {
            Which::A => (0, b),
            Which::B => (1, a),
        };
        if CALLED[place].swap(true, SeqCst) {
            return key;
        }
        INSIDE.fetch_add(1, SeqCst);
        let start = Instant::now();
        while INSIDE.load(SeqCst) < 2 && start.elapsed() < MOMENT * 10 {
            other.pause(Duration::from_millis(5)).await;
        }
        other.ask(key).await
    });
    let answers = thread::scope(|scope| {
        let first = scope.spawn(|| a.wait(1));
        let second = scope.spawn(|| b.wait(1));
        (first.join(), second.join())
    });
    judged(matches!(answers, (Ok(1), Ok(1))), "wrong")
}

/// The first caller is dropped while the second one waits for it.
fn cancelled(tool: &Behaviour) -> Option<Outcome> {
    let call = tool.a;
    let mut leader = leader(call)?;
    behaviour::set(move |_, key| async move {
        call.pause(MOMENT * 3).await;
        key
    });
    poll_once(&mut leader);
    let answer = thread::scope(|scope| {
        let second = scope.spawn(|| call.wait(1));
        thread::sleep(MOMENT);
        drop(leader);
        second.join()
    });
    judged(matches!(answer, Ok(1)), "fails")
}

/// The first run panics while a second caller waits for it; then a third one comes.
fn panics(tool: &Behaviour) -> Option<Outcome> {
    static CALLED: AtomicBool = AtomicBool::new(false);
    let a = tool.a;
    behaviour::set(move |_, key| async move {
        if CALLED.swap(true, SeqCst) {
            return key;
        }
        a.pause(MOMENT * 2).await;
        resume_unwind(Box::new("the first run panics"))
    });
    let waiter = thread::scope(|scope| {
        let first = scope.spawn(|| a.wait(1));
        thread::sleep(MOMENT);
        let second = scope.spawn(|| a.wait(1));
        let _ = first.join();
        second.join()
    });
    let third = catch_unwind(AssertUnwindSafe(|| a.wait(1)));
    match (waiter, third) {
        (waiter, Ok(1)) => judged(matches!(waiter, Ok(1)), "2nd panics"),
        _ => judged(false, "poisoned"),
    }
}

/// The runtime of the first caller is shut down while a second one, on another runtime, waits for it.
fn runtime_gone(tool: &Behaviour) -> Option<Outcome> {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let call = tool.a;
    let leader = leader(call)?;
    behaviour::set(move |_, key| async move {
        RUNS.fetch_add(1, SeqCst);
        call.pause(MOMENT * 3).await;
        key
    });
    let other = another_runtime();
    other.spawn(leader);
    while RUNS.load(SeqCst) == 0 {
        thread::yield_now();
    }
    let answer = thread::scope(|scope| {
        let second = scope.spawn(|| call.wait(1));
        thread::sleep(MOMENT);
        other.shutdown_background();
        second.join()
    });
    judged(matches!(answer, Ok(1)), "fails")
}

/// Two callers that are polled by no runtime at all.
fn no_runtime(tool: &Behaviour) -> Option<Outcome> {
    let Call::Async(call) = tool.a else {
        return None;
    };
    behaviour::set(|_, key| async move {
        thread::sleep(MOMENT);
        key
    });
    let answers = thread::scope(|scope| {
        let callers = [(); 2].map(|()| scope.spawn(|| alone(call(1))));
        callers.map(thread::ScopedJoinHandle::join)
    });
    judged(
        answers.iter().all(|answer| matches!(answer, Ok(1))),
        "fails",
    )
}

/// Drives a future with nothing but this thread.
fn alone<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}

fn cell(probe: &str, ended: Option<&Ended>) -> String {
    match ended {
        // How long it took to see that nobody polls the first caller; elsewhere only what was waited out.
        Some(Ended::Said(outcome, seconds)) if probe == "un-polled" || *seconds > 0.8 => {
            format!("{} {seconds:.1} s", outcome.text)
        }
        _ => probes::word(ended).to_owned(),
    }
}

/// Perfkit's outcomes that are so.
fn ours(outcomes: &Outcomes, is: impl Fn(&str, &Ended) -> bool) -> Option<f64> {
    let ours = outcomes
        .iter()
        .filter(|((tool, _), _)| tool.starts_with("perfkit"));
    let tried = ours.clone().count();
    let such = ours.filter(|((_, probe), ended)| is(probe, ended)).count();
    (tried > 0).then(|| f64::from(u32::try_from(such).expect("a few dozen")))
}

fn main() {
    let options = Options::from_arguments(1, 1);
    probes::serve(&BEHAVIOURS, &PROBES);
    println!(
        "{}HANG: still waiting after {} s. perfkit's `wait` is set to {} s for the caller that is never polled\nagain and left at 10 s everywhere else. A time is told for that caller, and where something was waited out.\n",
        process::heading(&process::CACHING),
        LIMIT.as_secs(),
        WAIT.as_secs(),
    );
    let outcomes = probes::try_all(&BEHAVIOURS, &PROBES, LIMIT, &options);
    print!("{:<22}", "tool");
    for probe in &PROBES {
        print!(" {:>12}", probe.name);
    }
    println!();
    for tool in BEHAVIOURS.iter().filter(|tool| options.wants(tool.name)) {
        print!("{:<22}", tool.name);
        for probe in &PROBES {
            print!(
                " {:>12}",
                cell(probe.name, outcomes.get(&(tool.name, probe.name)))
            );
        }
        println!();
    }
    print!(
        "{}{}{}{}",
        table::heading("figure"),
        table::line(
            "perfkit, probes that hang",
            ours(&outcomes, |_, ended| *ended == Ended::Hung),
            0.0
        ),
        table::line(
            "perfkit, probes that end with anything but the answer",
            ours(&outcomes, |_, ended| match ended {
                Ended::Said(outcome, _) => outcome.figure > 0.0,
                Ended::Died => true,
                Ended::Hung | Ended::DoesNotApply => false,
            }),
            0.0
        ),
        table::line(
            "perfkit, waits that ran out, the un-polled caller apart",
            ours(&outcomes, |probe, ended| {
                probe != "un-polled"
                    && matches!(ended, Ended::Said(_, seconds) if *seconds > WAIT.as_secs_f64())
            }),
            0.0
        ),
    );
    probes::save(&outcomes, &options);
}
