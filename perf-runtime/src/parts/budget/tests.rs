use super::*;
use crate::chance::Chance;

const SECOND: u64 = 1_000_000_000;

/// The bucket as one would write it down: counts every first attempt as it comes.
struct Naive {
    /// In nanoseconds of the floor.
    content: u64,
    at: u64,
    token: u64,
    share: u64,
}

impl Naive {
    fn new(share_percent: u64, floor: u64) -> Self {
        let token = SECOND / floor;
        Self {
            content: FILLING_NS,
            at: 0,
            token,
            share: token * share_percent / 100,
        }
    }

    fn put(&mut self, content: u64) {
        self.content = (self.content + content).min(FILLING_NS);
    }

    fn pass(&mut self, now: u64) {
        self.put(now.saturating_sub(self.at));
        self.at = self.at.max(now);
    }

    fn first(&mut self) {
        self.put(self.share);
    }

    fn take(&mut self) -> bool {
        let enough = self.content >= self.token;
        if enough {
            self.content -= self.token;
        }
        enough
    }
}

#[test]
fn counting_only_while_it_matters_gives_what_counting_always_gives() {
    let seed = 0x1d2c_3b4a_5968_7786;
    println!("seed {seed}");
    let mut random = Chance(seed);
    for (share, floor) in [(10_u32, 10_u32), (0, 1), (100, 7), (5, 1_000)] {
        let budget = Budget::new(f64::from(share) / 100.0, floor);
        let mut naive = Naive::new(u64::from(share), u64::from(floor));
        let (mut now, mut granted, mut refused) = (1_u64, 0_u64, 0_u64);
        for _ in 0..1_000_000 {
            match random.below(1_000) {
                // Calm, a few calls, a storm.
                0 => now += random.below(200 * SECOND / u64::from(floor)),
                1..100 => now += random.below(SECOND / 5 / u64::from(floor)),
                100..500 => {
                    naive.pass(now);
                    naive.first();
                    if budget.first() {
                        budget.look(now);
                    }
                }
                _ => {
                    naive.pass(now);
                    let expected = naive.take();
                    assert_eq!(budget.take(now), expected, "at {now}");
                    *(if expected { &mut granted } else { &mut refused }) += 1;
                }
            }
        }
        assert!(granted > 1_000 && refused > 1_000, "{granted} {refused}");
    }
}

#[test]
fn a_full_bucket_gives_ten_seconds_of_the_floor_at_once() {
    let budget = Budget::new(0.1, 10);
    let granted = (0..1_000).filter(|_| budget.take(5 * SECOND)).count();
    assert_eq!(granted, 100);
    assert!(!budget.take(5 * SECOND + SECOND / 10 - 1));
    assert!(budget.take(5 * SECOND + SECOND / 10));
}

#[test]
fn a_storm_is_repeated_by_its_share() {
    let budget = Budget::new(0.1, 10);
    let mut granted = 0;
    for _ in 0..100_000 {
        budget.first();
        granted += u32::from(budget.take(SECOND));
    }
    // The bucket, which was full, and a tenth.
    assert!((10_099..=10_100).contains(&granted), "{granted}");
}

#[test]
fn nothing_is_counted_while_the_bucket_is_full() {
    let budget = Budget::new(0.1, 10);
    assert!(!budget.first());
    assert_eq!(budget.firsts.ever(0), 0);
    budget.take(SECOND);
    budget.first();
    assert_eq!(budget.firsts.ever(0), 1);

    let looks = (0..1_000).filter(|_| budget.first()).count();
    assert_eq!(looks, 3);
    budget.look(20 * SECOND);
    budget.first();
    assert_eq!(budget.firsts.ever(0), 1_001);
}

#[test]
fn an_empty_bucket_goes_on_being_watched() {
    let budget = Budget::new(0.0, 1);
    while budget.take(SECOND) {}
    budget.look(2 * SECOND);
    budget.first();
    assert_eq!(budget.firsts.ever(0), 1);
}

#[test]
fn no_clock_and_no_share_hurts() {
    for share in [f64::NAN, -1.0, 7.0, f64::INFINITY] {
        let budget = Budget::new(share, u32::MAX);
        assert!(budget.take(u64::MAX));
        budget.look(u64::MAX);
        assert!(
            !budget.take(0),
            "a clock that goes back leaves an empty bucket at worst"
        );
        assert!(budget.take(SECOND), "which time fills");
    }
    let budget = Budget::new(0.1, 10);
    budget.take(1_000 * SECOND);
    while budget.take(0) {}
    assert!(budget.take(SECOND), "and one that fills up again");
}

#[test]
fn threads_take_no_token_twice() {
    let budget = Budget::new(0.0, 10);
    let granted: usize = std::thread::scope(|scope| {
        let take = || (0..1_000).filter(|_| budget.take(SECOND)).count();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(granted, 100);
}
