//! Callers that are alive and no longer polled, and waits that last too long.

use std::thread;
use std::time::Duration;

use super::world::{Count, Gate, World, poll};
use crate::parts::flight::waiter::Step;
use crate::parts::flight::{Entry, Flights};
use crate::rt::tests::block_on;

#[test]
fn a_leader_that_its_own_task_forgot_loses_the_lead_at_once() {
    let world = World::new();
    let answer = block_on(async {
        let mut forgotten = world.get_async(1, std::future::pending());
        tokio::select! {
            biased;
            _ = &mut forgotten => unreachable!(),
            () = std::future::ready(()) => {}
        }
        // The branch that was not taken is alive, leads, and is polled by nobody.
        let answer = world.get_async(1, async { Ok(2) }).await;
        drop(forgotten);
        answer
    });
    assert_eq!(answer, Ok(2));
    assert_eq!(
        (
            world.count(Count::Deserted),
            world.count(Count::WaitExpired)
        ),
        (1, 0)
    );
    assert_eq!(world.kept(1), Some(2));
}

#[test]
fn a_leader_that_was_deserted_and_comes_back_answers_its_caller_alone() {
    let world = World::new();
    let gate = Gate::default();
    let answers = block_on(async {
        let mut forgotten = world.get_async(1, async {
            gate.passed().await;
            Ok(1)
        });
        assert!(
            std::future::poll_fn(|cx| std::task::Poll::Ready(forgotten.as_mut().poll(cx)))
                .await
                .is_pending()
        );
        let second = world.get_async(1, async { Ok(2) }).await;
        gate.open();
        (forgotten.await, second)
    });
    assert_eq!(answers, (Ok(1), Ok(2)));
    assert_eq!(world.kept(1), Some(2));
}

#[test]
fn a_thread_does_not_wait_for_a_leader_that_nobody_polls() {
    let world = World::with(|world| world.flights = Flights::new(Duration::from_millis(80)));
    let mut forgotten = world.get_async(1, std::future::pending());
    assert!(poll(&mut forgotten).is_pending());
    assert_eq!(world.get(1, || Ok(2)), Ok(2));
    // A thread that sleeps too long on a busy machine finds that it has waited enough.
    let left = world.count(Count::Deserted) + world.count(Count::WaitExpired);
    assert_eq!(left, 1);
    drop(forgotten);
}

#[test]
fn a_leader_is_deserted_when_it_was_woken_and_not_polled_until_the_next_look() {
    let world = World::new();
    let mut leader = world.get_async(1, std::future::pending());
    assert!(poll(&mut leader).is_pending());
    let Entry::Wait(mut waiter) = world.flights.enter((world.hash)(1), &mut Some(1)) else {
        panic!("nobody leads");
    };
    assert!(matches!(waiter.probe(), Step::Wait));
    // It was polled when it was woken.
    assert!(poll(&mut leader).is_pending());
    assert!(matches!(waiter.probe(), Step::Wait));
    assert!(poll(&mut leader).is_pending());
    assert!(matches!(waiter.look(None), Step::Wait));
    assert!(matches!(waiter.probe(), Step::Wait));
    assert!(matches!(waiter.probe(), Step::Desert(_)));
    drop(leader);
}

#[test]
fn a_thread_that_has_waited_enough_goes_alone() {
    let world = World::with(|world| world.flights = Flights::new(Duration::from_millis(1)));
    let gate = Gate::default();
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            world.get(1, || {
                gate.pass();
                Ok(1)
            })
        });
        world.until(|world| world.count(Count::Began) == 1);
        assert_eq!(world.get(1, || Ok(2)), Ok(2));
        gate.open();
        assert_eq!(leader.join().unwrap(), Ok(1));
    });
    // What ran alone is not kept.
    assert_eq!(
        (world.kept(1), world.count(Count::WaitExpired)),
        (Some(1), 1)
    );
}

