//! Models: small scenes of a pool, in every order that a model checker can think of. How to run them is in CONTRIBUTING.md.
//!
//! There is no time in a model and nothing is made: all wait for what is there, and one who waits in vain is found as a
//! deadlock.

use std::future::Future;
use std::task::{Context, Poll, Waker};

use shuttle::future::block_on;
use shuttle::thread;

use crate::explored::explored;
use crate::pool::user::Hooks;
use crate::pool::{Core, Handle, Pool, Settings};
use crate::rejected::Reason;

/// A pool with so many resources, which makes none.
fn pool(resources: usize) -> Pool<usize> {
    let core = Core::new("model", Settings::new(), Hooks::of_callers(false));
    let pool = Pool::of(Handle::Shared(core));
    for resource in 0..resources {
        pool.put(resource).unwrap();
    }
    pool
}

fn at_rest(pool: &Pool<usize>, resources: usize) {
    let stats = pool.stats();
    assert_eq!((stats.idle, stats.in_use, stats.waiting), (resources, 0, 0));
}

#[test]
fn nobody_waits_in_vain() {
    explored(|| {
        let pool = pool(1);
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let pool = pool.clone();
                thread::spawn(move || {
                    for _ in 0..2 {
                        drop(block_on(pool.acquire()).unwrap());
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        at_rest(&pool, 1);
    });
}

#[test]
fn one_who_is_cancelled_costs_nobody_anything() {
    explored(|| {
        let pool = pool(1);
        let cancelled = {
            let pool = pool.clone();
            thread::spawn(move || {
                let mut acquire = Box::pin(pool.acquire());
                let mut context = Context::from_waker(Waker::noop());
                let first = acquire.as_mut().poll(&mut context).is_pending();
                thread::yield_now();
                if first {
                    let _ = acquire.as_mut().poll(&mut context);
                }
            })
        };
        let others: Vec<_> = (0..2)
            .map(|_| {
                let pool = pool.clone();
                thread::spawn(move || drop(block_on(pool.acquire()).unwrap()))
            })
            .collect();
        cancelled.join().unwrap();
        for other in others {
            other.join().unwrap();
        }
        at_rest(&pool, 1);
    });
}

#[test]
fn one_who_moves_is_woken_where_he_is() {
    explored(|| {
        let pool = pool(1);
        let guard = block_on(pool.acquire()).unwrap();
        let moved = {
            let pool = pool.clone();
            let mut acquire = Box::pin(async move { pool.acquire().await.map(|guard| *guard) });
            let mut context = Context::from_waker(Waker::noop());
            assert!(matches!(acquire.as_mut().poll(&mut context), Poll::Pending));
            thread::spawn(move || block_on(acquire).unwrap())
        };
        let returned = thread::spawn(move || drop(guard));
        moved.join().unwrap();
        returned.join().unwrap();
        at_rest(&pool, 1);
    });
}

#[test]
fn whoever_waits_is_told_that_the_pool_is_closed() {
    explored(|| {
        let pool = pool(1);
        let guard = block_on(pool.acquire()).unwrap();
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let pool = pool.clone();
                thread::spawn(move || match block_on(pool.acquire()) {
                    Ok(_) => {}
                    Err(rejected) => assert_eq!(rejected.reason(), Reason::PoolClosed),
                })
            })
            .collect();
        let returned = thread::spawn(move || drop(guard));
        let closing = &**pool.handle();
        let after = closing.lock().shut();
        closing.finish(after);
        for waiter in waiters {
            waiter.join().unwrap();
        }
        returned.join().unwrap();
        at_rest(&pool, 0);
    });
}

#[test]
fn what_is_passed_over_is_not_lost() {
    explored(|| {
        let pool = pool(1);
        let guard = block_on(pool.acquire()).unwrap();
        let mut forgotten = Box::pin(pool.acquire());
        let mut context = Context::from_waker(Waker::noop());
        assert!(forgotten.as_mut().poll(&mut context).is_pending());
        let next = {
            let pool = pool.clone();
            thread::spawn(move || drop(block_on(pool.acquire()).unwrap()))
        };
        let looking = {
            let pool = pool.clone();
            thread::spawn(move || {
                // As the alarm does, until nobody waits.
                while pool.handle().lock().line.waiting() > 0 {
                    let after = pool.handle().lock().look(crate::clock::instant(), 0);
                    pool.handle().finish(after);
                    thread::yield_now();
                }
            })
        };
        drop(guard);
        looking.join().unwrap();
        drop(block_on(forgotten).unwrap());
        next.join().unwrap();
        at_rest(&pool, 1);
    });
}
