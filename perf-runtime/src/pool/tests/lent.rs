//! Resources for the time of a call.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use crate::pool::Pool;
use crate::rejected::Reason;

fn pool(name: &str, max: usize) -> Pool<usize> {
    let made = AtomicUsize::new(0);
    Pool::builder(name)
        .max_size(max)
        .acquire_timeout(Duration::from_secs(3600))
        .build_blocking(move || Ok::<_, String>(made.fetch_add(1, SeqCst)))
        .unwrap()
}

#[test]
fn who_would_wait_for_himself_is_told_at_once() {
    let pool = pool("lent: nested", 2);
    let deepest =
        pool.with_blocking(|_| pool.with_blocking(|_| pool.acquire_blocking().map(|guard| *guard)));
    let rejected = deepest.unwrap().unwrap().unwrap_err();
    assert_eq!(rejected.reason(), Reason::PoolDeadlock);
    assert_eq!(pool.stats().in_use, 0);
    assert!(pool.acquire_blocking().is_ok());
}

#[test]
fn two_pools_are_two_pools() {
    let (one, other) = (pool("lent: one", 1), pool("lent: other", 1));
    let both = one.with_blocking(|first| other.with_blocking(|second| *first + *second));
    assert_eq!(both, Ok(Ok(0)));
}

#[cfg(feature = "tokio")]
mod tasks {
    use super::*;

    #[test]
    fn branches_of_one_task_wait_for_each_other() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let pool = Pool::builder("lent: branches")
                .max_size(1)
                .build(|| async { Ok::<_, String>(0) })
                .unwrap();
            let branch = || {
                pool.with(async |number| {
                    tokio::task::yield_now().await;
                    *number += 1;
                    *number
                })
            };
            let (one, other, nested) = tokio::join!(
                branch(),
                branch(),
                pool.with(async |_| pool.acquire().await.map(|guard| *guard))
            );
            assert_eq!((one.unwrap(), other.unwrap()), (1, 2));
            let rejected = nested.unwrap().unwrap_err();
            assert_eq!(rejected.reason(), Reason::PoolDeadlock);
        });
    }
}
