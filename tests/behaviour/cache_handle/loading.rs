//! One load per key at a time.

use super::*;

#[test]
fn callers_of_one_key_share_one_load() {
    let cache: Cache<u64, u64> = cache("loading: shared");
    let runs = AtomicU64::new(0);
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                let value = cache.get_or_load(1, || {
                    runs.fetch_add(1, Relaxed);
                    thread::yield_now();
                    7
                });
                assert_eq!(value, 7);
            });
        }
    });
    assert_eq!(runs.load(Relaxed), 1);
}

#[derive(Debug, PartialEq)]
struct NoClone(u64);

#[tokio::test]
async fn those_who_wait_for_a_load_that_fails_get_its_error() {
    let cache: Cache<u64, u64> = cache("loading: failed");
    let runs = AtomicU64::new(0);
    let load = || {
        cache.get_or_try_load_async(1, async {
            runs.fetch_add(1, Relaxed);
            tokio::task::yield_now().await;
            Err::<u64, _>(NoClone(7))
        })
    };
    let (a, b, c) = tokio::join!(load(), load(), load());
    for error in [a, b, c] {
        assert_eq!(*error.unwrap_err(), NoClone(7));
    }
    assert_eq!(runs.load(Relaxed), 1);
    assert!(cache.is_empty());
    assert_eq!(cache.get_or_try_load(1, || Ok::<_, NoClone>(1)), Ok(1));
}

#[tokio::test]
async fn a_load_that_is_dropped_is_taken_over() {
    let cache: Cache<u64, u64> = cache("loading: dropped");
    let mut first = Box::pin(cache.get_or_load_async(1, std::future::pending()));
    assert!(futures_poll(first.as_mut()).is_pending());
    let second = cache.get_or_load_async(1, async { 2 });
    drop(first);
    assert_eq!(second.await, 2);
    assert_eq!(cache.stats().load_cancels, 1);
}

fn futures_poll<F: Future>(future: std::pin::Pin<&mut F>) -> std::task::Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
}

#[test]
fn a_load_that_panics_leaves_nothing() {
    let cache: Cache<u64, u64> = cache("loading: panicked");
    let load = || cache.get_or_load(1, || panic!("no value"));
    assert!(catch_unwind(AssertUnwindSafe(load)).is_err());
    assert_eq!(cache.get_or_load(1, || 1), 1);
    assert_eq!((cache.stats().load_panics, cache.stats().loads), (1, 1));
}

#[test]
fn a_load_may_ask_for_its_own_key() {
    let cache: Cache<u64, u64> = cache("loading: itself");
    let value = cache.get_or_load(1, || cache.get_or_load(1, || 1) + 1);
    assert_eq!(value, 2);
}

#[test]
fn refreshing_loads_although_there_is_a_value() {
    let cache: Cache<String, u64> = cache("loading: refreshed");
    cache.insert("a".to_owned(), 1);
    assert_eq!(cache.refresh("a", || 2), 2);
    assert_eq!(cache.peek("a"), Some(2));
    let stats = cache.stats();
    assert_eq!(
        (stats.hits + stats.misses, stats.loads, stats.replaced),
        (0, 1, 1)
    );
    cache.refresh("a", || {
        cache.invalidate("a");
        3
    });
    assert_eq!(cache.peek("a"), None);
}

#[tokio::test]
async fn refreshing_waits_for_no_one_else_s_value() {
    let cache: Cache<u64, u64> = cache("loading: refreshed later");
    let load = cache.get_or_load_async(1, async {
        tokio::task::yield_now().await;
        1
    });
    let (first, second) = tokio::join!(load, cache.refresh_async(1, async { 2 }));
    assert_eq!((first, second), (1, 2));
    assert_eq!(cache.peek(1), Some(2));
}

#[tokio::test]
async fn loads_can_be_spawned() {
    let cache: Cache<String, u64> = cache("loading: spawned");
    let handle = cache.clone();
    let load = tokio::spawn(async move { handle.get_or_load_async("a", async { 1 }).await });
    assert_eq!(load.await.unwrap(), 1);
    assert_eq!(cache.peek("a"), Some(1));
}
