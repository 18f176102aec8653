use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use super::{Debounced, Edge, debounce, throttle};

const SOON: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

/// A debounced function that says what it ran for.
fn said(wait: Duration) -> (Debounced<u32>, Receiver<u32>) {
    let (say, said) = channel();
    (debounce(wait, move |call| say.send(call).unwrap()), said)
}

/// What is there already.
fn so_far(said: &Receiver<u32>) -> Vec<u32> {
    said.try_iter().collect()
}

#[test]
fn the_last_argument_runs_without_a_runtime() {
    let (debounced, said) = said(SOON);
    for call in 1..=100 {
        debounced.call(call);
    }
    let runs: Vec<u32> = said.iter().take_while(|call| *call != 100).collect();
    // On a slow machine the calls may have paused.
    assert!(runs.is_sorted());
}

#[test]
fn it_can_be_called_again_after_it_ran() {
    let (debounced, said) = said(SOON);
    for call in 1..=3 {
        debounced.call(call);
        assert_eq!(said.recv(), Ok(call));
    }
}

#[test]
fn what_waits_runs_after_the_last_handle_is_gone_and_leaves_nothing() {
    let (debounced, said) = said(SOON);
    debounced.clone().call(1);
    drop(debounced);
    assert_eq!(said.recv(), Ok(1));
    // The function is dropped, and with it the sender.
    assert!(said.recv().is_err());
}

#[test]
fn flush_runs_what_waits_here_and_now() {
    let here = thread::current().id();
    let ran_in = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&ran_in);
    let debounced = debounce(HOUR, move |call: u32| {
        log.lock().unwrap().push((thread::current().id(), call));
    });
    debounced.flush();
    debounced.call(1);
    debounced.call(2);
    assert!(debounced.is_pending());
    debounced.flush();
    debounced.flush();
    assert!(!debounced.is_pending());
    assert_eq!(*ran_in.lock().unwrap(), [(here, 2)]);
}

#[test]
fn cancel_gives_the_argument_back() {
    let (debounced, said) = said(HOUR);
    assert_eq!(debounced.cancel(), None);
    debounced.call(1);
    debounced.call(2);
    assert_eq!(debounced.cancel(), Some(2));
    assert!(!debounced.is_pending());
    debounced.flush();
    assert!(so_far(&said).is_empty());
}

#[test]
fn arguments_that_lose_are_dropped_outside_the_lock() {
    /// Asks its own function while it is dropped, which would hang under the lock.
    struct Asks(Arc<OnceLock<Debounced<Asks>>>, Arc<AtomicUsize>);
    impl Drop for Asks {
        fn drop(&mut self) {
            if let Some(debounced) = self.0.get() {
                let _ = debounced.is_pending();
            }
            self.1.fetch_add(1, Relaxed);
        }
    }
    let (own, dropped) = (Arc::new(OnceLock::new()), Arc::new(AtomicUsize::new(0)));
    let debounced = own.get_or_init(|| debounce(HOUR, drop));
    for _ in 0..3 {
        debounced.call(Asks(Arc::clone(&own), Arc::clone(&dropped)));
    }
    assert_eq!(dropped.load(Relaxed), 2);
    debounced.flush();
    assert_eq!(dropped.load(Relaxed), 3);
    let leading = debounce(HOUR, drop).edge(Edge::Leading);
    for _ in 0..3 {
        leading.call(Asks(Arc::clone(&own), Arc::clone(&dropped)));
    }
    assert_eq!(dropped.load(Relaxed), 6);
}

#[test]
fn the_first_call_runs_in_its_own_thread() {
    let (say, said) = channel();
    let here = thread::current().id();
    let throttled = throttle(HOUR, move |call: u32| {
        say.send((call, thread::current().id() == here)).unwrap();
    });
    throttled.call(1);
    assert_eq!(said.try_recv(), Ok((1, true)));
    throttled.call(2);
    throttled.call(3);
    assert!(said.try_recv().is_err());
    throttled.flush();
    assert_eq!(said.try_recv(), Ok((3, true)));
}

#[test]
fn a_call_from_within_waits_for_its_own_run_to_end() {
    let own = Arc::new(OnceLock::<super::Throttled<u32>>::new());
    let inner = Arc::clone(&own);
    let (say, said) = channel();
    let throttled = own.get_or_init(|| {
        throttle(HOUR, move |call: u32| {
            if call < 3 {
                let own = inner.get().expect("it was made before it was called");
                own.call(call + 1);
                // Nobody waits for it here, so it cannot hang.
                own.flush();
            }
            say.send(call).unwrap();
        })
    });
    throttled.call(1);
    assert_eq!(so_far(&said), [1, 2, 3]);
    assert!(!throttled.is_pending());
}

#[test]
fn runs_never_overlap_and_none_is_lost() {
    let (running, overlaps) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
    let (say, said) = channel();
    let seen = Arc::clone(&overlaps);
    let throttled = throttle(Duration::ZERO, move |call: u32| {
        seen.fetch_add(running.fetch_add(1, Relaxed), Relaxed);
        thread::yield_now();
        running.fetch_sub(1, Relaxed);
        say.send(call).unwrap();
    });
    let each = if cfg!(miri) { 20 } else { 2000 };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..each).for_each(|call| throttled.call(call)));
        }
    });
    throttled.call(each);
    // However the threads met, the last call of all runs last.
    let runs: Vec<u32> = said.iter().take_while(|call| *call != each).collect();
    assert!(!runs.is_empty());
    drop(throttled);
    assert_eq!(said.iter().count(), 0);
    assert_eq!(overlaps.load(Relaxed), 0);
}

