//! A call that would wait for itself goes alone, and never hangs.

use std::sync::Barrier;
use std::thread;

use super::world::{Answer, Count, Gate, World, go_around, poll};
use crate::rt::tests::block_on;

fn plus_one(answer: Answer) -> Answer {
    answer.map(|number| number + 1)
}

#[test]
fn a_thread_that_asks_for_the_key_it_runs_goes_alone() {
    let world = World::new();
    let answer = world.get(1, || {
        plus_one(world.get(1, || plus_one(world.get(1, || Ok(0)))))
    });
    assert_eq!(answer, Ok(2));
    assert_eq!(world.count(Count::Cycle), 2);
    assert_eq!(world.kept(1), Some(2));
}

#[test]
fn a_future_that_asks_for_the_key_it_runs_goes_alone() {
    let world = World::new();
    let innermost = async {
        go_around().await;
        Ok(0)
    };
    let inner = world.get_async(1, innermost);
    let middle = async { plus_one(inner.await) };
    let middle = world.get_async(1, middle);
    let outer = async {
        go_around().await;
        plus_one(middle.await)
    };
    assert_eq!(block_on(world.get_async(1, outer)), Ok(2));
    assert_eq!(world.count(Count::Cycle), 2);
    assert_eq!(world.kept(1), Some(2));
}

#[test]
fn a_key_that_comes_back_through_another_one_goes_alone() {
    let world = World::new();
    let through = |key| {
        world.get(key, || {
            plus_one(world.get(key + 1, || plus_one(world.get(key, || Ok(0)))))
        })
    };
    assert_eq!(through(1), Ok(2));
    let inner = world.get_async(11, async { Ok(0) });
    let middle = world.get_async(12, async { plus_one(inner.await) });
    let outer = world.get_async(11, async { plus_one(middle.await) });
    assert_eq!(block_on(outer), Ok(2));
    assert_eq!(world.count(Count::Cycle), 2);
    let kept = [1, 2, 11, 12].map(|key| world.kept(key));
    assert_eq!(kept, [Some(2), Some(1), Some(2), Some(1)]);
}

/// Keys from 1 to `innermost`, each within the one before, and in the last of them `again`.
fn within_each_other(world: &World, key: u64, innermost: u64, again: u64) -> Answer {
    world.get(key, || {
        plus_one(if key < innermost {
            within_each_other(world, key + 1, innermost, again)
        } else {
            world.get(again, || Ok(0))
        })
    })
}

#[test]
fn a_key_that_comes_back_from_far_within_goes_alone() {
    for innermost in [7, 8, 9, 10, 30] {
        for again in [1, innermost / 2, innermost - 1, innermost] {
            let world = World::new();
            let answer = within_each_other(&world, 1, innermost, again);
            assert_eq!((answer, world.count(Count::Cycle)), (Ok(innermost), 1));
        }
    }
}

#[test]
fn what_is_done_far_within_is_forgotten_there() {
    let world = World::new();
    world
        .get(100, || {
            for innermost in [30, 12, 20, 9, 40] {
                let other = within_each_other(&world, 1, innermost, 200);
                assert_eq!(other, Ok(innermost));
                (1..=innermost)
                    .chain([200])
                    .for_each(|key| world.invalidate(key));
            }
            Ok(0)
        })
        .unwrap();
    assert_eq!(world.count(Count::Cycle), 0);
}

#[test]
fn two_threads_that_want_each_others_key_both_end() {
    let world = World::new();
    let both_run = Barrier::new(2);
    thread::scope(|scope| {
        for (own, other) in [(1, 2), (2, 1)] {
            let (world, both_run) = (&world, &both_run);
            scope.spawn(move || {
                let answer = world.get(own, || {
                    both_run.wait();
                    plus_one(world.get(other, || Ok(0)))
                });
                assert!(answer.is_ok());
            });
        }
    });
    assert_eq!(world.count(Count::Cycle), 1);
}

#[test]
fn a_ring_of_tasks_ends() {
    let world = World::new();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    let all_run = Gate::default();
    let tasks: Vec<_> = (0..5_u64)
        .map(|key| {
            let (world, all_run) = (world.clone(), all_run.clone());
            runtime.spawn(async move {
                let body = async {
                    all_run.passed().await;
                    plus_one(world.get_async((key + 1) % 5, async { Ok(0) }).await)
                };
                world.get_async(key, body).await
            })
        })
        .collect();
    world.until(|world| world.count(Count::Began) == 5);
    all_run.open();
    for task in tasks {
        assert!(runtime.block_on(task).unwrap().is_ok());
    }
    assert_eq!(world.count(Count::Cycle), 1);
}

#[test]
fn a_cycle_through_two_branches_of_one_task_ends() {
    let world = World::new();
    let branch = |own, other| {
        let world = &world;
        world.get_async(own, async move {
            go_around().await;
            plus_one(world.get_async(other, async { Ok(0) }).await)
        })
    };
    let (one, two) = block_on(async { tokio::join!(branch(1, 2), branch(2, 1)) });
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(world.count(Count::Cycle), 1);
}

#[test]
fn the_same_key_in_two_branches_of_one_task_is_one_run() {
    let world = World::new();
    let branch = || {
        world.get_async(1, async {
            for _ in 0..100 {
                go_around().await;
            }
            Ok(7)
        })
    };
    let answers = block_on(async { tokio::join!(branch(), branch(), branch()) });
    assert_eq!(answers, (Ok(7), Ok(7), Ok(7)));
    assert_eq!(world.count(Count::Began), 1);
}

#[test]
fn a_body_that_asks_for_its_key_while_it_is_dropped_goes_alone() {
    struct Asks<'w>(&'w World);
    impl Drop for Asks<'_> {
        fn drop(&mut self) {
            assert_eq!(self.0.get(1, || Ok(5)), Ok(5));
        }
    }
    let world = World::new();
    let mut call = world.get_async(1, async {
        let _asks = Asks(&world);
        std::future::pending().await
    });
    assert!(poll(&mut call).is_pending());
    drop(call);
    assert_eq!(world.count(Count::Cycle), 1);
    let answer = world.get(2, || {
        let _asks = Asks(&world);
        world.get(1, || Ok(5))
    });
    assert_eq!(answer, Ok(5));
}

#[test]
fn waits_that_make_no_cycle_are_waited_for() {
    let world = World::new();
    let gate = Gate::default();
    let mut slow = world.get_async(9, async {
        gate.passed().await;
        Ok(9)
    });
    assert!(poll(&mut slow).is_pending());
    let nested = |key| {
        let world = &world;
        world.get_async(key, async move {
            plus_one(world.get_async(9, async { Ok(0) }).await)
        })
    };
    let (mut one, mut two) = (nested(1), nested(2));
    assert!(poll(&mut one).is_pending());
    assert!(poll(&mut two).is_pending());
    assert_eq!(world.seated(), 2);
    gate.open();
    assert_eq!(
        (block_on(slow), block_on(one), block_on(two)),
        (Ok(9), Ok(10), Ok(10))
    );
    assert_eq!(world.count(Count::Cycle), 0);
}
