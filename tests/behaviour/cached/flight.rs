//! One run at a time for each key, and nobody waits for ever.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use super::*;

/// So many threads that call `body`, all begun before one of them ends.
fn at_once<R: Send + 'static>(
    threads: usize,
    body: impl Fn(usize) -> R + Send + Sync + 'static,
) -> Vec<R> {
    let (barrier, body) = (Arc::new(Barrier::new(threads)), Arc::new(body));
    let threads: Vec<_> = (0..threads)
        .map(|n| {
            let (barrier, body) = (barrier.clone(), body.clone());
            thread::spawn(move || {
                barrier.wait();
                body(n)
            })
        })
        .collect();
    threads.into_iter().map(|t| t.join().unwrap()).collect()
}

#[test]
fn callers_of_one_key_share_one_run() {
    static RUNS: Runs = Runs::new();

    #[cached(name = "flight: one run")]
    fn load(id: u64) -> u64 {
        // All are counted before one of them has an answer.
        while count("flight: one run", "lookups") < 16 {
            thread::yield_now();
        }
        RUNS.run() + id
    }

    assert_eq!(at_once(16, |_| load(0)), [1; 16]);
    assert_eq!(RUNS.count(), 1);
    assert_eq!(count("flight: one run", "coalesced"), 15);
}

