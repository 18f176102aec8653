use super::*;

const MS: u64 = 1_000_000;

fn close(value: Option<u64>, expected: u64) -> bool {
    value.is_some_and(|value| value >= expected && value <= expected + expected / 40)
}

#[test]
fn nothing_is_known_before_there_are_enough() {
    let percentile = Percentile::new(0.95);
    for n in 1..ENOUGH {
        percentile.record(n * MS);
        assert_eq!(percentile.get(), None);
    }
    percentile.record(100 * MS);
    assert!(close(percentile.get(), 95 * MS), "{:?}", percentile.get());
}

#[test]
fn what_is_old_is_forgotten() {
    let percentile = Percentile::new(0.5);
    for _ in 0..100_000 {
        percentile.record(10 * MS);
    }
    assert!(close(percentile.get(), 10 * MS));
    for _ in 0..2 * MANY {
        percentile.record(50 * MS);
    }
    assert!(close(percentile.get(), 50 * MS));
}

#[test]
fn no_duration_and_no_share_hurts() {
    for share in [f64::NAN, -1.0, 0.0, 1.0, 7.0] {
        let percentile = Percentile::new(share);
        for nanos in [0, 1, u64::MAX] {
            for _ in 0..ENOUGH {
                percentile.record(nanos);
            }
        }
        assert!(percentile.get().is_some(), "{share}");
    }
}

#[test]
fn threads_do_not_lose_durations() {
    let percentile = Percentile::new(0.9);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (1..=1_000).for_each(|n| percentile.record(n * MS)));
        }
    });
    let all: u32 = percentile
        .counts
        .iter()
        .map(|count| count.load(Relaxed))
        .sum();
    assert!(all <= 4_000 && percentile.recorded.load(Relaxed) == 4_000);
    assert!(percentile.get().is_some());
}
