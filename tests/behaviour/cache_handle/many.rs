//! Several keys that are loaded together.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::*;

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
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

#[test]
fn a_key_that_is_there_more_than_once_is_asked_for_once() {
    let cache: Cache<u64, u64> = cache("loading: many twins");
    let mut asked = Vec::new();
    let values = cache.get_many_or_load([1, 1, 2, 1, 2], |keys| {
        asked.push(keys);
        vec![(2, 20)]
    });
    assert_eq!(values, [None, None, Some(20), None, Some(20)]);
    assert_eq!(asked, [[1, 2]]);
    let stats = cache.stats();
    assert_eq!((stats.misses, stats.coalesced), (5, 3));
    assert_eq!((stats.loads, stats.load_errors), (1, 1));
}

#[test]
fn of_two_values_for_a_key_the_last_one_counts() {
    let cache: Cache<u64, u64> = cache("loading: many values");
    let values = cache.get_many_or_load([1, 2, 1], |_| vec![(1, 10), (2, 20), (1, 11)]);
    assert_eq!(values, [Some(11), Some(20), Some(11)]);
    assert_eq!(cache.get_many([1, 2]), [Some(11), Some(20)]);
}

#[test]
fn an_error_among_many_is_kept_no_longer_than_others() {
    static CLOCK: Clock = Clock::manual();

    let cache = Cache::<u64, Result<u64, String>>::builder("loading: many errors")
        .errors(Duration::from_secs(1))
        .clock(&CLOCK)
        .build()
        .unwrap();
    cache.get_many_or_load([1, 2], |_| [(1, Ok(1)), (2, Err("down".to_owned()))]);
    assert!(cache.contains(1) && cache.contains(2));
    CLOCK.advance(Duration::from_secs(1));
    assert!(cache.contains(1) && !cache.contains(2));
}

#[test]
fn a_clone_that_loads_does_not_wait_for_what_its_own_call_leads() {
    const NAME: &str = "loading: many cloned";

    struct Asking(u64);

    impl Clone for Asking {
        fn clone(&self) -> Self {
            if self.0 == 1 {
                let cache = get_cache::<u64, Self>(NAME).unwrap();
                cache.get_or_load(2, || Self(7));
            }
            Self(self.0)
        }
    }

    let cache = Cache::<u64, Asking>::builder(NAME).wait(Duration::from_millis(50));
    let cache = cache.build().unwrap();
    cache.insert(1, Asking(1));
    let values = cache.get_many_or_load([2, 1], |keys| {
        keys.into_iter().map(|key| (key, Asking(key * 10)))
    });
    let values: Vec<_> = values.into_iter().flatten().map(|value| value.0).collect();
    assert_eq!(values, [20, 1]);
    let report = perfkit::report();
    let row = report.find("caches", NAME).unwrap();
    assert_eq!(
        (row.count("cycles"), row.count("wait_expired")),
        (Some(1), Some(0))
    );
}

#[test]
fn what_a_load_of_many_asks_for_itself_it_does_not_wait_for() {
    struct Asks<'c>(&'c Cache<u64, u64>);

    impl Drop for Asks<'_> {
        fn drop(&mut self) {
            assert_eq!(self.0.get_or_load(2, || 7), 7);
        }
    }

    const NAME: &str = "loading: many ask themselves";
    let cache = Cache::<u64, u64>::builder(NAME).wait(Duration::from_millis(50));
    let cache = cache.build().unwrap();
    let circles = || {
        let report = perfkit::report();
        let row = report.find("caches", NAME).unwrap();
        (row.count("cycles"), row.count("wait_expired"))
    };
    // While its future is made.
    let mut load = Box::pin(cache.get_many_or_load_async([1, 2], |_| {
        assert_eq!(cache.get_or_load(2, || 7), 7);
        let asks = Asks(&cache);
        async move {
            std::future::pending::<()>().await;
            drop(asks);
            [(1, 1)]
        }
    }));
    assert!(poll(load.as_mut()).is_pending());
    assert_eq!(circles(), (Some(1), Some(0)));
    // And while that is dropped.
    drop(load);
    assert_eq!(circles(), (Some(2), Some(0)));
}

/// Some numbers, ten times as much, after some polls; 4 has none.
async fn tens(keys: Vec<u64>) -> Vec<(u64, u64)> {
    tokio::task::yield_now().await;
    let with_one = keys.into_iter().filter(|key| *key != 4);
    with_one.map(|key| (key, key * 10)).collect()
}

async fn none(_: Vec<u64>) -> Vec<(u64, u64)> {
    tokio::task::yield_now().await;
    panic!("no values")
}

