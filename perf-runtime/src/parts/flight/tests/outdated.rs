//! What is outdated while it is made is never kept.

use super::world::{Answer, Count, Gate, World, poll};
use crate::rt::tests::block_on;

type Outdate = fn(&World);

const WAYS: [Outdate; 2] = [
    |world| world.invalidate(1),
    |world| world.flights.outdate_all(),
];

#[test]
fn an_invalidation_beats_a_load_in_flight() {
    for outdate in WAYS {
        let world = World::new();
        let old = world.get(1, || {
            outdate(&world);
            Ok(1)
        });
        assert_eq!((old, world.kept(1)), (Ok(1), None));
        let old = block_on(world.get_async(1, async {
            outdate(&world);
            Ok(1)
        }));
        assert_eq!((old, world.kept(1)), (Ok(1), None));
        assert_eq!(world.get(1, || Ok(2)), Ok(2));
        assert_eq!(world.kept(1), Some(2));
    }
}

#[test]
fn who_came_before_gets_the_old_answer_and_who_comes_after_a_new_one() {
    for outdate in WAYS {
        let world = World::new();
        let gate = Gate::default();
        let load = |answer| {
            let gate = &gate;
            world.get_async(1, async move {
                gate.passed().await;
                Ok(answer)
            })
        };
        let (mut leader, mut before) = (load(1), load(2));
        assert!(poll(&mut leader).is_pending() && poll(&mut before).is_pending());
        outdate(&world);
        let (mut after, mut last) = (load(3), load(4));
        assert!(poll(&mut after).is_pending() && poll(&mut last).is_pending());
        // Nothing runs beside the one that is outdated, and once is as good as often.
        outdate(&world);
        assert_eq!(world.count(Count::Began), 1);
        gate.open();
        assert_eq!((block_on(leader), block_on(before)), (Ok(1), Ok(1)));
        assert_eq!(world.kept(1), None);
        assert_eq!((block_on(after), block_on(last)), (Ok(3), Ok(3)));
        assert_eq!(world.kept(1), Some(3));
        assert_eq!((world.count(Count::Began), world.most()), (2, 1));
    }
}

#[test]
fn a_later_invalidation_beats_the_next_load_as_well() {
    let world = World::new();
    let gates = [Gate::default(), Gate::default()];
    let load = |answer: u64, gate: &Gate| {
        let gate = gate.clone();
        world.get_async(1, async move {
            gate.passed().await;
            Ok(answer)
        })
    };
    let mut first = load(1, &gates[0]);
    assert!(poll(&mut first).is_pending());
    world.invalidate(1);
    let mut second = load(2, &gates[1]);
    assert!(poll(&mut second).is_pending());
    gates[0].open();
    assert_eq!(block_on(first), Ok(1));
    assert!(poll(&mut second).is_pending());
    assert_eq!(world.count(Count::Began), 2);
    world.invalidate(1);
    let mut third = load(3, &gates[1]);
    assert!(poll(&mut third).is_pending());
    gates[1].open();
    assert_eq!((block_on(second), world.kept(1)), (Ok(2), None));
    assert_eq!((block_on(third), world.kept(1)), (Ok(3), Some(3)));
}

#[test]
fn a_leader_that_takes_over_from_an_outdated_one_is_not_outdated() {
    let world = World::new();
    let mut leader = world.get_async(1, std::future::pending::<Answer>());
    let mut waiter = world.get_async(1, async { Ok(2) });
    assert!(poll(&mut leader).is_pending() && poll(&mut waiter).is_pending());
    world.invalidate(1);
    drop(leader);
    assert_eq!(block_on(waiter), Ok(2));
    assert_eq!(world.kept(1), Some(2));
}

#[test]
fn other_keys_are_not_outdated_whatever_their_hash() {
    let world = World::with(|world| world.hash = |_| 7);
    let answers = [1, 2, 3].map(|key| {
        world.get(key, || {
            world.invalidate(2);
            Ok(key)
        })
    });
    assert_eq!(answers, [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(
        [1, 2, 3].map(|key| world.kept(key)),
        [Some(1), None, Some(3)]
    );
    let nested = world.get(4, || {
        world.get(5, || {
            world.invalidate(4);
            Ok(5)
        })
    });
    assert_eq!(
        (nested, world.kept(4), world.kept(5)),
        (Ok(5), None, Some(5))
    );
}
