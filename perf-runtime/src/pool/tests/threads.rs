//! Pools without a runtime.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use crate::pool::{Pool, PoolError, Pooled, get_pool};
use crate::rejected::Reason;

const LONG: Duration = Duration::from_secs(3600);

fn numbers(name: &str, max: usize) -> Pool<usize> {
    let made = AtomicUsize::new(0);
    Pool::builder(name)
        .max_size(max)
        .acquire_timeout(LONG)
        .build_blocking(move || Ok::<_, String>(made.fetch_add(1, SeqCst)))
        .expect("nothing is wrong")
}

#[test]
fn what_is_given_back_is_used_again() {
    let pool = numbers("threads: again", 2);
    let first = *pool.acquire_blocking().unwrap();
    for _ in 0..5 {
        assert_eq!(*pool.acquire_blocking().unwrap(), first);
    }
    assert_eq!(pool.stats().size, 1);
}

#[test]
fn a_thread_waits_for_what_another_one_has() {
    let pool = numbers("threads: waits", 1);
    let guard = pool.acquire_blocking().unwrap();
    let (told, waits) = channel();
    let other = {
        let pool = pool.clone();
        thread::spawn(move || {
            told.send(()).unwrap();
            *pool.acquire_blocking().unwrap()
        })
    };
    waits.recv().unwrap();
    while pool.stats().waiting == 0 {
        thread::yield_now();
    }
    drop(guard);
    assert_eq!(other.join().unwrap(), 0);
}

#[test]
fn a_poisoned_resource_and_that_of_a_panic_are_discarded() {
    let pool = numbers("threads: poison", 1);
    let mut guard = pool.acquire_blocking().unwrap();
    guard.poison();
    drop(guard);
    assert_eq!(*pool.acquire_blocking().unwrap(), 1);
    let panicked = {
        let pool = pool.clone();
        thread::spawn(move || {
            let _guard = pool.acquire_blocking().unwrap();
            std::panic::resume_unwind(Box::new("a user"));
        })
        .join()
    };
    assert!(panicked.is_err());
    assert_eq!(*pool.acquire_blocking().unwrap(), 2);
}

#[test]
fn what_is_taken_for_good_makes_room() {
    let pool = numbers("threads: taken", 1);
    let taken = Pooled::take(pool.acquire_blocking().unwrap());
    assert_eq!(taken, 0);
    assert_eq!(*pool.acquire_blocking().unwrap(), 1);
}

#[test]
fn a_resource_of_ones_own_goes_in_while_there_is_room() {
    let pool = numbers("threads: put", 1);
    assert_eq!(pool.put(7), Ok(()));
    assert_eq!(pool.put(8), Err(8));
    assert_eq!(*pool.acquire_blocking().unwrap(), 7);
}

#[test]
fn a_factory_that_panics_or_fails_is_asked_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let pool = Pool::builder("threads: fails")
        .max_size(1)
        .acquire_timeout(LONG)
        .build_blocking(move || match seen.fetch_add(1, SeqCst) {
            0 => std::panic::resume_unwind(Box::new("a factory")),
            1 => Err("refused"),
            call => Ok(call),
        })
        .unwrap();
    assert_eq!(*pool.acquire_blocking().unwrap(), 2);
    assert_eq!(calls.load(SeqCst), 3);
}

#[test]
fn a_failure_is_told_at_once_where_that_is_wanted() {
    let pool = Pool::<()>::builder("threads: fast")
        .fail_fast()
        .acquire_timeout(LONG)
        .build_blocking(|| Err("connection refused"))
        .unwrap();
    let rejected = pool.acquire_blocking().unwrap_err();
    assert_eq!(rejected.reason(), Reason::PoolFailed);
    assert!(rejected.to_string().contains("connection refused"));
}

#[test]
fn who_waited_too_long_is_told_why() {
    let pool = Pool::<()>::builder("threads: why")
        .max_size(3)
        .acquire_timeout(Duration::from_millis(60))
        .build_blocking(|| Err("connection refused"))
        .unwrap();
    // On a busy machine none may have been tried by the time that the first has waited for too long.
    loop {
        let rejected = pool.acquire_blocking().unwrap_err();
        assert_eq!(rejected.reason(), Reason::PoolTimeout);
        let text = rejected.to_string();
        assert!(text.contains("0 of at most 3 in use"), "{text}");
        if text.contains("the last time with: connection refused") {
            break;
        }
    }
}

#[test]
fn a_time_that_is_up_at_once_ends_the_wait() {
    let pool = Pool::<()>::builder("threads: no time")
        .acquire_timeout(Duration::from_nanos(1))
        .build_blocking(|| Err("refused"))
        .unwrap();
    for _ in 0..20 {
        let rejected = pool.acquire_blocking().unwrap_err();
        assert_eq!(rejected.reason(), Reason::PoolTimeout);
    }
}

