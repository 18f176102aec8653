//! Threads: every call is counted, whatever happens to the thread that made it.

use std::cell::RefCell;
use std::future::pending;
use std::sync::mpsc;
use std::thread;

use perfkit::__private::Observed;
use perfkit::__private::measured::Running;
use perfkit::measured;

use super::site::{Measuring, call, counter, outcomes, plain};
use super::{poll, row};

#[test]
fn calls_of_all_threads_are_one_row() {
    #[measured]
    fn is_called_by_many(number: u32) -> Option<u32> {
        number.checked_sub(1)
    }
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                (0..10_000)
                    .filter_map(|n| is_called_by_many(n % 10))
                    .count()
            });
        }
    });
    let row = row("is_called_by_many");
    assert_eq!(super::outcomes(&row), [36_000, 4_000, 0, 0]);
    assert_eq!(row.count("timed"), Some(40_000));
}

#[test]
fn every_call_of_a_parked_thread_is_counted() {
    const CALLS: u64 = 1_000_037;
    let site = plain();
    let (counted, wait) = mpsc::channel();
    let (end, parked) = mpsc::channel::<()>();
    let caller = thread::spawn(move || {
        for _ in 0..CALLS {
            call(site);
        }
        counted.send(()).expect("the test waits");
        parked.recv().expect("the test ends this");
    });
    wait.recv().expect("the caller counts");
    assert_eq!(counter(site, "calls"), CALLS);
    assert_eq!(counter(site, "timed"), CALLS);
    end.send(()).expect("the caller waits");
    caller.join().expect("no panic");
    assert_eq!(outcomes(site), [CALLS, 0, 0, 0]);
    assert_eq!(counter(site, "timed"), CALLS);
}

#[test]
fn threads_that_come_and_go_lose_nothing() {
    let site = plain();
    for _ in 0..1000 {
        let short = thread::spawn(|| {
            for _ in 0..3 {
                call(site);
            }
        });
        short.join().expect("no panic");
    }
    assert_eq!(counter(site, "calls"), 3000);
    assert_eq!(counter(site, "timed"), 3000);
    assert_eq!(counter(site, "inflight"), 0);
}

/// Calls a site when its thread's storage is torn down; keeps a call running until then, too.
struct Late {
    site: &'static Measuring,
    running: Option<Running>,
}

impl Drop for Late {
    fn drop(&mut self) {
        call(self.site);
        drop(self.running.take());
        let mut future = Box::pin(self.site.get().call_async(pending::<()>(), |()| false));
        assert!(poll(future.as_mut()).is_pending());
    }
}

thread_local! {
    static EARLY: RefCell<Option<Late>> = const { RefCell::new(None) };
    static LATER: RefCell<Option<Late>> = const { RefCell::new(None) };
}
#[test]
fn calls_in_destructors_of_thread_locals_are_counted() {
    // Destructors run in the reverse of some order that is not promised: registering one before and one after the
    // first measured call has one of them run when the thread's numbers are folded already.
    let site = plain();
    for _ in 0..10 {
        let thread = thread::spawn(move || {
            EARLY.with(|_| ());
            EARLY.set(Some(Late {
                site,
                running: None,
            }));
            call(site);
            let running = Some(site.get().enter());
            EARLY.with_borrow_mut(|late| late.as_mut().expect("set above").running = running);
            LATER.set(Some(Late {
                site,
                running: None,
            }));
        });
        thread.join().expect("no panic");
    }
    assert_eq!(outcomes(site), [40, 0, 0, 20]);
    assert_eq!(counter(site, "timed"), 60);
    assert_eq!(counter(site, "inflight"), 0);
    site.reset();
    assert_eq!(outcomes(site), [0; 4]);
    assert_eq!(counter(site, "timed"), 0);
}