#[tokio::test]
async fn what_is_missing_of_many_is_awaited_together() {
    let cache: Cache<u64, u64> = cache("loading: many awaited");
    cache.insert(2, 20);
    let mut asked = Vec::new();
    let values = cache.get_many_or_load_async([1, 2, 3, 1, 4], |keys| {
        asked.push(keys.clone());
        tens(keys)
    });
    let values = values.await;
    assert_eq!(values, [Some(10), Some(20), Some(30), Some(10), None]);
    assert_eq!(asked, [vec![1, 3, 4]]);
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses), (1, 4));
    assert_eq!((stats.loads, stats.load_errors), (2, 1));
}

#[tokio::test]
async fn a_key_that_is_there_more_than_once_is_awaited_once() {
    let cache: Cache<u64, u64> = cache("loading: many awaited twins");
    let mut asked = Vec::new();
    let values = cache.get_many_or_load_async([4, 4, 2, 2], |keys| {
        asked.push(keys.clone());
        tens(keys)
    });
    assert_eq!(values.await, [None, None, Some(20), Some(20)]);
    assert_eq!(asked, [[4, 2]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_many_tasks_ask_for_is_loaded_once() {
    let cache: Cache<u64, u64> = cache("loading: many awaited at once");
    let loaded = Arc::new(Mutex::new(Vec::<u64>::new()));
    let tasks = (0..8_u32).map(|task| {
        let (cache, loaded) = (cache.clone(), Arc::clone(&loaded));
        tokio::spawn(async move {
            // Each in an order of its own: those that lead what the others want wait for nobody.
            let mut keys: Vec<u64> = (10..60).collect();
            keys.rotate_left(usize::try_from(task * 13 % 50).unwrap());
            let all = keys.iter().map(|key| Some(key * 10)).collect::<Vec<_>>();
            let values = cache.get_many_or_load_async(keys, |keys| {
                loaded.lock().unwrap().extend(&keys);
                tens(keys)
            });
            assert_eq!(values.await, all);
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let mut loaded = std::mem::take(&mut *loaded.lock().unwrap());
    loaded.sort_unstable();
    assert_eq!(loaded, (10..60).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_load_of_many_that_is_dropped_is_another_call_s_to_make() {
    let cache: Cache<u64, u64> = cache("loading: many dropped");
    let mut dropped = Box::pin(
        cache.get_many_or_load_async([1, 2], |_| std::future::pending::<Vec<(u64, u64)>>()),
    );
    assert!(poll(dropped.as_mut()).is_pending());
    let mut waits = Box::pin(cache.get_many_or_load_async([2, 3], tens));
    // It loads what it leads first.
    assert!(poll(waits.as_mut()).is_pending());
    assert!(poll(waits.as_mut()).is_pending());
    assert_eq!(cache.peek(3), Some(30));
    drop(dropped);
    assert_eq!(waits.await, [Some(20), Some(30)]);
    let stats = cache.stats();
    assert_eq!((stats.load_cancels, stats.loads), (2, 2));
}

#[tokio::test]
async fn of_two_values_for_a_key_that_another_call_did_not_bring_the_last_one_counts() {
    let cache: Cache<u64, u64> = cache("loading: many values later");
    let mut dropped =
        Box::pin(cache.get_many_or_load_async([1], |_| std::future::pending::<Vec<(u64, u64)>>()));
    assert!(poll(dropped.as_mut()).is_pending());
    let two = |_| std::future::ready([(1, 10), (1, 11), (2, 20)]);
    let mut waits = Box::pin(cache.get_many_or_load_async([1], two));
    assert!(poll(waits.as_mut()).is_pending());
    drop(dropped);
    assert_eq!(waits.await, [Some(11)]);
    assert_eq!((cache.peek(1), cache.peek(2)), (Some(11), None));
}

#[tokio::test]
async fn an_awaited_load_of_many_that_panics_or_is_outdated_keeps_nothing() {
    let cache: Cache<u64, u64> = cache("loading: many awaited go wrong");
    let load = cache.get_many_or_load_async([1, 2], none);
    let mut load = Box::pin(load);
    assert!(poll(load.as_mut()).is_pending());
    let again = AssertUnwindSafe(|| poll(load.as_mut()));
    assert!(catch_unwind(again).is_err());
    assert_eq!(cache.stats().load_panics, 2);
    let handle = cache.clone();
    let values = cache.get_many_or_load_async([1, 2], |keys| {
        let cache = handle.clone();
        async move {
            cache.invalidate(1);
            let inner = cache.get_or_load_async(2, async { 7 });
            assert_eq!(inner.await, 7, "it does not wait for itself");
            tens(keys).await
        }
    });
    assert_eq!(values.await, [Some(10), Some(20)]);
    assert_eq!((cache.peek(1), cache.peek(2)), (None, Some(20)));
}
