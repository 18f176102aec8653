use super::*;
use std::sync::mpsc;
use std::thread_local;

/// Comes back when the grace is over. Other tests read at the same time, so that one look says nothing.
fn end(mut grace: Grace) {
    while !grace.is_over() {
        std::thread::yield_now();
    }
}

#[test]
fn a_grace_waits_for_who_reads_and_for_nobody_else() {
    let before = Grace::begin();
    let during = pinned(|_| {
        end(before);
        let mut during = Grace::begin();
        assert!(!during.is_over());
        during
    });
    // This thread reads anew, which concerns none that began before.
    pinned(|_| end(during));
}

#[test]
fn reading_inside_reading_ends_with_the_outer_one() {
    let grace = pinned(|_| {
        let mut grace = pinned(|_| Grace::begin());
        assert!(!grace.is_over());
        grace
    });
    end(grace);
}

#[test]
fn a_panic_of_the_reader_ends_its_reading() {
    let mut begun = None;
    let read = std::panic::AssertUnwindSafe(|| {
        pinned(|_| {
            begun = Some(Grace::begin());
            panic!("on purpose");
        });
    });
    assert!(std::panic::catch_unwind(read).is_err());
    end(begun.unwrap());
}

#[test]
fn another_thread_is_waited_for() {
    let (reading, is_reading) = mpsc::channel();
    let (stop, stopped) = mpsc::channel::<()>();
    let reader = std::thread::spawn(move || {
        pinned(|_| {
            reading.send(()).unwrap();
            let _ = stopped.recv();
        });
    });
    is_reading.recv().unwrap();
    let mut grace = Grace::begin();
    assert!(!grace.is_over());
    drop(stop);
    reader.join().unwrap();
    end(grace);
}

#[test]
fn a_thread_that_is_ending_reads_like_any_other() {
    struct ReadsWhenDropped(mpsc::Sender<bool>);
    impl Drop for ReadsWhenDropped {
        fn drop(&mut self) {
            let (is_over, grace) = pinned(|_| {
                let mut grace = Grace::begin();
                (grace.is_over(), grace)
            });
            end(grace);
            self.0.send(is_over).unwrap();
        }
    }
    thread_local! {
        static LAST: std::cell::RefCell<Vec<ReadsWhenDropped>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    let (sender, receiver) = mpsc::channel();
    for first in [true, false] {
        let sender = sender.clone();
        std::thread::spawn(move || {
            // Before and after the thread gets its record, so that both orders of destructors are met.
            if first {
                pinned(|_| ());
            }
            LAST.with_borrow_mut(|last| last.push(ReadsWhenDropped(sender)));
            if !first {
                pinned(|_| ());
            }
        })
        .join()
        .unwrap();
        assert!(!receiver.recv().unwrap());
    }
}
