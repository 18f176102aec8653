use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::super::saver::retry_after;
use super::super::{PersistError, Saved, Saver};
use super::HOUR;

/// A saver whose saves are counted, with the count.
fn counted(interval: Duration) -> (Saver, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let saver = Saver::new("counted", interval, move || {
        counter.fetch_add(1, SeqCst);
        Ok(Saved::default())
    });
    (saver, count)
}

fn full() -> PersistError {
    PersistError::DiskFull {
        path: PathBuf::from("full"),
        source: std::io::ErrorKind::StorageFull.into(),
    }
}

#[test]
fn a_change_is_saved_in_the_background() {
    let (tell, told) = channel();
    let saver = Saver::new("told", Duration::ZERO, move || {
        let _ = tell.send(());
        Ok(Saved::default())
    });
    saver.changed();
    told.recv().unwrap();
    saver.changed();
    told.recv().unwrap();
}

#[test]
fn changes_within_the_interval_are_one_save() {
    let (saver, count) = counted(HOUR);
    for _ in 0..1000 {
        saver.changed();
    }
    assert_eq!(count.load(SeqCst), 0);
    saver.save_now().unwrap();
    assert_eq!(count.load(SeqCst), 1);
    assert_eq!(saver.history().saves, 1);
}

#[test]
fn the_end_saves_what_has_changed_and_nothing_else() {
    let (saver, count) = counted(HOUR);
    saver.finish();
    assert_eq!(count.load(SeqCst), 0);
    saver.changed();
    saver.finish();
    assert_eq!(count.load(SeqCst), 1);
    saver.finish();
    assert_eq!(count.load(SeqCst), 1);
    saver.changed();
    saver.finish();
    assert_eq!(count.load(SeqCst), 2);
}

#[test]
fn an_interval_without_an_end_leaves_it_to_the_end() {
    let (saver, count) = counted(Duration::MAX);
    saver.changed();
    saver.finish();
    assert_eq!(count.load(SeqCst), 1);
}

/// A saver whose saves tell that they began, and end when they are told to.
fn stepped(interval: Duration) -> (Saver, Receiver<()>, Sender<()>) {
    let (tell, begun) = channel();
    let (end, may_end) = channel();
    let may_end = std::sync::Mutex::new(may_end);
    let saver = Saver::new("stepped", interval, move || {
        let _ = tell.send(());
        let _ = may_end.lock().unwrap().recv();
        Ok(Saved::default())
    });
    (saver, begun, end)
}

#[test]
fn a_change_during_a_save_is_saved_by_another() {
    let (saver, begun, end) = stepped(Duration::ZERO);
    saver.changed();
    begun.recv().unwrap();

    saver.changed();
    end.send(()).unwrap();

    begun.recv().unwrap();
    end.send(()).unwrap();
}

#[test]
fn a_save_on_demand_comes_after_the_one_that_runs() {
    let (saver, begun, end) = stepped(Duration::ZERO);
    saver.changed();
    begun.recv().unwrap();
    std::thread::scope(|scope| {
        let demanded = scope.spawn(|| saver.save_now());
        assert!(begun.try_recv().is_err(), "never two at the same time");
        end.send(()).unwrap();
        begun.recv().unwrap();
        end.send(()).unwrap();
        assert!(demanded.join().unwrap().is_ok());
    });
}

#[test]
fn a_save_that_asks_for_itself_is_told_so() {
    let this: Arc<OnceLock<Saver>> = Arc::default();
    let inner = Arc::clone(&this);
    let saver =
        this.get_or_init(|| Saver::new("itself", HOUR, move || inner.get().unwrap().save_now()));
    assert!(matches!(saver.save_now(), Err(PersistError::Busy { .. })));
}

#[test]
fn a_save_that_failed_is_made_up_for() {
    let attempts = AtomicUsize::new(0);
    let saver = Saver::new("failing", HOUR, move || {
        match attempts.fetch_add(1, SeqCst) {
            0 => Err(full()),
            1 => panic!("a panic of the user's"),
            _ => Ok(Saved::default()),
        }
    });
    saver.changed();
    assert!(saver.save_now().is_err());
    assert!(saver.history().error.unwrap().contains("too full"));
    saver.finish();
    assert_eq!(saver.history().failures, 2);
    saver.finish();
    let history = saver.history();
    assert_eq!((history.saves, history.error), (1, None));
}

#[test]
fn attempts_grow_rarer() {
    let minute = Duration::from_secs(60);
    assert_eq!(retry_after(minute, 1), minute);
    assert_eq!(retry_after(minute, 3), minute * 4);
    assert_eq!(retry_after(minute, u32::MAX), minute * 64);
    assert_eq!(retry_after(Duration::ZERO, 1), Duration::from_secs(1));
    assert_eq!(retry_after(Duration::MAX, 9), Duration::MAX);
}

#[test]
fn the_thread_ends_with_the_saver() {
    let (tell, told) = channel::<()>();
    let saver = Saver::new("ending", HOUR, move || {
        let _ = &tell;
        Ok(Saved::default())
    });
    saver.changed();
    drop(saver);
    assert!(told.recv().is_err(), "whoever held the other end let go");
}
