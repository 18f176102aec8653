use super::leap::Leap;
use super::*;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

const SECOND: u64 = 1_000_000_000;

/// Tells of each sweep, and panics in the first if it is to.
struct Tells {
    sweeps: Mutex<Sender<(u64, usize)>>,
    panics: bool,
}

impl Swept for Tells {
    fn sweep(&self, now: u64, places: usize) {
        // Nobody listens any more at the end of a test.
        let _ = self.sweeps.lock().unwrap().send((now, places));
        assert!(!self.panics, "on purpose");
    }
}

fn tells(panics: bool) -> (Arc<dyn Swept>, Receiver<(u64, usize)>) {
    let (sender, receiver) = channel();
    let sweeps = Mutex::new(sender);
    (Arc::new(Tells { sweeps, panics }), receiver)
}

fn manual() -> &'static Clock {
    Box::leak(Box::new(Clock::manual()))
}

#[test]
fn a_manual_clock_moves_when_it_is_told_to() {
    let clock = manual();
    assert_eq!((clock.now(), clock.exact()), (0, 0));
    clock.advance(Duration::from_secs(2));
    clock.keep_up(u64::MAX - 1);
    assert_eq!((clock.now(), clock.exact()), (2 * SECOND, 2 * SECOND));
}

#[test]
fn the_end_of_time_does_not_come() {
    let clock = Clock::manual();
    clock.advance(Duration::MAX);
    clock.advance(Duration::MAX);
    assert_eq!(clock.now(), u64::MAX - 1);
}

#[test]
fn advancing_sweeps_all_of_it_and_spares_nobody_for_a_panic() {
    let clock = manual();
    let (panics, first) = tells(true);
    let (other, second) = tells(false);
    clock.register(Arc::downgrade(&panics), Duration::MAX);
    clock.register(Arc::downgrade(&other), Duration::MAX);
    clock.advance(Duration::from_secs(1));
    drop(other);
    clock.advance(Duration::from_secs(1));
    let all = usize::MAX;
    assert_eq!(
        first.try_iter().collect::<Vec<_>>(),
        [(SECOND, all), (2 * SECOND, all)]
    );
    assert_eq!(second.try_iter().collect::<Vec<_>>(), [(SECOND, all)]);
}

#[test]
fn sweeping_may_drop_the_last_one_and_register_others() {
    struct Registers(
        &'static Clock,
        Arc<dyn Swept>,
        Mutex<Option<Arc<dyn Swept>>>,
    );
    impl Swept for Registers {
        fn sweep(&self, _: u64, _: usize) {
            self.0.register(Arc::downgrade(&self.1), Duration::MAX);
            let _ = self.2.lock().unwrap().take();
        }
    }
    let clock = manual();
    let (other, sweeps) = tells(false);
    let registers = Arc::new(Registers(clock, other, Mutex::new(None)));
    *registers.2.lock().unwrap() = Some(registers.clone());
    let swept: Arc<dyn Swept> = registers.clone();
    clock.register(Arc::downgrade(&swept), Duration::MAX);
    drop((swept, registers));
    clock.advance(Duration::from_secs(1));
    assert_eq!(sweeps.try_iter().count(), 0);
}

#[test]
fn the_tick_is_a_hundredth_of_the_shortest_time() {
    let tick = |shortest| tick_for(Duration::from_millis(shortest)).as_micros();
    assert_eq!(
        [0, 50, 500, 5_000, 300_000].map(tick),
        [1_000, 1_000, 5_000, 50_000, 100_000]
    );
    assert_eq!(tick_for(Duration::MAX), Duration::from_millis(100));
}

#[test]
fn sleep_is_added_and_corrections_are_not() {
    let mut leap = Leap::new();
    let wall = |monotonic: u64| 1_700_000_000 * i128::from(SECOND) + i128::from(monotonic);
    let second = i128::from(SECOND);
    assert_eq!(leap.look(0, wall(0)), 0);
    assert_eq!(leap.look(SECOND, wall(SECOND) + second / 2), 0);
    // Slept for an hour.
    let hour = 3600 * second;
    assert_eq!(
        leap.look(2 * SECOND, wall(2 * SECOND) + second / 2 + hour),
        3600 * SECOND
    );
    assert_eq!(
        leap.look(3 * SECOND, wall(3 * SECOND) + second / 2 + hour),
        3600 * SECOND
    );
    // Set back by a day: the time goes on.
    assert_eq!(
        leap.look(4 * SECOND, wall(4 * SECOND) - 24 * hour),
        3600 * SECOND
    );
    assert_eq!(
        leap.look(5 * SECOND, wall(5 * SECOND) - 24 * hour),
        3600 * SECOND
    );
    assert_eq!(leap.look(6 * SECOND, i128::MAX / 2), u64::MAX);
}

#[test]
fn the_clock_of_the_system_runs_and_sweeps_while_it_is_needed() {
    let (swept, sweeps) = tells(true);
    Clock::system().register(Arc::downgrade(&swept), Duration::from_millis(10));
    let (first, places) = sweeps.recv().unwrap();
    let (second, _) = sweeps.recv().unwrap();
    assert!(first < second && places < usize::MAX);
    assert!(Clock::system().exact() >= second);
}

#[test]
fn who_knows_that_the_time_is_late_writes_it() {
    let clock: &'static Clock = Box::leak(Box::new(Clock {
        written: AtomicU64::new(0),
        now: Line(AtomicU64::new(0)),
        late: AtomicU64::new(7),
        source: Source::System(Threads::new()),
    }));
    clock.keep_up(7);
    assert_eq!(clock.now(), 0);
    let before = loop {
        let now = clock.exact();
        if now > 0 {
            break now;
        }
    };
    clock.keep_up(8);
    assert!(clock.now() >= before);
}

#[test]
fn who_keeps_the_time_finds_its_ticks_written() {
    let clock = Clock::system();
    let before = crate::clock::ticks();
    let _kept = clock.keep(Duration::from_secs(1));
    assert!(clock.ticks() >= before);
    assert!(clock.ticks() <= crate::clock::ticks());
}

#[test]
fn ticks_that_are_late_are_written_by_who_knows_better() {
    let clock: &'static Clock = Box::leak(Box::new(Clock {
        now: Line(AtomicU64::new(0)),
        written: AtomicU64::new(3),
        late: AtomicU64::new(7),
        source: Source::System(Threads::new()),
    }));
    clock.keep_up(7);
    assert_eq!(clock.ticks(), 3);
    clock.keep_up(8);
    assert_eq!(clock.ticks(), 8);
}