#[test]
fn callers_of_different_keys_do_not_wait_for_each_other() {
    #[cached(ignore(all))]
    fn load(id: usize, all: &Barrier) -> usize {
        // Each body waits until every other one runs.
        all.wait();
        id
    }

    let all = Barrier::new(8);
    let mut answers = at_once(8, move |id| load(id, &all));
    answers.sort_unstable();
    assert_eq!(answers, [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn an_error_is_that_of_all_who_waited_for_it() {
    static RUNS: Runs = Runs::new();

    #[cached(name = "flight: error")]
    fn load(id: u64) -> Result<u64, String> {
        while count("flight: error", "lookups") < 8 {
            thread::yield_now();
        }
        RUNS.run();
        Err(format!("no {id}"))
    }

    for answer in at_once(8, |_| load(0)) {
        assert_eq!(answer, Err("no 0".to_owned()));
    }
    assert_eq!(RUNS.count(), 1);
    load(0).unwrap_err();
    assert_eq!(RUNS.count(), 2);
}

#[test]
fn a_panic_is_that_of_the_caller_who_ran_the_body() {
    static RUNS: Runs = Runs::new();

    #[cached(name = "flight: panic")]
    fn load(id: u64) -> u64 {
        while count("flight: panic", "lookups") < 4 {
            thread::yield_now();
        }
        let run = RUNS.run();
        assert!(run > 1, "the first run fails");
        run + id
    }

    let answers = at_once(4, |_| catch_unwind(AssertUnwindSafe(|| load(0))).ok());
    assert_eq!(answers.iter().filter(|a| a.is_none()).count(), 1);
    assert_eq!(answers.iter().filter(|a| **a == Some(2)).count(), 3);
    assert_eq!(part("flight: panic", "loads", "panic"), 1);
}

#[test]
fn a_panic_of_a_hook_is_that_of_its_call_and_holds_up_nobody() {
    static RUNS: Runs = Runs::new();
    const OTHER: u64 = 9;

    fn but_not(fatal: u64, run: u64) -> u64 {
        assert!(run != fatal, "this hook fails once");
        run
    }

    #[cached(
        max_size = 1,
        max_bytes = "1KiB",
        ttl_from = |run| Some(Duration::from_secs(but_not(1, *run))),
        weigh = |run| but_not(2, *run),
        on_evict = |id, _, _| _ = but_not(OTHER, *id),
        name = "flight: hooks"
    )]
    fn load(id: u64) -> u64 {
        if id == OTHER {
            return OTHER;
        }
        while count("flight: hooks", "lookups") < 5 {
            thread::yield_now();
        }
        RUNS.run()
    }

    load(OTHER);
    // The third answer is kept, and what has to go for it is told of.
    let answers = at_once(4, |_| catch_unwind(AssertUnwindSafe(|| load(0))).ok());
    assert_eq!(answers.iter().filter(|a| a.is_none()).count(), 3);
    assert_eq!(answers.iter().filter(|a| **a == Some(3)).count(), 1);
    assert_eq!((load(0), RUNS.count()), (3, 3));
    assert_eq!(count("flight: hooks", "loading"), 0);
}

#[tokio::test]
async fn an_answer_that_is_too_heavy_to_be_kept_reaches_all_who_waited() {
    static RUNS: Runs = Runs::new();

    #[cached(max_bytes = "10B", weigh = |_| 11)]
    async fn load(id: u64) -> u64 {
        tokio::task::yield_now().await;
        RUNS.run() + id
    }

    assert_eq!(tokio::join!(load(0), load(0), load(0)), (1, 1, 1));
    assert_eq!(load(0).await, 2, "it is not kept");
}

#[test]
fn an_invalidation_beats_a_load_in_flight() {
    static TABLE: Mutex<Option<HashMap<u64, u64>>> = Mutex::new(None);

    fn write(id: u64, value: u64) {
        TABLE
            .lock()
            .unwrap()
            .get_or_insert_default()
            .insert(id, value);
    }

    #[cached(ignore(then))]
    fn load(id: u64, then: &(dyn Fn() + Sync)) -> u64 {
        let read = TABLE.lock().unwrap().as_ref().unwrap()[&id];
        then();
        read
    }

    for clear in [false, true] {
        write(1, 10);
        let old = load(1, &|| {
            write(1, 20);
            if clear {
                load_cache().clear();
            } else {
                load_cache().invalidate(1);
            }
        });
        assert_eq!(old, 10);
        assert_eq!(load(1, &|| {}), 20);
        load_cache().clear();
    }
}

#[test]
fn a_recursion_through_itself_and_others_ends() {
    #[cached]
    fn fib(n: u64) -> u64 {
        if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
    }

    #[cached(name = "flight: circle")]
    fn circle(n: u64) -> u64 {
        thread_local!(static DEPTH: std::cell::Cell<u64> = const { std::cell::Cell::new(0) });
        if DEPTH.replace(DEPTH.get() + 1) > 3 {
            return n;
        }
        other(n) + 1
    }

    #[cached]
    fn other(n: u64) -> u64 {
        circle(n) + 1
    }

    assert_eq!(fib(60), 1_548_008_755_920);
    assert!(circle(1) > 0);
    assert!(count("flight: circle", "cycles") > 0);
}

#[test]
fn a_call_that_has_waited_long_enough_runs_its_own_body() {
    #[cached(wait = "1ms", name = "flight: wait", ignore(body))]
    fn load(id: u64, body: &(dyn Fn() + Sync)) -> u64 {
        body();
        id
    }

    let (first, began) = channel();
    let (release, released) = channel::<()>();
    let slow = thread::spawn(move || {
        let released = Mutex::new(released);
        load(1, &|| {
            first.send(()).unwrap();
            released.lock().unwrap().recv().unwrap();
        })
    });
    began.recv().unwrap();
    assert_eq!(load(1, &|| {}), 1);
    assert_eq!(count("flight: wait", "wait_expired"), 1);
    release.send(()).unwrap();
    slow.join().unwrap();
}

#[tokio::test]
async fn tasks_of_one_key_share_one_run() {
    static RUNS: Runs = Runs::new();

    #[cached(name = "flight: tasks")]
    async fn load(id: u64) -> u64 {
        while count("flight: tasks", "lookups") < 64 {
            tokio::task::yield_now().await;
        }
        RUNS.run() + id
    }

    let tasks: Vec<_> = (0..64).map(|_| tokio::spawn(load(0))).collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 1);
    }
    assert_eq!(RUNS.count(), 1);
    assert_eq!(count("flight: tasks", "coalesced"), 63);
}

#[tokio::test]
async fn a_task_that_is_aborted_leaves_its_run_to_another() {
    static RUNS: Runs = Runs::new();

    #[cached(name = "flight: aborted")]
    async fn load(id: u64) -> u64 {
        if RUNS.run() == 1 {
            std::future::pending::<()>().await;
        }
        id
    }

    let first = tokio::spawn(load(7));
    while RUNS.count() == 0 {
        tokio::task::yield_now().await;
    }
    let second = tokio::spawn(load(7));
    while count("flight: aborted", "lookups") < 2 {
        tokio::task::yield_now().await;
    }
    first.abort();
    assert_eq!(second.await.unwrap(), 7);
    assert_eq!(RUNS.count(), 2);
    assert_eq!(part("flight: aborted", "loads", "cancelled"), 1);
}

#[test]
fn an_async_call_takes_part_when_it_is_first_polled() {
    #[cached(name = "flight: not polled")]
    async fn load(id: u64) -> u64 {
        id
    }

    let lookups = || count("flight: not polled", "lookups");
    drop(load(1));
    let mut call = std::pin::pin!(load(1));
    assert_eq!(lookups(), 0);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_ready());
    assert_eq!(lookups(), 1);
}