#[test]
fn a_wait_of_zero_is_none_and_the_longest_is_no_overflow() {
    let world = World::with(|world| world.flights = Flights::new(Duration::ZERO));
    let mut leader = world.get_async(1, std::future::pending());
    assert!(poll(&mut leader).is_pending());
    assert_eq!(block_on(world.get_async(1, async { Ok(2) })), Ok(2));
    assert_eq!(world.get(1, || Ok(3)), Ok(3));
    assert_eq!(world.count(Count::WaitExpired), 2);
    drop(leader);

    let world = World::with(|world| world.flights = Flights::new(Duration::MAX));
    let gate = Gate::default();
    let mut leader = world.get_async(1, async {
        gate.passed().await;
        Ok(1)
    });
    let mut waiter = world.get_async(1, async { Ok(2) });
    assert!(poll(&mut leader).is_pending() && poll(&mut waiter).is_pending());
    gate.open();
    assert_eq!((block_on(leader), block_on(waiter)), (Ok(1), Ok(1)));
}

#[cfg(feature = "tokio")]
mod paused {
    use std::future::pending;
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::super::world::{Count, World, poll};

    fn paused() -> tokio::runtime::Runtime {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().start_paused(true).build().unwrap()
    }

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_leader_that_nobody_polls_delays_others_by_a_quarter_of_the_wait() {
        let world = World::new();
        paused().block_on(async {
            let mut forgotten = world.get_async(1, pending());
            assert!(poll(&mut forgotten).is_pending());
            let start = Instant::now();
            let others = [(); 5].map(|()| {
                let world = world.clone();
                tokio::spawn(async move { world.get_async(1, async { Ok(2) }).await })
            });
            for other in others {
                assert_eq!(other.await.unwrap(), Ok(2));
            }
            assert!(start.elapsed() <= super::super::world::WAIT / 4 + Duration::from_millis(10));
            drop(forgotten);
        });
        assert_eq!(
            (world.count(Count::Began), world.count(Count::Deserted)),
            (2, 1)
        );
    }

    #[test]
    fn a_leader_that_is_merely_slow_keeps_the_lead() {
        let world = World::new();
        paused().block_on(async {
            let call = || {
                let world = world.clone();
                tokio::spawn(async move {
                    let body = async {
                        sleep(seconds(9)).await;
                        Ok(1)
                    };
                    world.get_async(1, body).await
                })
            };
            for call in [call(), call(), call()] {
                assert_eq!(call.await.unwrap(), Ok(1));
            }
        });
        assert_eq!(world.count(Count::Began), 1);
    }

    #[test]
    fn who_has_waited_for_as_long_as_it_may_goes_alone() {
        let world = World::new();
        paused().block_on(async {
            let leader = world.clone();
            let leader = tokio::spawn(async move {
                let body = async {
                    sleep(seconds(25)).await;
                    Ok(1)
                };
                leader.get_async(1, body).await
            });
            tokio::task::yield_now().await;
            let start = Instant::now();
            assert_eq!(world.get_async(1, async { Ok(2) }).await, Ok(2));
            assert_eq!(start.elapsed(), seconds(10));
            assert_eq!(leader.await.unwrap(), Ok(1));
        });
        assert_eq!(
            (world.count(Count::WaitExpired), world.kept(1)),
            (1, Some(1))
        );
    }

    #[test]
    fn a_cycle_that_cannot_be_seen_ends_with_the_wait() {
        let world = World::new();
        paused().block_on(async {
            let inner = world.clone();
            let body = async {
                // What is spawned does not know who spawned it.
                let spawned =
                    tokio::spawn(async move { inner.get_async(1, async { Ok(1) }).await });
                spawned.await.unwrap()
            };
            assert_eq!(world.get_async(1, body).await, Ok(1));
        });
        assert_eq!(world.count(Count::WaitExpired), 1);
    }

    #[test]
    fn the_wait_is_not_renewed_by_leaders_that_give_up() {
        let world = World::new();
        paused().block_on(async {
            let start = Instant::now();
            for _ in 0..10 {
                let leader = world.clone();
                tokio::spawn(async move {
                    let call = leader.get_async(1, pending());
                    tokio::time::timeout(seconds(3), call).await
                });
            }
            tokio::task::yield_now().await;
            let waiter = tokio::time::timeout(seconds(60), async {
                // The last in the queue, and never the one that takes over.
                let body = async {
                    sleep(seconds(1)).await;
                    Ok(2)
                };
                world.get_async(1, body).await
            });
            assert_eq!(waiter.await.unwrap(), Ok(2));
            assert!(start.elapsed() <= seconds(11));
        });
    }
}
