//! Pools in a tokio runtime, by its stopped clock where time matters.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::pool::{Pool, PoolBuilder};
use crate::rejected::Reason;

const SECOND: Duration = Duration::from_secs(1);

fn stopped<F: Future>(future: F) -> F::Output {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(future)
}

fn numbers(builder: PoolBuilder<usize>) -> (Pool<usize>, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&made);
    let pool = builder.build(move || {
        let number = seen.fetch_add(1, SeqCst);
        async move { Ok::<_, String>(number) }
    });
    (pool.unwrap(), made)
}

fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_wait_ends_exactly_when_its_time_is_up() {
    stopped(async {
        let (pool, _) = numbers(Pool::builder("tasks: timeout").max_size(1));
        let _guard = pool.acquire().await.unwrap();
        let start = Instant::now();
        let rejected = pool.acquire().await.unwrap_err();
        assert_eq!(rejected.reason(), Reason::PoolTimeout);
        let took = start.elapsed();
        assert!(
            took >= 5 * SECOND && took < 5 * SECOND + SECOND / 10,
            "{took:?}"
        );
    });
}

#[test]
fn the_time_is_for_waiting_and_making_together() {
    stopped(async {
        let pool = Pool::<u8>::builder("tasks: total")
            .create_timeout(60 * SECOND)
            .build(|| async {
                sleep(4 * SECOND).await;
                Err("refused")
            })
            .unwrap();
        let start = Instant::now();
        let text = pool.acquire().await.unwrap_err().to_string();
        assert!(text.contains("refused"), "{text}");
        assert!(start.elapsed() < 5 * SECOND + SECOND / 10);
    });
}

#[test]
fn whoever_is_cancelled_hands_on_what_he_was_given() {
    stopped(async {
        let (pool, made) = numbers(Pool::builder("tasks: cancelled").max_size(1));
        let guard = pool.acquire().await.unwrap();
        let mut first = Box::pin(pool.acquire());
        let mut second = pin!(pool.acquire());
        assert!(poll_once(first.as_mut()).is_pending());
        assert!(poll_once(second.as_mut()).is_pending());
        drop(guard);
        drop(first);
        assert!(poll_once(second.as_mut()).is_ready());
        assert_eq!(made.load(SeqCst), 1);
    });
}

#[test]
fn one_who_is_not_polled_holds_nobody_up() {
    stopped(async {
        let (pool, _) = numbers(Pool::builder("tasks: not polled").max_size(1));
        let guard = pool.acquire().await.unwrap();
        let mut forgotten = pin!(pool.acquire());
        assert!(poll_once(forgotten.as_mut()).is_pending());
        let next = tokio::spawn({
            let pool = pool.clone();
            async move { pool.acquire().await.map(|guard| *guard) }
        });
        tokio::task::yield_now().await;
        drop(guard);
        let start = Instant::now();
        assert_eq!(next.await.unwrap(), Ok(0));
        assert!(start.elapsed() < SECOND);
        assert!(forgotten.await.is_ok());
    });
}

#[test]
fn creations_are_few_and_stop_when_nobody_needs_them() {
    // The spike of HikariCP's documentation: 50 come at once, 5 are there, one more takes 150 ms, each is used for 2 ms.
    stopped(async {
        let made = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&made);
        let pool = Pool::builder("tasks: spike")
            .min_size(0)
            .max_size(50)
            .build(move || {
                seen.fetch_add(1, SeqCst);
                async {
                    sleep(Duration::from_millis(150)).await;
                    Ok::<_, String>(0)
                }
            })
            .unwrap();
        for _ in 0..5 {
            pool.put(1).unwrap();
        }
        let start = Instant::now();
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move {
                    let _guard = pool.acquire().await.unwrap();
                    sleep(Duration::from_millis(2)).await;
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(start.elapsed() < Duration::from_millis(40));
        assert!(made.load(SeqCst) <= 2);
    });
}

#[test]
fn what_is_down_is_asked_seldom() {
    stopped(async {
        let asked = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&asked);
        let pool = Pool::<u8>::builder("tasks: down")
            .build(move || {
                seen.fetch_add(1, SeqCst);
                async { Err("refused") }
            })
            .unwrap();
        let callers: Vec<_> = (0..64)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.acquire().await.is_err() })
            })
            .collect();
        for caller in callers {
            assert!(caller.await.unwrap());
        }
        let asked = asked.load(SeqCst);
        assert!((5..=20).contains(&asked), "{asked} times in five seconds");
    });
}

#[test]
fn a_factory_that_hangs_is_given_up() {
    stopped(async {
        let calls = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&calls);
        let pool = Pool::builder("tasks: hangs")
            .create_timeout(SECOND)
            .build(move || {
                let call = seen.fetch_add(1, SeqCst);
                async move {
                    if call == 0 {
                        pending::<()>().await;
                    }
                    Ok::<_, String>(call)
                }
            })
            .unwrap();
        assert_eq!(*pool.acquire().await.unwrap(), 1);
    });
}

#[test]
fn the_lowest_number_is_made_beforehand() {
    stopped(async {
        let (pool, made) = numbers(Pool::builder("tasks: warm").min_size(5));
        pool.warm().await.unwrap();
        assert_eq!((pool.stats().idle, made.load(SeqCst)), (5, 5));
        let failing = Pool::<u8>::builder("tasks: not warm")
            .build(|| async { Err("refused") })
            .unwrap();
        let rejected = failing.warm().await.unwrap_err();
        assert_eq!(rejected.reason(), Reason::PoolFailed);
        assert!(rejected.to_string().contains("refused"));
    });
}