/// Unwinds without the hook's message, which would look like a failed test.
fn refuse_zero(call: u32) {
    if call == 0 {
        resume_unwind(Box::new("zero"));
    }
}

#[test]
fn a_panic_is_that_of_its_run() {
    let (say, said) = channel();
    let debounced = debounce(HOUR, move |call: u32| {
        refuse_zero(call);
        say.send(call).unwrap();
    });
    debounced.call(0);
    let panic = catch_unwind(AssertUnwindSafe(|| debounced.flush())).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"zero"));
    debounced.call(1);
    debounced.flush();
    assert_eq!(said.try_recv(), Ok(1));
    // The same in the background, where nobody gets it.
    let (say, said) = channel();
    let debounced = debounce(SOON, move |call: u32| {
        say.send(call).unwrap();
        refuse_zero(call);
    });
    for call in [0, 1, 0, 2] {
        debounced.call(call);
        assert_eq!(said.recv(), Ok(call));
    }
}

#[cfg(feature = "tokio")]
mod in_tokio {
    use std::cell::Cell;

    use tokio::runtime::{Builder, Runtime};
    use tokio::time::{advance, sleep};

    use super::*;
    use crate::paced::Throttled;

    const MS: Duration = Duration::from_millis(1);

    fn paused() -> Runtime {
        Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
    }

    /// A throttled function that says what it ran for, and when.
    fn timed(every: Duration) -> (Throttled<u32>, Receiver<(u128, u32)>) {
        let start = tokio::time::Instant::now();
        let (say, said) = channel();
        let throttled = throttle(every, move |call| {
            say.send((start.elapsed().as_millis(), call)).unwrap();
        });
        (throttled, said)
    }

    #[test]
    fn a_debounced_call_runs_when_it_is_quiet() {
        paused().block_on(async {
            let (debounced, said) = said(100 * MS);
            for call in 1..=5 {
                debounced.call(call);
                sleep(99 * MS).await;
            }
            assert!(so_far(&said).is_empty());
            sleep(2 * MS).await;
            assert_eq!(so_far(&said), [5]);
            assert!(!debounced.is_pending());
            sleep(HOUR).await;
            assert!(so_far(&said).is_empty());
        });
    }

    #[test]
    fn calls_without_a_pause_are_served_in_time() {
        paused().block_on(async {
            let (debounced, said) = said(100 * MS);
            let debounced = debounced.max_wait(250 * MS);
            for call in 0..10 {
                debounced.call(call);
                sleep(60 * MS).await;
            }
            assert_eq!(so_far(&said), [4, 9]);
        });
    }

    #[test]
    fn a_throttled_function_runs_first_and_last() {
        paused().block_on(async {
            let (throttled, said) = timed(100 * MS);
            for call in 0..10 {
                throttled.call(call);
                sleep(30 * MS).await;
            }
            sleep(HOUR).await;
            let runs: Vec<(u128, u32)> = said.try_iter().collect();
            assert_eq!(runs, [(0, 0), (100, 3), (200, 6), (300, 9)]);
        });
    }

    #[test]
    fn a_cancelled_call_leaves_its_task_to_the_next() {
        paused().block_on(async {
            let (debounced, said) = said(100 * MS);
            debounced.call(1);
            sleep(50 * MS).await;
            debounced.cancel();
            debounced.call(2);
            sleep(99 * MS).await;
            assert!(so_far(&said).is_empty());
            sleep(2 * MS).await;
            assert_eq!(so_far(&said), [2]);
        });
    }

    #[test]
    fn a_burst_is_one_task() {
        paused().block_on(async {
            let (debounced, said) = said(100 * MS);
            for call in 0..1000 {
                debounced.call(call);
                if call % 100 == 0 {
                    advance(MS).await;
                }
            }
            let tasks = tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks();
            assert_eq!(tasks, 1);
            sleep(HOUR).await;
            assert_eq!(so_far(&said), [999]);
        });
    }

    #[test]
    fn what_waits_outlives_its_runtime() {
        let (debounced, said) = said(SOON);
        let runtime = paused();
        runtime.block_on(async { debounced.call(1) });
        drop(runtime);
        assert!(so_far(&said).is_empty());
        assert!(debounced.is_pending());
        // Outside of it, on a thread of our own.
        debounced.call(2);
        assert_eq!(said.recv(), Ok(2));
    }

    #[test]
    fn a_function_can_keep_what_it_counts() {
        let (say, said) = channel();
        let runs = Cell::new(0);
        let throttled = throttle(HOUR, move |()| {
            runs.set(runs.get() + 1);
            say.send(runs.get()).unwrap();
        });
        throttled.call(());
        throttled.call(());
        throttled.flush();
        assert_eq!(so_far(&said), [1, 2]);
    }
}
