//! At which instant a call ends, and on which runtimes.

use tokio::time::{Instant, advance, sleep};

use super::*;

#[tokio::test(start_paused = true)]
async fn it_fires_at_the_limit_and_not_before() {
    let site = site!("at the limit", SECOND);
    let start = Instant::now();
    let answer = call(site, async {
        sleep(Duration::from_millis(999)).await;
        Answer::Ok("in time")
    });
    assert_eq!(answer.await, Ok("in time"));
    assert_eq!(start.elapsed(), Duration::from_millis(999));
    let start = Instant::now();
    assert_eq!(
        rejected_by(call(site, pending::<Answer>()).await),
        "at the limit"
    );
    assert_eq!(start.elapsed(), SECOND);
    assert_eq!(
        numbers(site),
        Numbers {
            completed: 1,
            timed_out: 1,
            ..NONE
        }
    );
}

#[tokio::test(start_paused = true)]
async fn the_limit_counts_from_the_first_poll() {
    let site = site!("first poll", SECOND);
    let waiting = call(site, pending::<Answer>());
    sleep(10 * SECOND).await;
    let start = Instant::now();
    waiting.await.unwrap_err();
    assert_eq!(start.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_ready_when_the_time_is_up_wins() {
    let site = site!("photo finish", SECOND);
    let answer = call(site, async {
        sleep(SECOND).await;
        Answer::Ok("just in time")
    });
    assert_eq!(answer.await, Ok("just in time"));
    assert_eq!(numbers(site).timed_out, 0);
}

#[tokio::test(start_paused = true)]
async fn the_body_is_gone_before_the_answer_is_made() {
    let site = site!("drop first", SECOND);
    let log = Arc::new(Mutex::new(Vec::new()));
    let dropped = Dropped(Arc::clone(&log));
    let body = async move {
        pending::<()>().await;
        drop(dropped);
    };
    let reject = |rejected: Rejected| {
        assert!(rejected.is_timeout());
        assert_eq!(numbers(site).timed_out, 1);
        log.lock().unwrap().push("rejected");
    };
    site.get().call_async(Start::now(), body, reject).await;
    assert_eq!(*log.lock().unwrap(), ["body dropped", "rejected"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_uses_up_the_budget_cannot_starve_its_timer() {
    let site = site!("starving", SECOND);
    let start = Instant::now();
    let time_goes_by = tokio::spawn(async {
        loop {
            advance(Duration::from_millis(10)).await;
        }
    });
    let answer = call(site, async {
        // Never pending but for the budget, which is therefore always used up when the timer has its turn.
        while start.elapsed() < 2 * SECOND {
            tokio::task::coop::consume_budget().await;
        }
        Answer::Ok("starved")
    });
    assert_eq!(rejected_by(answer.await), "starving");
    time_goes_by.abort();
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_calls_leave_no_timer_behind() {
    let site = site!("many", SECOND);
    let calls = (0..10_000_u64).map(|i| {
        tokio::spawn(call(site, async move {
            sleep(Duration::from_millis(i % 2_000)).await;
            Answer::Ok("")
        }))
    });
    let mut rejected = 0;
    for call in calls.collect::<Vec<_>>() {
        rejected += u64::from(call.await.unwrap().is_err());
    }
    // Those that take a second exactly are in time.
    assert_eq!(rejected, 5 * 999);
    assert_eq!(
        numbers(site),
        Numbers {
            completed: 10_000 - rejected,
            timed_out: rejected,
            ..NONE
        }
    );
    // A paused clock goes straight to the next timer there is; there is none but this.
    let start = Instant::now();
    sleep(3600 * SECOND).await;
    assert_eq!(start.elapsed(), 3600 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_panics_while_it_is_cancelled_is_counted_once() {
    struct PanicsWhenDropped;
    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("teardown"));
        }
    }
    let site = site!("teardown", SECOND);
    let task = tokio::spawn(call(site, async {
        let _bomb = PanicsWhenDropped;
        pending::<Answer>().await
    }));
    let panicked = task.await.unwrap_err().into_panic();
    assert_eq!(panicked.downcast_ref(), Some(&"teardown"));
    assert_eq!(
        numbers(site),
        Numbers {
            timed_out: 1,
            ..NONE
        }
    );
}

/// Real time and real threads, so what happens to a call is open; that it is counted once is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_call_is_counted_once_on_many_threads() {
    let outer = site!("outer of many", Duration::from_millis(2));
    let inner = site!("inner of many", Duration::from_millis(3));
    let tasks: Vec<_> = (0..2_000_u64)
        .map(|i| {
            tokio::spawn(call(outer, async move {
                for _ in 0..3 {
                    let nap = sleep(Duration::from_millis(i % 3));
                    let body = async {
                        nap.await;
                        Some(())
                    };
                    call(inner, body).await;
                }
                Some(())
            }))
        })
        .collect();
    for (i, task) in tasks.into_iter().enumerate() {
        if i % 10 == 0 {
            task.abort();
        }
        let _ = task.await;
    }
    let (outer, inner) = (numbers(outer), numbers(inner));
    assert_eq!(outer.inflight + inner.inflight, 0);
    assert!(outer.completed + outer.timed_out >= 1_800);
    assert!(outer.completed + outer.timed_out + outer.cancelled <= 2_000);
    assert_eq!(outer.panicked + inner.panicked, 0);
}

#[test]
fn a_runtime_without_a_time_driver_will_do() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let site = site!("no time driver", Duration::from_millis(5));
    for _ in 0..2 {
        let answer = runtime.block_on(call(site, pending::<Answer>()));
        assert_eq!(rejected_by(answer), "no time driver");
    }
}

#[test]
fn a_runtime_that_shuts_down_cancels_its_calls() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let site = site!("shutdown", HOUR);
    let mut outside = Box::pin(call(site, pending::<Answer>()));
    runtime.block_on(async {
        drop(tokio::spawn(call(site, pending::<Answer>())));
        tokio::task::yield_now().await;
        poll_fn(|cx| Poll::Ready(outside.as_mut().poll(cx).is_pending())).await;
    });
    assert_eq!(numbers(site).inflight, 2);
    drop(runtime);
    assert_eq!(
        numbers(site),
        Numbers {
            cancelled: 1,
            inflight: 1,
            ..NONE
        }
    );
    // The other one has outlived its runtime; it is neither rejected early nor does it panic.
    assert!(poll_once(outside.as_mut()).is_pending());
}
