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

#[test]
fn what_is_missing_of_many_is_loaded_together() {
    let cache: Cache<u64, u64> = cache("loading: many");
    cache.insert(2, 20);
    let mut asked = Vec::new();
    let values = cache.get_many_or_load([1, 2, 3, 1, 4], |keys| {
        asked.push(keys.clone());
        keys.into_iter()
            .filter(|key| *key != 4)
            .map(|key| (key, key * 10))
            .collect::<Vec<_>>()
    });
    assert_eq!(values, [Some(10), Some(20), Some(30), Some(10), None]);
    assert_eq!(asked, [vec![1, 3, 4]]);
    assert_eq!(cache.len(), 3);
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses), (1, 4));
    assert_eq!((stats.loads, stats.load_errors), (2, 1));
}

#[test]
fn one_that_many_ask_for_is_loaded_once() {
    let cache: Cache<u64, u64> = cache("loading: many at once");
    let loaded = Mutex::new(Vec::<u64>::new());
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for thread in 0..4_u64 {
            let (cache, loaded, start) = (&cache, &loaded, &start);
            scope.spawn(move || {
                // Each in an order of its own.
                let mut keys: Vec<u64> = (0..50).collect();
                keys.rotate_left(usize::try_from(thread * 13).unwrap());
                start.wait();
                let values = cache.get_many_or_load(keys.clone(), |keys| {
                    thread::yield_now();
                    loaded.lock().unwrap().extend(&keys);
                    keys.into_iter().map(|key| (key, key)).collect::<Vec<_>>()
                });
                assert_eq!(values, keys.into_iter().map(Some).collect::<Vec<_>>());
            });
        }
    });
    let mut loaded = loaded.into_inner().unwrap();
    loaded.sort_unstable();
    assert_eq!(loaded, (0..50).collect::<Vec<_>>());
}

#[test]
fn a_load_of_many_that_panics_or_is_outdated_keeps_nothing() {
    let cache: Cache<u64, u64> = cache("loading: many go wrong");
    let load = || cache.get_many_or_load([1, 2], |_| -> Vec<(u64, u64)> { panic!("no values") });
    assert!(catch_unwind(AssertUnwindSafe(load)).is_err());
    assert_eq!(cache.stats().load_panics, 2);
    let values = cache.get_many_or_load([1, 2], |keys| {
        cache.invalidate(1);
        assert_eq!(cache.get_or_load(2, || 7), 7, "it does not wait for itself");
        keys.into_iter().map(|key| (key, key))
    });
    assert_eq!(values, [Some(1), Some(2)]);
    assert_eq!((cache.peek(1), cache.peek(2)), (None, Some(2)));
}
