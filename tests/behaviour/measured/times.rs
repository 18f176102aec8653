//! Times, as far as they do not depend on how long something takes: what adds up, what is never more than what.

use std::future::{pending, ready};
use std::pin::pin;
use std::time::Duration;

use perfkit::__private::measured::Options;
use perfkit::measured;
use perfkit::report::{Field, Row};

use super::site::{counter, outcomes, site};
use super::{about, poll, row, wall};

fn own(row: &Row) -> f64 {
    row.seconds("self").expect("it is known")
}

#[test]
fn self_times_add_up_to_the_outermost_wall_time() {
    #[measured]
    fn asks_for_fibonacci(n: u64) -> u64 {
        fibonacci(n)
    }
    #[measured]
    fn fibonacci(n: u64) -> u64 {
        match n {
            0 | 1 => n,
            _ => fibonacci(n - 1) + fibonacci(n - 2),
        }
    }
    assert_eq!(asks_for_fibonacci(16), 987);
    let (outer, inner) = (row("asks_for_fibonacci"), row("fibonacci"));
    assert_eq!(super::outcomes(&inner), [3193, 0, 0, 0]);
    let sum = own(&outer) + own(&inner);
    assert!(about(sum, wall(&outer)), "{sum} s of {} s", wall(&outer));
    // Every call's time is in its caller's, but in nobody's self time twice.
    assert!(wall(&inner) > wall(&outer) && own(&inner) <= wall(&outer));
}

#[test]
fn self_time_leaves_out_what_measured_callees_took() {
    #[measured]
    fn calls_others() -> u64 {
        works(100) + works(1000)
    }
    #[measured]
    fn works(rounds: u64) -> u64 {
        (0..rounds).fold(1, |sum, next| std::hint::black_box(sum ^ next))
    }
    for _ in 0..10 {
        calls_others();
    }
    let (outer, inner) = (row("calls_others"), row("works"));
    assert_eq!(super::outcomes(&inner), [20, 0, 0, 0]);
    assert!(about(own(&inner), wall(&inner)));
    assert!(about(own(&outer) + own(&inner), wall(&outer)));
    assert!(own(&outer) > 0.0 && wall(&inner) < wall(&outer));
}

#[test]
fn a_sync_call_is_busy_all_the_time() {
    #[measured]
    fn is_busy() {}
    for _ in 0..100 {
        is_busy();
    }
    let row = row("is_busy");
    let busy = row.seconds("busy").expect("it is known");
    assert!(about(busy, wall(&row)), "{busy} s of {} s", wall(&row));
}

#[test]
fn every_call_is_in_the_histogram() {
    #[measured]
    fn is_timed(rounds: u64) {
        for round in 0..rounds {
            std::hint::black_box(round);
        }
    }
    for rounds in 0..1000 {
        is_timed(rounds);
    }
    let row = row("is_timed");
    assert_eq!(
        (row.count("calls"), row.count("timed")),
        (Some(1000), Some(1000))
    );
    let latency = row.histogram("latency").expect("it is there");
    assert_eq!(latency.count, 1000);
    let quantiles = [
        latency.min_ns,
        latency.p50_ns,
        latency.p90_ns,
        latency.p99_ns,
        latency.max_ns,
    ];
    assert!(
        quantiles.is_sorted() && quantiles[0].is_some(),
        "{quantiles:?}"
    );
}

#[test]
fn slow_calls_are_counted() {
    #[measured(slow = "1ns")]
    fn is_slow(text: &mut String) {
        text.push_str(&f64::MAX.to_string());
    }
    #[measured(slow = "1h")]
    fn is_fast() {}
    #[measured]
    fn knows_no_limit() {}
    for _ in 0..7 {
        is_slow(&mut String::new());
        is_fast();
        knows_no_limit();
    }
    let counts = ["is_slow", "is_fast", "knows_no_limit"].map(|op| {
        let row = row(op);
        (row.count("slow"), row.field("slow_threshold_ns").cloned())
    });
    assert_eq!(
        counts,
        [
            (Some(7), Some(Field::Integer(1))),
            (Some(0), Some(Field::Integer(3_600_000_000_000))),
            (Some(0), Some(Field::Unknown)),
        ]
    );
}

#[test]
fn sampled_calls_are_all_counted_and_some_timed() {
    #[measured(sample = 4)]
    fn is_sampled(number: u32) -> Option<u32> {
        (!number.is_multiple_of(5)).then_some(number)
    }
    for number in 0..7000 {
        is_sampled(number);
    }
    let row = row("is_sampled");
    assert_eq!(super::outcomes(&row), [5600, 1400, 0, 0]);
    let timed = row.count("timed").expect("it is counted");
    // Gaps are 1 to 7 calls, at random.
    assert!((1000..7000).contains(&timed), "{timed} of 7000");
    assert_eq!(
        row.histogram("latency").map(|latency| latency.count),
        Some(timed)
    );
}

#[test]
fn thresholds_of_zero_and_for_ever_are_defined() {
    let all = site(|| Options {
        slow: Some(Duration::ZERO),
        sample: 1,
    });
    let none = site(|| Options {
        slow: Some(Duration::MAX),
        sample: 1,
    });
    for _ in 0..7 {
        super::site::call(all);
        super::site::call(none);
    }
    assert_eq!((counter(all, "slow"), counter(none, "slow")), (7, 0));
    assert_eq!(counter(none, "slow_threshold"), u64::MAX);
}

#[test]
fn sampled_futures_and_guards_are_all_counted() {
    let site = site(|| Options {
        slow: None,
        sample: 1_000_000,
    });
    for number in 0..100 {
        drop(site.get().enter());
        let mut future = Box::pin(site.get().call_async(pending::<()>(), |()| false));
        assert!(poll(future.as_mut()).is_pending());
        let done = pin!(site.get().call_async(ready(number), |number| *number == 0));
        assert!(poll(done).is_ready());
    }
    assert_eq!(outcomes(site), [199, 1, 0, 100]);
    assert!(counter(site, "timed") <= 300);
    assert_eq!(counter(site, "inflight"), 0);
}
