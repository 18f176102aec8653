use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn delays(growth: Growth, first: Duration, longest: Duration) -> Vec<u64> {
    let backoff = Backoff { growth, first };
    (2..8)
        .map(|attempt| backoff.delay(attempt, longest).as_secs())
        .collect()
}

#[test]
fn delays_grow_as_their_names_say() {
    let far = Duration::MAX;
    assert_eq!(
        delays(Growth::Exponential(2.0), SECOND, far),
        [1, 2, 4, 8, 16, 32]
    );
    assert_eq!(
        delays(Growth::Exponential(3.0), SECOND, far),
        [1, 3, 9, 27, 81, 243]
    );
    assert_eq!(delays(Growth::Constant, SECOND, far), [1; 6]);
    assert_eq!(delays(Growth::Fibonacci, SECOND, far), [1, 1, 2, 3, 5, 8]);
}

#[test]
fn no_delay_is_longer_than_the_longest() {
    let longest = 5 * SECOND;
    assert_eq!(
        delays(Growth::Exponential(2.0), SECOND, longest),
        [1, 2, 4, 5, 5, 5]
    );
    assert_eq!(
        delays(Growth::Fibonacci, 2 * SECOND, longest),
        [2, 2, 4, 5, 5, 5]
    );
    assert_eq!(delays(Growth::Constant, 9 * SECOND, longest), [5; 6]);
}

#[test]
fn nothing_overflows() {
    for growth in [
        Growth::Exponential(2.0),
        Growth::Exponential(f64::INFINITY),
        Growth::Exponential(f64::NAN),
        Growth::Exponential(-1.0),
        Growth::Constant,
        Growth::Fibonacci,
    ] {
        for first in [
            Duration::ZERO,
            Duration::from_nanos(1),
            SECOND,
            Duration::MAX,
        ] {
            let backoff = Backoff { growth, first };
            for attempt in [0, 1, 2, 3, 100, u32::MAX] {
                let delay = backoff.delay(attempt, Duration::MAX);
                assert!(delay <= Duration::from_nanos(u64::MAX));
                assert!(delay >= first.min(Duration::from_nanos(u64::MAX)) || first.is_zero());
            }
        }
    }
}

proptest! {
    #[test]
    fn chance_only_shortens(delay: u64, random: u64) {
        let delay = Duration::from_nanos(delay);
        prop_assert_eq!(Jitter::None.apply(delay, random), delay);
        prop_assert!(Jitter::Full.apply(delay, random) <= delay);
        let equal = Jitter::Equal.apply(delay, random);
        prop_assert!(equal <= delay && equal >= delay / 2);
    }
}

#[test]
fn the_whole_range_can_come() {
    let ten = Duration::from_nanos(10);
    assert_eq!(Jitter::Full.apply(ten, 0), Duration::ZERO);
    assert_eq!(Jitter::Full.apply(ten, u64::MAX), ten);
    assert_eq!(Jitter::Equal.apply(ten, 0), ten / 2);
    assert_eq!(Jitter::Equal.apply(ten, u64::MAX), ten);
}
