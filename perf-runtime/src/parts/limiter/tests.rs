//! The bucket against one that counts tokens, under clocks that run, leap and go back.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::keyed::{Holder, Keyed};
use super::{Decision, Gcra, NEVER, Promise, Quota};
use crate::chance::{Chance, calls};

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;

fn per_second(times: u64, burst: u32) -> Quota {
    Quota::new(times, SECOND, burst, MINUTE)
}

fn promised(decision: Decision) -> (u64, Promise) {
    match decision {
        Decision::Promised(wait, promise) => (wait, promise),
        other => panic!("no promise: {other:?}"),
    }
}

/// A bucket that counts: a token is worth its interval, so that all numbers are whole.
struct Tokens {
    interval: u64,
    most: u64,
    there: u64,
    at: u64,
}

impl Tokens {
    fn new(interval: u64, burst: u32) -> Self {
        let most = interval * u64::from(burst);
        Self {
            interval,
            most,
            there: most,
            at: 0,
        }
    }

    /// Nothing when they are there and taken; else after which time they are.
    fn take(&mut self, now: u64, tokens: u32) -> Option<u64> {
        self.there = self.there.saturating_add(now - self.at).min(self.most);
        self.at = now;
        let price = self.interval * u64::from(tokens);
        match self.there.checked_sub(price) {
            Some(left) => {
                self.there = left;
                None
            }
            None => Some(price - self.there),
        }
    }
}

#[test]
fn decides_as_a_bucket_that_counts_tokens_whatever_leaps_forward() {
    let mut random = Chance::seeded();
    for _ in 0..20 {
        let interval = 1 + random.below(1000);
        let burst = 1 + u32::try_from(random.below(50)).unwrap();
        let quota = Quota::new(1, interval, burst, MINUTE);
        let (gcra, mut tokens, mut now) = (Gcra::new(), Tokens::new(interval, burst), 0_u64);
        for _ in 0..calls(100_000) {
            now += match random.below(100) {
                0 => random.below(interval * 200),
                1..40 => 0,
                _ => random.below(interval),
            };
            let asked = u32::try_from(random.below(4)).unwrap().min(burst);
            let expected = match tokens.take(now, asked) {
                None => Decision::Allowed,
                Some(after) => Decision::Refused(after),
            };
            assert_eq!(gcra.take(&quota, now, asked, 0), expected, "at {now}");
            let level = u32::try_from(tokens.there / interval).unwrap();
            assert_eq!(gcra.level(&quota, now), level);
        }
    }
}

/// How much more was given than came back: what a limit bounds over every length of time at once.
struct Excess {
    interval: u64,
    most: u64,
    above: u64,
    at: u64,
}

impl Excess {
    fn new(interval: u64, burst: u32) -> Self {
        let most = interval * u64::from(burst);
        Self {
            interval,
            most,
            above: 0,
            at: 0,
        }
    }

    fn pass(&mut self, now: u64) {
        self.above = self.above.saturating_sub(now - self.at);
        self.at = now;
    }

    fn given(&mut self, tokens: u32) {
        self.above += self.interval * u64::from(tokens);
        assert!(
            self.above <= self.most,
            "more than burst + rate x time at {}",
            self.at
        );
    }
}

#[test]
fn no_leap_of_the_clock_brings_more_than_one_full_bucket() {
    let mut random = Chance::seeded();
    for _ in 0..20 {
        let interval = 1 + random.below(1000);
        let burst = 1 + u32::try_from(random.below(20)).unwrap();
        let depth = interval * u64::from(burst);
        let quota = Quota::new(1, interval, burst, depth);
        let (gcra, mut excess) = (Gcra::new(), Excess::new(interval, burst));
        // What has passed, and what the clock says.
        let (mut passed, mut now) = (0_u64, depth * 100);
        let mut allowed = 0_u64;
        for _ in 0..calls(100_000) {
            let step = random.below(interval * 2);
            passed += step;
            now += step;
            match random.below(1000) {
                0 => {
                    now += random.below(depth * 10);
                    excess.above = 0;
                }
                1..20 => now = now.saturating_sub(random.below(depth)),
                20..22 => now = now.saturating_sub(random.below(depth * 10)),
                _ => {}
            }
            excess.pass(passed);
            if gcra.take(&quota, now, 1, 0) == Decision::Allowed {
                allowed += 1;
                excess.given(1);
            }
        }
        assert!(allowed > 0);
    }
}

#[test]
fn a_clock_that_begins_anew_does_not_stop_what_it_limits() {
    let quota = per_second(10, 5);
    let gcra = Gcra::new();
    let later = 1_000_000 * SECOND;
    for _ in 0..5 {
        assert_eq!(gcra.take(&quota, later, 1, 0), Decision::Allowed);
    }
    // A second back is waited for; a million is not, and begins with an empty bucket.
    assert_eq!(
        gcra.take(&quota, later - SECOND, 1, 0),
        Decision::Refused(SECOND + SECOND / 10)
    );
    assert_eq!(gcra.take(&quota, 0, 1, 0), Decision::Refused(SECOND / 10));
    assert_eq!(gcra.take(&quota, SECOND / 10, 1, 0), Decision::Allowed);
}

