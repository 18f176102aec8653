//! `perfkit::reset()` is for the whole process, so it has a program of its own.

#![cfg(feature = "measure")]

use std::future::pending;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use perfkit::report::Row;
use perfkit::{measure, measured};

fn row(op: &str) -> Row {
    let report = perfkit::report();
    assert_eq!(report.verify(), Ok(()));
    report.operation(op).expect("it is listed").clone()
}

/// While it lives, no other test resets anything.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_reset_forgets_what_ended_and_keeps_what_runs() {
    #[measured(by = label)]
    fn labelled(label: &str) -> Option<()> {
        None
    }
    #[measured]
    async fn runs() {
        pending().await
    }
    let _turn = alone();
    let mut running = Box::pin(runs());
    let mut context = Context::from_waker(Waker::noop());
    assert!(running.as_mut().poll(&mut context).is_pending());
    assert!(pin!(runs()).poll(&mut context).is_pending());
    labelled("label");
    measure("by hand", || ());
    assert_eq!(row("runs").part("outcomes", "cancelled"), Some(1));

    perfkit::reset();

    for op in ["labelled", "runs", "by hand"] {
        let row = row(op);
        assert_eq!((row.count("calls"), row.count("timed")), (Some(0), Some(0)));
        assert_eq!(
            row.histogram("latency").map(|latency| latency.count),
            Some(0)
        );
        assert_eq!(row.seconds("self"), Some(0.0));
        assert_eq!(row.count("inflight"), Some(u64::from(op == "runs")));
    }
    drop(running);
    labelled("label");
    assert_eq!(row("runs").part("outcomes", "cancelled"), Some(1));
    let labelled = row("labelled");
    let label = labelled.by("label").expect("it was seen");
    assert_eq!(label.part("outcomes", "error"), Some(1));
    assert_eq!(labelled.count("calls"), Some(1));
}

#[cfg(feature = "persist")]
#[test]
fn a_reset_forgets_what_a_file_has_brought_and_taken() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let cache = perfkit::Cache::<u64, u64>::builder("reset: kept").no_expiry();
        cache.persist(folder.path().join("kept")).build().unwrap()
    };
    let cache = open();
    cache.insert(1, 1);
    cache.save().unwrap();
    drop(cache);
    let cache = open();
    cache.save().unwrap();
    let numbers = || {
        let report = perfkit::report();
        let row = report.find("caches", "reset: kept").unwrap();
        let saves = row.part("persist_saves", "ok");
        (row.count("persist_loaded"), saves, row.count("entries"))
    };
    assert_eq!(numbers(), (Some(1), Some(1), Some(1)));
    perfkit::reset();
    assert_eq!(numbers(), (Some(0), Some(0), Some(1)));
}
