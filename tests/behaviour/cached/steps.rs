//! A call looks in two steps, of which the first is only for the usual hit. Nobody can tell by which one an answer came.

use super::*;

#[test]
fn a_clone_of_an_answer_may_ask_for_answers() {
    static RUNS: Runs = Runs::new();

    struct Asks(u64);

    impl Clone for Asks {
        fn clone(&self) -> Self {
            Self(if self.0 == 0 {
                0
            } else {
                ask(self.0 - 1).0 + 1
            })
        }
    }

    #[cached(name = "steps: asks")]
    fn ask(depth: u64) -> Asks {
        RUNS.run();
        Asks(depth)
    }

    for _ in 0..3 {
        assert_eq!(ask(5).0, 5);
    }
    assert_eq!(RUNS.count(), 6);
    let found = part("steps: asks", "found", "hit") + part("steps: asks", "found", "miss");
    assert_eq!(found, count("steps: asks", "lookups"));
}

#[test]
fn what_a_thread_asks_for_at_its_very_end_is_found() {
    #[cached(name = "steps: end")]
    fn load(id: u64) -> u64 {
        id
    }

    struct AsksWhenDropped;

    impl Drop for AsksWhenDropped {
        fn drop(&mut self) {
            assert_eq!(load(1), 1);
        }
    }

    thread_local! {
        static LAST: std::cell::RefCell<Vec<AsksWhenDropped>> = const { std::cell::RefCell::new(Vec::new()) };
    }

    load(1);
    for first in [true, false] {
        std::thread::spawn(move || {
            // Before and after the thread is known, so that both orders of destructors are met.
            if first {
                load(1);
            }
            LAST.with_borrow_mut(|last| last.push(AsksWhenDropped));
            if !first {
                load(1);
            }
        })
        .join()
        .unwrap();
    }
    assert_eq!(part("steps: end", "found", "hit"), 4);
}

#[test]
fn hits_of_more_threads_than_have_counters_are_all_counted() {
    const THREADS: u8 = 100;
    const EACH: u64 = 50;

    #[cached(name = "steps: threads")]
    fn load(id: u64) -> u64 {
        id
    }

    load(7);
    let all_here = std::sync::Barrier::new(THREADS.into());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                assert_eq!(load(7), 7);
                all_here.wait();
                for _ in 1..EACH {
                    assert_eq!(load(7), 7);
                }
            });
        }
    });
    assert_eq!(
        part("steps: threads", "found", "hit"),
        u64::from(THREADS) * EACH
    );
    assert_eq!(part("steps: threads", "found", "miss"), 1);
}

#[test]
fn answers_of_any_instance_and_with_any_times_are_found() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: Runs = Runs::new();

    #[cached(name = "steps: generic", ignore(_as))]
    fn load<T: Default + Clone + Send + Sync + 'static>(id: u64, _as: &T) -> T {
        RUNS.run();
        let _ = id;
        T::default()
    }

    #[cached(name = "steps: tti", tti = "1h")]
    fn idle(id: u64) -> u64 {
        RUNS.run();
        id
    }

    #[cached(name = "steps: short", ttl = "1ms", clock = &CLOCK)]
    fn short(id: u64) -> u64 {
        RUNS.run();
        id
    }

    for _ in 0..3 {
        assert_eq!(
            (load(1, &0_u8), load(1, &String::new())),
            (0, String::new())
        );
        assert_eq!((idle(2), short(3)), (2, 3));
    }
    assert_eq!(RUNS.count(), 4);
    let hits = ["steps: generic", "steps: tti", "steps: short"].map(|op| part(op, "found", "hit"));
    assert_eq!(hits, [4, 2, 2]);
}

#[test]
fn a_condition_is_asked_once_for_each_call() {
    static ASKED: Runs = Runs::new();

    #[cached(if = ASKED.run() < u64::MAX && id > 0)]
    fn load(id: u64) -> u64 {
        id
    }

    let _ = (load(0), load(1), load(1));
    assert_eq!(ASKED.count(), 3);
}