#[test]
fn what_it_says_of_the_time_is_exact() {
    let quota = per_second(3, 1);
    let gcra = Gcra::new();
    assert_eq!(gcra.take(&quota, 7, 1, 0), Decision::Allowed);
    let Decision::Refused(after) = gcra.take(&quota, 7, 1, 0) else {
        panic!("there was a second token");
    };
    assert_eq!(after, 333_333_334);
    assert_eq!(gcra.take(&quota, 7 + after - 1, 1, 0), Decision::Refused(1));
    assert_eq!(gcra.take(&quota, 7 + after, 1, 0), Decision::Allowed);
}

#[test]
fn what_never_fits_is_refused_for_ever_and_takes_nothing() {
    let quota = per_second(10, 5);
    let gcra = Gcra::new();
    assert_eq!(gcra.take(&quota, 0, 6, u64::MAX), Decision::Refused(NEVER));
    assert_eq!(gcra.take(&quota, 0, 5, 0), Decision::Allowed);
    assert_eq!(gcra.take(&quota, 0, 0, 0), Decision::Allowed);
}

#[test]
fn promises_are_for_one_moment_each_in_the_order_they_were_made() {
    let quota = per_second(10, 1);
    let gcra = Gcra::new();
    assert_eq!(gcra.take(&quota, 0, 1, 0), Decision::Allowed);
    let (first, one) = promised(gcra.take(&quota, 0, 1, u64::MAX));
    let (second, two) = promised(gcra.take(&quota, 0, 1, SECOND));
    assert_eq!((first, second), (SECOND / 10, SECOND / 5));
    assert_eq!(
        gcra.take(&quota, 0, 1, SECOND / 10),
        Decision::Refused(SECOND * 3 / 10),
        "who is not patient enough takes nothing"
    );
    gcra.keep(one);
    gcra.keep(two);
    assert_eq!(gcra.take(&quota, SECOND * 3 / 10, 1, 0), Decision::Allowed);
}

#[test]
fn the_last_promise_can_be_given_back_and_one_in_between_passes_unused() {
    let quota = per_second(10, 1);
    let gcra = Gcra::new();
    assert_eq!(gcra.take(&quota, 0, 1, 0), Decision::Allowed);
    let (_, one) = promised(gcra.take(&quota, 0, 1, SECOND));
    let (_, two) = promised(gcra.take(&quota, 0, 1, SECOND));
    let (_, three) = promised(gcra.take(&quota, 0, 1, SECOND));
    assert!(!gcra.give_back(two), "somebody came after it");
    assert!(gcra.give_back(three));
    let (wait, three) = promised(gcra.take(&quota, 0, 1, SECOND));
    assert_eq!(wait, SECOND * 3 / 10, "its moment is free again");
    gcra.keep(one);
    gcra.keep(three);
}

#[test]
fn promises_of_hours_are_no_clock_that_has_gone_back() {
    let quota = per_second(1, 1);
    let gcra = Gcra::new();
    let mut promises: VecDeque<_> = (0..3600)
        .filter_map(|_| match gcra.take(&quota, 0, 1, u64::MAX) {
            Decision::Promised(wait, promise) => Some((wait, promise)),
            _ => None,
        })
        .collect();
    assert_eq!(promises.len(), 3599);
    for second in 1..3600 {
        let (wait, promise) = promises.pop_front().unwrap();
        assert_eq!(wait, second * SECOND);
        gcra.keep(promise);
        let still = (3600 - second) * SECOND;
        assert_eq!(
            gcra.take(&quota, second * SECOND, 1, 0),
            Decision::Refused(still)
        );
    }
}

