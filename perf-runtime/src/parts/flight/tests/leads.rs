//! Who runs, who waits, and who takes over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

use super::world::{Count, Gate, Keeps, World, caught, fall, go_around, poll};
use crate::rt::tests::block_on;

#[test]
fn sixty_four_callers_of_a_missing_key_run_one_body() {
    let world = World::new();
    let gate = Gate::default();
    let mut calls: Vec<_> = (0..64)
        .map(|_| {
            world.get_async(1, async {
                gate.passed().await;
                Ok(7)
            })
        })
        .collect();
    for call in &mut calls {
        assert!(poll(call).is_pending());
    }
    assert_eq!(world.seated(), 63);
    gate.open();
    for call in calls {
        assert_eq!(block_on(call), Ok(7));
    }
    assert_eq!(
        (world.count(Count::Began), world.count(Count::Coalesced)),
        (1, 63)
    );
}

#[test]
fn sixteen_threads_run_one_body() {
    let world = World::new();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let answer = world.get(1, || {
                    world.until(|world| world.seated() == 15);
                    Ok(7)
                });
                assert_eq!(answer, Ok(7));
            });
        }
    });
    assert_eq!(
        (world.count(Count::Began), world.count(Count::Coalesced)),
        (1, 15)
    );
}

#[test]
fn threads_and_futures_wait_for_each_other() {
    let world = World::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            world.get(1, || {
                world.until(|world| world.seated() == 2);
                Ok(1)
            })
        });
        world.until(|world| world.count(Count::Began) == 1);
        scope.spawn(|| assert_eq!(world.get(1, || Ok(3)), Ok(1)));
        assert_eq!(block_on(world.get_async(1, async { Ok(2) })), Ok(1));
    });
    let gate = Gate::default();
    let mut leader = world.get_async(2, async {
        gate.passed().await;
        Ok(4)
    });
    assert!(poll(&mut leader).is_pending());
    thread::scope(|scope| {
        let waiter = scope.spawn(|| world.get(2, || Ok(5)));
        world.until(|world| world.seated() == 1);
        gate.open();
        assert_eq!(block_on(leader), Ok(4));
        assert_eq!(waiter.join().unwrap(), Ok(4));
    });
    assert_eq!(world.count(Count::Began), 2);
}

#[test]
fn what_landed_just_before_is_found_and_not_run_again() {
    let world = World::new();
    // The caller has looked in vain, and comes when the one who led is gone.
    let landing = Keeps::new(&world, 1);
    let late = world.flights.run_async(1, 1, landing, async { Ok(8) });
    assert_eq!(world.get(1, || Ok(7)), Ok(7));
    assert_eq!(block_on(late), Ok(7));
    let mut landing = Keeps::new(&world, 1);
    assert_eq!(world.flights.run(1, 1, &mut landing, || Ok(9)), Ok(7));
    assert_eq!(
        (world.count(Count::Began), world.count(Count::Coalesced)),
        (1, 2)
    );
}

#[test]
fn a_cancelled_body_is_gone_before_the_next_one_begins() {
    struct Slow<'w>(&'w World, &'w AtomicBool);
    impl Drop for Slow<'_> {
        fn drop(&mut self) {
            // While the body is being dropped the key is still led, and whoever comes waits.
            let other = thread::scope(|scope| {
                let other = scope.spawn(|| {
                    let mut call = self.0.get_async(1, async { Ok(2) });
                    let polled = poll(&mut call);
                    polled.is_pending()
                });
                other.join().unwrap()
            });
            assert!(other, "a run began beside a body that is not gone");
            self.1.store(true, SeqCst);
        }
    }
    let world = World::new();
    let is_gone = AtomicBool::new(false);
    let mut leader = world.get_async(1, async {
        let _slow = Slow(&world, &is_gone);
        std::future::pending().await
    });
    assert!(poll(&mut leader).is_pending());
    let mut waiter = world.get_async(1, async {
        assert!(is_gone.load(SeqCst));
        Ok(3)
    });
    assert!(poll(&mut waiter).is_pending());
    drop(leader);
    assert_eq!(block_on(waiter), Ok(3));
    assert_eq!(world.most(), 1);
}

#[test]
fn a_waiter_takes_over_from_a_cancelled_leader_at_once() {
    let world = World::new();
    let mut leader = world.get_async(1, std::future::pending());
    assert!(poll(&mut leader).is_pending());
    let mut waiters = [(); 20].map(|()| world.get_async(1, std::future::pending()));
    for call in &mut waiters {
        assert!(poll(call).is_pending());
    }
    for (number, waiter) in waiters.into_iter().enumerate() {
        drop(std::mem::replace(&mut leader, waiter));
        assert_eq!(world.count(Count::Began), number + 1);
        assert!(poll(&mut leader).is_pending());
        assert_eq!(world.count(Count::Began), number + 2);
    }
    assert_eq!(world.most(), 1);
}

#[test]
fn nobody_is_given_a_lead_who_is_not_polled() {
    let world = World::new();
    let mut leader = world.get_async(1, std::future::pending());
    assert!(poll(&mut leader).is_pending());
    let mut asleep: Vec<_> = (0..3)
        .map(|_| world.get_async(1, async { Ok(1) }))
        .collect();
    for call in &mut asleep {
        assert!(poll(call).is_pending());
    }
    drop(leader);
    // Woken, and none of them polled: the next one to come leads.
    assert_eq!(block_on(world.get_async(1, async { Ok(2) })), Ok(2));
    assert_eq!(world.get(3, || Ok(3)), Ok(3));
    for call in asleep {
        assert_eq!(block_on(call), Ok(2));
    }
}