#[test]
fn the_lowest_number_is_made_again() {
    stopped(async {
        let (pool, _) = numbers(Pool::builder("tasks: again").min_size(3));
        pool.warm().await.unwrap();
        pool.evict_idle();
        assert_eq!(pool.stats().size, 0);
        sleep(60 * SECOND).await;
        assert_eq!(pool.stats().idle, 3);
    });
}

#[test]
fn a_drain_waits_and_names_those_it_has_not_waited_for() {
    stopped(async {
        let (pool, _) = numbers(Pool::builder("tasks: drain").max_size(2));
        let short = pool.acquire().await.unwrap();
        let long = pool.acquire().await.unwrap();
        let waiter = tokio::spawn({
            let pool = pool.clone();
            async move { pool.acquire().await.unwrap_err().reason() }
        });
        tokio::task::yield_now().await;
        tokio::spawn(async move {
            sleep(SECOND).await;
            drop(short);
        });
        let stragglers = pool.drain(2 * SECOND).await.unwrap_err();
        assert_eq!(stragglers.holders().len(), 1);
        assert!(stragglers.to_string().contains("tasks.rs"));
        assert_eq!(waiter.await.unwrap(), Reason::PoolClosed);
        assert_eq!(
            pool.acquire().await.unwrap_err().reason(),
            Reason::PoolClosed
        );
        drop(long);
        assert_eq!(pool.drain(SECOND).await, Ok(()));
        assert_eq!(pool.stats().size, 0);
    });
}

#[test]
fn a_resource_that_is_idle_for_long_is_checked_beside_the_caller() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let good = Arc::new(AtomicBool::new(true));
        let seen = Arc::clone(&good);
        let (pool, made) = numbers(
            Pool::builder("tasks: checked")
                .check_after(Duration::ZERO)
                .validate(move |_| seen.load(SeqCst)),
        );
        drop(pool.acquire().await.unwrap());
        drop(pool.acquire().await.unwrap());
        assert_eq!(made.load(SeqCst), 1);
        good.store(false, SeqCst);
        drop(pool.acquire().await.unwrap());
        assert_eq!(made.load(SeqCst), 2);
    });
}

#[test]
fn a_check_that_hangs_costs_the_resource_and_not_the_caller() {
    stopped(async {
        let hang = Arc::new(AtomicBool::new(true));
        let seen = Arc::clone(&hang);
        let (pool, made) = numbers(
            Pool::builder("tasks: check hangs")
                .check_after(Duration::ZERO)
                .validate_async(move |_| {
                    let hang = seen.swap(false, SeqCst);
                    Box::pin(async move {
                        if hang {
                            pending::<()>().await;
                        }
                        true
                    })
                }),
        );
        drop(pool.acquire().await.unwrap());
        // By the processor's clock it has been idle for a while.
        while crate::clock::ticks() == 0 {}
        drop(pool.acquire().await.unwrap());
        assert_eq!(made.load(SeqCst), 2);
    });
}

#[test]
fn a_pool_outlives_the_runtimes_that_use_it() {
    let (pool, made) = numbers(Pool::builder("tasks: runtimes").max_size(2));
    let mut kept = Vec::new();
    for _ in 0..3 {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            kept.push(pool.acquire().await.unwrap());
            kept.truncate(1);
        });
    }
    drop(kept);
    assert_eq!(made.load(SeqCst), 2);
    assert!(pool.try_acquire().is_some());
}

#[test]
fn a_creation_that_dies_with_its_runtime_is_made_by_another() {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let pool = Pool::builder("tasks: dies")
        .max_size(1)
        .build(move || {
            let call = seen.fetch_add(1, SeqCst);
            async move {
                if call == 0 {
                    pending::<()>().await;
                }
                Ok::<_, String>(call)
            }
        })
        .unwrap();
    let dying = Builder::new_current_thread().enable_time().build().unwrap();
    dying.block_on(async {
        let mut acquire = pin!(pool.acquire());
        assert!(poll_once(acquire.as_mut()).is_pending());
        while calls.load(SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    });
    let other = {
        let pool = pool.clone();
        std::thread::spawn(move || *pool.acquire_blocking().unwrap())
    };
    while pool.stats().waiting == 0 {
        std::thread::yield_now();
    }
    drop(dying);
    assert_eq!(other.join().unwrap(), 1);
}

#[test]
fn tasks_are_served_in_the_order_they_came() {
    stopped(async {
        let (pool, _) = numbers(Pool::builder("tasks: order").max_size(1));
        let guard = pool.acquire().await.unwrap();
        let served = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for task in 0..10 {
            let (pool, served) = (pool.clone(), Arc::clone(&served));
            tasks.push(tokio::spawn(async move {
                let _guard = pool.acquire().await.unwrap();
                served.lock().unwrap().push(task);
                tokio::task::yield_now().await;
            }));
            tokio::task::yield_now().await;
        }
        drop(guard);
        for task in tasks {
            task.await.unwrap();
        }
        assert!(served.lock().unwrap().iter().copied().eq(0..10));
    });
}

#[test]
fn a_waker_that_changes_is_the_one_that_is_woken() {
    stopped(async {
        let (pool, _) = numbers(Pool::builder("tasks: waker").max_size(1));
        let guard = pool.acquire().await.unwrap();
        let mut acquire = Box::pin(async move { pool.acquire().await.map(|guard| *guard) });
        assert!(poll_once(acquire.as_mut()).is_pending());
        let done = Arc::new(Notify::new());
        let moved = tokio::spawn({
            let done = Arc::clone(&done);
            async move {
                let mut polled = false;
                let guard = poll_fn(|cx| {
                    let answer = acquire.as_mut().poll(cx);
                    if !std::mem::replace(&mut polled, true) {
                        done.notify_one();
                    }
                    answer
                });
                guard.await.unwrap()
            }
        });
        done.notified().await;
        drop(guard);
        assert_eq!(moved.await.unwrap(), 0);
    });
}