/// Callers who wait, some of whom give up: nothing is given before its time, and nothing more than the rate.
#[test]
fn who_waits_and_who_gives_up_get_no_more_than_the_rate() {
    let mut random = Chance::seeded();
    for _ in 0..20 {
        let interval = 1 + random.below(1000);
        let burst = 1 + u32::try_from(random.below(10)).unwrap();
        let quota = Quota::new(1, interval, burst, MINUTE);
        let (gcra, mut excess, mut now) = (Gcra::new(), Excess::new(interval, burst), 0_u64);
        let mut waiting: VecDeque<(u64, u32, Promise)> = VecDeque::new();
        for _ in 0..calls(50_000) {
            now += random.below(interval * 2);
            while waiting.front().is_some_and(|(due, ..)| *due <= now) {
                let (due, tokens, promise) = waiting.pop_front().unwrap();
                excess.pass(due);
                excess.given(tokens);
                gcra.keep(promise);
            }
            if !waiting.is_empty() && random.below(4) == 0 {
                let place = usize::try_from(random.below(waiting.len() as u64)).unwrap();
                let (.., promise) = waiting.remove(place).unwrap();
                let last = place == waiting.len();
                assert!(!gcra.give_back(promise) || last);
            }
            let tokens = 1 + u32::try_from(random.below(u64::from(burst))).unwrap();
            match gcra.take(&quota, now, tokens, random.below(interval * 20)) {
                Decision::Allowed => {
                    excess.pass(now);
                    excess.given(tokens);
                }
                Decision::Promised(wait, promise) => {
                    let due = now + wait;
                    assert!(waiting.back().is_none_or(|(before, ..)| *before <= due));
                    waiting.push_back((due, tokens, promise));
                }
                Decision::Refused(after) => assert_ne!(after, NEVER),
            }
        }
    }
}

#[test]
fn threads_share_one_bucket_and_take_no_more_than_there_is() {
    let quota = per_second(1, 1000);
    let gcra = Gcra::new();
    let tries = if cfg!(miri) { 300 } else { 100_000 };
    let most = if cfg!(miri) {
        1000.min(4 * tries)
    } else {
        1000
    };
    let taken: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let allowed =
                        (0..tries).filter(|_| gcra.take(&quota, 5, 1, 0) == Decision::Allowed);
                    u32::try_from(allowed.count()).unwrap()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(taken, most);
}

#[test]
fn every_key_has_a_bucket_of_its_own_until_there_is_no_room() {
    let quota = per_second(1, 1);
    let keyed = Keyed::new(2);
    let take = |key, now| keyed.take(key, &quota, now, 1, 0);
    assert_eq!(take(1, 0), (Holder::Key(1), Decision::Allowed));
    assert_eq!(take(2, 0), (Holder::Key(2), Decision::Allowed));
    assert_eq!(take(3, 0), (Holder::Others, Decision::Allowed));
    let refused = Decision::Refused(SECOND);
    assert_eq!(
        take(4, 0),
        (Holder::Others, refused),
        "limited with the others"
    );
    assert_eq!(keyed.len(), 2);
    assert_eq!(take(4, SECOND), (Holder::Key(4), Decision::Allowed));
    assert_eq!(keyed.len(), 1, "buckets that are full again are gone");
}

#[test]
fn a_bucket_stays_while_there_is_a_promise_of_it() {
    let quota = per_second(1, 1);
    let keyed = Keyed::new(1);
    let (_, first) = keyed.take(1, &quota, 0, 1, 0);
    assert_eq!(first, Decision::Allowed);
    let (holder, decision) = keyed.take(1, &quota, 0, 1, u64::MAX);
    let (_, promise) = promised(decision);
    assert_eq!(keyed.take(2, &quota, 9 * SECOND, 1, 0).0, Holder::Others);
    keyed.keep(holder, promise);
    assert_eq!(keyed.take(2, &quota, 20 * SECOND, 1, 0).0, Holder::Key(2));
}

#[test]
fn a_flood_of_keys_frees_nobody_of_its_limit_and_keeps_the_bound() {
    let quota = per_second(10, 10);
    let keyed = Keyed::new(100);
    let mut random = Chance::seeded();
    let mut excess: Vec<_> = (0..50).map(|_| Excess::new(SECOND / 10, 10)).collect();
    let mut now = 0;
    for round in 0..calls(200_000) {
        now += random.below(SECOND / 1000);
        let known = random.below(50);
        let (holder, decision) = keyed.take(known, &quota, now, 1, 0);
        if let (Holder::Key(_), Decision::Allowed) = (holder, decision) {
            let excess = &mut excess[usize::try_from(known).unwrap()];
            excess.pass(now);
            excess.given(1);
        }
        keyed.take(1000 + round, &quota, now, 1, 0);
        assert!(keyed.len() <= 100);
    }
}

proptest! {
    #[test]
    fn no_quota_and_no_time_overflows(
        times: u64, per: u64, burst: u32, minute: u64,
        asked in proptest::collection::vec((any::<u64>(), any::<u32>(), any::<u64>()), 0..20),
    ) {
        let quota = Quota::new(times, per, burst, minute);
        let (gcra, keyed) = (Gcra::new(), Keyed::new(3));
        for (now, tokens, patience) in asked {
            if let Decision::Promised(_, promise) = gcra.take(&quota, now, tokens, patience) {
                if now % 2 == 0 { gcra.keep(promise) } else { gcra.give_back(promise); }
            }
            prop_assert!(gcra.level(&quota, now) <= burst.max(1));
            let (holder, decision) = keyed.take(u64::from(tokens), &quota, now, 1, patience);
            if let Decision::Promised(_, promise) = decision {
                keyed.give_back(holder, promise);
            }
        }
    }
}