#[test]
fn a_panic_is_its_callers_and_the_others_go_on() {
    let world = World::new();
    let gate = Gate::default();
    let mut leader = Box::pin(caught(world.get_async(1, async {
        gate.passed().await;
        fall()
    })));
    assert!(poll(&mut leader).is_pending());
    let mut waiter = world.get_async(1, async { Ok(2) });
    assert!(poll(&mut waiter).is_pending());
    gate.open();
    assert_eq!(block_on(leader), None);
    assert_eq!(block_on(waiter), Ok(2));

    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            world.get(2, || {
                world.until(|world| world.seated() == 1);
                fall()
            })
        });
        world.until(|world| world.count(Count::Began) == 3);
        assert_eq!(world.get(2, || Ok(4)), Ok(4));
        assert!(leader.join().is_err());
    });
    assert_eq!(world.count(Count::Panicked), 2);
}

#[test]
fn a_call_that_panicked_and_is_kept_holds_nobody_up() {
    let world = World::new();
    let mut leader = world.get_async(1, async { fall() });
    let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(&mut leader)));
    assert!(polled.is_err());
    assert_eq!(block_on(world.get_async(1, async { Ok(2) })), Ok(2));
    drop(leader);
}

#[test]
fn different_keys_never_wait_for_each_other() {
    for hash in [|key| key, |_| 7, |key| key << 60] {
        let world = World::with(|world| world.hash = hash);
        let mut leaders: Vec<_> = (0..50)
            .map(|key| world.get_async(key, std::future::pending()))
            .collect();
        for leader in &mut leaders {
            assert!(poll(leader).is_pending());
        }
        assert_eq!((world.flights.len(), world.seated()), (50, 0));
        // In an order of its own, so that records leave from everywhere.
        while !leaders.is_empty() {
            let key = leaders.len() as u64 / 2;
            drop(leaders.remove(leaders.len() / 2));
            let fresh = 1000 + key;
            assert_eq!(block_on(world.get_async(fresh, async { Ok(key) })), Ok(key));
        }
    }
}

#[test]
fn one_key_is_one_flight_whoever_shares_its_hash() {
    let world = World::with(|world| world.hash = |_| 7);
    let gate = Gate::default();
    let call = |key, answer| {
        let gate = &gate;
        world.get_async(key, async move {
            gate.passed().await;
            Ok(answer)
        })
    };
    let mut calls: Vec<_> = (0..30)
        .map(|call_number| call(call_number % 10, call_number))
        .collect();
    for call in &mut calls {
        assert!(poll(call).is_pending());
    }
    assert_eq!((world.flights.len(), world.seated()), (10, 20));
    gate.open();
    let answers: Vec<_> = calls.into_iter().map(block_on).collect();
    assert!((0..30).all(|call| answers[call] == Ok(call as u64 % 10)));
    assert_eq!(world.count(Count::Began), 10);
}

#[test]
fn a_runtime_that_shuts_down_hands_its_lead_to_another_one() {
    let world = World::new();
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .unwrap()
    };
    let (first, second) = (runtime(), runtime());
    let leader = world.clone();
    first.spawn(async move { leader.get_async(1, std::future::pending()).await });
    world.until(|world| world.count(Count::Began) == 1);
    let waiter = world.clone();
    let waiter = second.spawn(async move { waiter.get_async(1, async { Ok(2) }).await });
    world.until(|world| world.seated() == 1);
    let blocked = thread::spawn({
        let world = world.clone();
        move || world.get(1, || Ok(2))
    });
    world.until(|world| world.seated() == 2);
    drop(first);
    assert_eq!(second.block_on(waiter).unwrap(), Ok(2));
    assert_eq!(blocked.join().unwrap(), Ok(2));
    assert_eq!(world.count(Count::Answered), 1);
    drop(second);
}

#[test]
fn callers_that_leave_in_any_order_leave_nothing() {
    let world = World::new();
    for keep in 0..8 {
        let mut calls: Vec<_> = (0..8)
            .map(|_| world.get_async(1, std::future::pending()))
            .collect();
        for call in &mut calls {
            assert!(poll(call).is_pending());
        }
        for (number, call) in calls.iter_mut().enumerate() {
            if number != keep {
                *call = world.get_async(2, async { Ok(2) });
            }
        }
        drop(calls);
        world.verify();
    }
}

#[test]
fn a_waker_that_panics_keeps_nobody_from_the_answer() {
    struct Falls;
    impl std::task::Wake for Falls {
        fn wake(self: Arc<Self>) {
            fall();
        }
    }
    let world = World::new();
    let gate = Gate::default();
    let mut leader = world.get_async(1, async {
        gate.passed().await;
        Ok(1)
    });
    assert!(poll(&mut leader).is_pending());
    let mut first = world.get_async(1, async { Ok(2) });
    let falls = std::task::Waker::from(Arc::new(Falls));
    let mut cx = std::task::Context::from_waker(&falls);
    assert!(first.as_mut().poll(&mut cx).is_pending());
    let mut second = world.get_async(1, async { Ok(3) });
    assert!(poll(&mut second).is_pending());
    gate.open();
    assert_eq!(block_on(leader), Ok(1));
    assert_eq!((block_on(second), block_on(first)), (Ok(1), Ok(1)));
}

#[test]
fn the_future_of_a_call_is_hardly_larger_than_its_body() {
    let world = World::new();
    let body = async {
        let large = [0_u8; 512];
        go_around().await;
        Ok(u64::from(large[7]))
    };
    let (body_size, landing) = (size_of_val(&body), Keeps::new(&world, 1));
    let landing_size = size_of_val(&landing);
    let call = world.flights.run_async(1, 1, landing, body);
    let more = size_of_val(&call) - body_size - landing_size;
    assert!(more <= 64, "{more} bytes more than its body");
}
