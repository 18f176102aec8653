//! The same on runtimes that come and go, with paused time.

use std::sync::mpsc::sync_channel;
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time;

use super::*;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_lone_caller_waits_for_no_timer() {
    let (doubler, batches) = doubler("tokio: lone", |builder| builder);
    let before = time::Instant::now();
    assert_eq!(doubler.call(7).await, Ok(14));
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert_eq!(seen(&batches), [[7]]);
}

#[tokio::test(start_paused = true)]
async fn a_window_ends_when_it_is_over_and_not_later() {
    let (doubler, batches) = doubler("tokio: window", |builder| {
        builder.linger(Duration::from_millis(10))
    });
    let before = time::Instant::now();
    let mut calls = JoinSet::new();
    for item in 0..5 {
        let doubler = doubler.clone();
        calls.spawn(async move {
            time::sleep(Duration::from_millis(item * 4)).await;
            doubler.call(item).await.unwrap();
            before.elapsed().as_millis()
        });
    }
    let mut ended = calls.join_all().await;
    ended.sort_unstable();
    // The timer of the first starts the window, and no later caller moves it.
    assert_eq!(seen(&batches), [vec![0, 1, 2], vec![3, 4]]);
    assert_eq!(ended, [10, 10, 10, 22, 22]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_get_each_the_answer_of_their_own_item() {
    let (doubler, batches) = doubler("tokio: tasks", |builder| builder.max_size(64));
    let mut calls = JoinSet::new();
    for task in 0..64 {
        let doubler = doubler.clone();
        calls.spawn(async move {
            for item in task * 100..task * 100 + 100 {
                assert_eq!(doubler.call(item).await, Ok(item * 2));
            }
        });
    }
    calls.join_all().await;
    let sizes: Vec<_> = seen(&batches).iter().map(Vec::len).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 6400);
    assert!(sizes.iter().all(|size| *size <= 64));
}

#[tokio::test(start_paused = true)]
async fn batches_form_while_one_runs_and_as_many_run_as_may() {
    for (concurrency, batches) in [
        (1, vec![vec![0], vec![1, 2, 3, 4]]),
        (2, vec![vec![0], vec![1, 2, 3], vec![4]]),
    ] {
        let known = Seen::default();
        let seen_by_body = Arc::clone(&known);
        let batcher = Batcher::builder("tokio: concurrency")
            .concurrency(concurrency)
            .build(move |items: Vec<u64>| {
                seen_by_body.lock().unwrap().push(items.clone());
                async move {
                    time::sleep(Duration::from_secs(1)).await;
                    items
                }
            });
        let mut calls = JoinSet::new();
        for (item, at) in [(0, 0), (1, 100), (2, 100), (3, 100), (4, 200)] {
            let batcher = batcher.clone();
            calls.spawn(async move {
                time::sleep(Duration::from_millis(at)).await;
                batcher.call(item).await.unwrap();
            });
        }
        calls.join_all().await;
        assert_eq!(seen(&known), batches);
    }
}

#[test]
fn two_runtimes_one_after_the_other_use_one_batcher() {
    let (doubler, _) = doubler("tokio: two", |builder| builder);
    for item in 0..2 {
        assert_eq!(runtime().block_on(doubler.call(item)), Ok(item * 2));
    }
}

#[test]
fn when_the_runtime_of_a_batch_ends_its_callers_hear_of_it_and_the_others_go_on() {
    let batcher = Batcher::builder("tokio: dying").build(|items: Vec<u64>| async move {
        if items == [1] {
            pending::<()>().await;
        }
        items
    });
    let dying = runtime();
    let mut first = Box::pin(batcher.call(1));
    dying.block_on(async {
        assert!(futures_once(&mut first).await.is_pending());
        while batcher.stats().batches == 0 {
            tokio::task::yield_now().await;
        }
    });
    let (is_in_line, wait) = sync_channel(0);
    let other = {
        let batcher = batcher.clone();
        thread::spawn(move || {
            runtime().block_on(async {
                let mut call = Box::pin(batcher.call(2));
                assert!(futures_once(&mut call).await.is_pending());
                is_in_line.send(()).unwrap();
                call.await
            })
        })
    };
    wait.recv().unwrap();
    drop(dying);
    assert_eq!(other.join().unwrap(), Ok(2));
    let rejected = block_on(first).unwrap_err();
    assert_eq!(rejected.reason(), Reason::BatchLost);
    assert_eq!(
        rejected.to_string(),
        "what ran this call of `tokio: dying` is gone"
    );
}

#[test]
fn a_runtime_that_has_shut_down_leaves_the_work_to_a_thread() {
    let (doubler, _) = doubler("tokio: shut", |builder| builder);
    let runtime = runtime();
    let handle = runtime.handle().clone();
    drop(runtime);
    let _inside = handle.enter();
    assert_eq!(doubler.call_blocking(3), Ok(6));
}

/// Polls a future once, as a task does.
async fn futures_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(pin!(&mut *future).poll(cx))).await
}