#[test]
fn who_has_it_and_since_where_stands_in_the_error() {
    let pool = Pool::builder("threads: holder")
        .max_size(1)
        .acquire_timeout(Duration::from_millis(20))
        .build_blocking(|| Ok::<_, String>(()))
        .unwrap();
    pool.put(()).unwrap();
    let line = line!() + 1;
    let _guard = pool.try_acquire().unwrap();
    let text = pool.acquire_blocking().unwrap_err().to_string();
    assert!(text.contains("1 of at most 1 in use"), "{text}");
    #[cfg(debug_assertions)]
    assert!(text.contains(&format!("threads.rs:{line}")), "{text}");
}

#[test]
fn many_threads_share_a_few_and_none_is_lost() {
    let pool = numbers("threads: many", 3);
    let out = Arc::new(AtomicUsize::new(0));
    let barrier = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (pool, out, barrier) = (pool.clone(), Arc::clone(&out), Arc::clone(&barrier));
            thread::spawn(move || {
                barrier.wait();
                for round in 0..200 {
                    let guard = pool.acquire_blocking().unwrap();
                    assert!(out.fetch_add(1, SeqCst) < 3);
                    if round % 3 == 0 {
                        thread::yield_now();
                    }
                    out.fetch_sub(1, SeqCst);
                    drop(guard);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let stats = pool.stats();
    assert_eq!((stats.in_use, stats.waiting), (0, 0));
    assert!(stats.size <= 3);
}

#[test]
fn hooks_are_asked_and_their_panics_cost_one_resource() {
    let gone = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&gone);
    let pool = Pool::builder("threads: hooks")
        .max_size(1)
        .acquire_timeout(LONG)
        .on_create(|words: &mut Vec<u32>| words.push(1))
        .on_release(|words| {
            if words.contains(&9) {
                std::panic::resume_unwind(Box::new("a hook"));
            }
            words.len() < 3
        })
        .on_destroy(move |_| {
            seen.fetch_add(1, SeqCst);
        })
        .build_blocking(|| Ok::<_, String>(Vec::new()))
        .unwrap();
    let mut guard = pool.acquire_blocking().unwrap();
    assert_eq!(*guard, [1]);
    guard.push(2);
    drop(guard);
    let mut guard = pool.acquire_blocking().unwrap();
    assert_eq!(*guard, [1, 2]);
    guard.push(3);
    drop(guard);
    assert_eq!(gone.load(SeqCst), 1);
    pool.acquire_blocking().unwrap().push(9);
    assert_eq!(gone.load(SeqCst), 2);
    assert_eq!(*pool.acquire_blocking().unwrap(), [1]);
}

#[test]
fn a_resource_whose_drop_panics_hurts_nobody() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("a drop"));
        }
    }
    let pool = Pool::builder("threads: bad drop")
        .max_size(2)
        .acquire_timeout(LONG)
        .build_blocking(|| Ok::<_, String>(Bad))
        .unwrap();
    pool.acquire_blocking().unwrap().poison();
    drop(pool.acquire_blocking().unwrap());
    pool.resize(1).unwrap();
    pool.evict_idle();
    assert_eq!(pool.stats().size, 0);
    drop(pool.acquire_blocking().unwrap());
}

#[test]
fn a_guard_outlives_the_last_handle() {
    let pool = numbers("threads: outlives", 1);
    let guard = pool.acquire_blocking().unwrap();
    drop(pool);
    assert!(get_pool::<usize>("threads: outlives").is_some());
    drop(guard);
    // What made the resource may not have ended yet.
    while get_pool::<usize>("threads: outlives").is_some() {
        thread::yield_now();
    }
}

#[test]
fn what_cannot_be_is_said_when_it_is_built() {
    let built = |builder: crate::PoolBuilder<()>| {
        builder.build_blocking(|| Ok::<_, String>(())).unwrap_err()
    };
    let builder = || Pool::<()>::builder("threads: wrong");
    assert_eq!(built(builder().max_size(0)), PoolError::NoRoom);
    assert_eq!(built(builder().min_size(11)), PoolError::MinAboveMax);
    assert_eq!(
        built(builder().acquire_timeout(Duration::ZERO)),
        PoolError::NoTime
    );
    let _other = numbers("threads: wrong", 1);
    assert_eq!(built(builder()), PoolError::OtherType);
}

#[test]
fn who_makes_one_himself_waits_for_nothing_and_leaves_what_there_is_room_for() {
    let pool = numbers("threads: overflow", 1);
    let first = pool.acquire_or(|| 100);
    let beyond = pool.acquire_or(|| 200);
    assert_eq!((*first, *beyond, pool.stats().in_use), (100, 200, 2));
    drop(first);
    drop(beyond);
    assert_eq!((pool.stats().size, pool.stats().idle), (1, 1));
    let again = pool.acquire_or(|| unreachable!("one is idle"));
    assert_eq!(*again, 100);
}

#[test]
fn one_who_cannot_make_one_himself_costs_the_pool_nothing() {
    let pool = numbers("threads: overflow panics", 1);
    let held = pool.acquire_or(|| 1);
    let run = || pool.acquire_or(|| std::panic::resume_unwind(Box::new("mine")));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).err();
    assert!(panic.is_some_and(|panic| panic.is::<&str>()));
    assert_eq!((pool.stats().size, pool.stats().in_use), (1, 1));
    drop(held);
    assert_eq!(*pool.acquire_blocking().unwrap(), 1);
}
