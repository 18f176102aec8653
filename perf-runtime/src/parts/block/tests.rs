use std::sync::atomic::AtomicBool;
use std::thread;

use super::*;

/// As many as a real run or an interpreter (`cargo miri test`) has time for.
const CALLS: u64 = if cfg!(miri) { 70 } else { 300_000 };

fn timed(elapsed: u64) -> Times {
    Times {
        elapsed,
        own: elapsed,
        busy: elapsed,
    }
}

fn call(block: &Block, elapsed: u64) {
    block.start();
    block.end(Ending::Ok);
    block.time(timed(elapsed));
}

fn read(block: &Block, era: u64) -> Totals {
    let mut totals = Totals::new();
    block.add_ended(era, &mut Copied::new(), &mut totals);
    block.add_started(&mut totals);
    totals
}

fn counted(totals: &Totals) -> u64 {
    totals.buckets.iter().map(|(_, count)| count).sum()
}

#[test]
fn everything_is_exact_at_every_place_of_the_ring() {
    clock::test::set(0);
    let block = Block::new();
    for elapsed in 1..=100_u64 {
        call(&block, elapsed);
        let totals = read(&block, 0);
        assert_eq!(totals.timed, elapsed);
        assert_eq!(totals.sum, u128::from(elapsed * (elapsed + 1) / 2));
        assert_eq!((totals.min, totals.max), (1, elapsed));
        assert_eq!(counted(&totals), elapsed);
        assert_eq!(totals.outcomes, [elapsed, 0, 0, 0]);
        assert_eq!(totals.in_flight(), 0);
    }
}

#[test]
fn the_sum_does_not_overflow() {
    clock::test::set(0);
    let block = Block::new();
    for _ in 0..64 {
        call(&block, u64::MAX);
    }
    assert_eq!(read(&block, 0).sum, 64 * u128::from(u64::MAX));
}

#[test]
fn a_full_bucket_asks_for_room_and_never_wraps() {
    clock::test::set(0);
    let block = Block::new();
    let bucket = &block.buckets[histogram::index(5)];
    block.groups.store(u64::MAX, Relaxed);
    bucket.store(u32::MAX - 1, Relaxed);
    let asked = (0..PENDING).filter(|_| block.time(timed(5))).count();
    assert_eq!(asked, 1);
    assert_eq!(bucket.load(Relaxed), u32::MAX);
}

#[test]
fn an_old_era_shows_only_what_is_in_flight() {
    let block = Block::new();
    call(&block, 7);
    block.start();
    let totals = read(&block, 1);
    assert_eq!((totals.calls(), totals.timed), (0, 0));
    assert_eq!(totals.in_flight(), 1);
    block.begin(1);
    block.end(Ending::Error);
    let totals = read(&block, 1);
    assert_eq!(totals.outcomes, [0, 1, 0, 0]);
    assert_eq!(totals.in_flight(), 0);
}

#[test]
fn a_cleared_block_is_a_new_one() {
    let block = Block::new();
    for elapsed in 0..50 {
        call(&block, elapsed);
    }
    block.begin(3);
    call(&block, 1);
    block.clear();
    let totals = read(&block, 0);
    assert_eq!((totals.calls(), totals.timed, totals.max), (0, 0, 0));
    assert_eq!(totals.min, u64::MAX);
    assert_eq!(totals.in_flight(), 0);
}

#[test]
fn a_reader_never_sees_half_a_fold() {
    let block = Block::new();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            clock::test::set(0);
            for _ in 0..CALLS {
                call(&block, 10);
            }
            done.store(true, Release);
        });
        clock::test::set(0);
        let mut last = 0;
        while !done.load(Acquire) {
            let totals = read(&block, 0);
            assert_eq!(totals.sum, u128::from(totals.timed) * 10);
            assert_eq!(counted(&totals), totals.timed);
            assert!(totals.timed >= last, "a count went down");
            assert!(totals.calls() >= totals.timed);
            last = totals.timed;
            thread::yield_now();
        }
    });
    let totals = read(&block, 0);
    assert_eq!((totals.timed, totals.calls()), (CALLS, CALLS));
}

#[test]
fn what_is_read_from_an_owner_held_up_in_a_fold_agrees_with_itself() {
    clock::test::set(0);
    let block = Block::new();
    for elapsed in 1..=70 {
        call(&block, elapsed);
    }
    let epoch = block.open();
    block.buckets[7].store(5, Relaxed);
    let torn = read(&block, 0);
    assert_eq!(torn.timed, counted(&torn));
    assert!(torn.timed <= torn.calls());
    block.buckets[7].store(1, Relaxed);
    block.close(epoch);
    let whole = read(&block, 0);
    assert_eq!((whole.timed, counted(&whole)), (70, 70));
}

#[test]
fn a_time_that_stands_for_many_is_that_of_each_of_them() {
    clock::test::set(0);
    let (one, each) = (Block::new(), Block::new());
    for calls in (1..=40).chain((1..=40).rev()) {
        one.time_many(timed(calls), calls);
        for _ in 0..calls {
            each.time(timed(calls));
        }
        let [one, each] = [&one, &each].map(|block| read(block, 0));
        assert!(one.buckets.iter().eq(each.buckets.iter()), "{calls}");
        assert_eq!(
            (one.timed, one.sum, one.own),
            (each.timed, each.sum, each.own)
        );
        assert_eq!(
            (one.min, one.max, one.busy),
            (each.min, each.max, each.busy)
        );
    }
}
