//! Calls under all three that fail, panic, are late and are dropped, and the books afterwards.

use std::future::pending;

use perfkit::{fallback, hedged, timeout};
use tokio::time::sleep;

use super::*;
use crate::chance::Chance;

static RUNNING: AtomicU32 = AtomicU32::new(0);
static SEED: std::sync::Mutex<Chance> = std::sync::Mutex::new(Chance(0x5eed_2026_1121));

/// One body that runs.
struct Run;

impl Run {
    fn begin() -> Self {
        RUNNING.fetch_add(1, Relaxed);
        Self
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Relaxed);
    }
}

fn random(end: u64) -> u64 {
    SEED.lock().unwrap().below(end)
}

#[fallback(value = Ok(0), name = "chaos", when = |failure| *failure != Failure::Wrong)]
#[timeout("30s", name = "chaos")]
#[retry(name = "chaos", attempts = 4)]
#[hedged(after = "300ms", max = 2, idempotent, budget = 0.5, name = "chaos")]
#[timeout("2s")]
async fn call(id: u64) -> Result<u64, Failure> {
    let _run = Run::begin();
    sleep(Duration::from_millis(random(400))).await;
    match random(100) {
        0..40 => Err(Failure::Lost(1)),
        40..45 => Err(Failure::Wrong),
        45..50 => Err(Failure::Busy(SECOND * 2)),
        50..53 => std::panic::resume_unwind(Box::new("the body")),
        53..60 => pending().await,
        _ => Ok(id),
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_the_books_balance() {
    println!("seed {}", SEED.lock().unwrap().0);
    let mut panics = 0;
    for round in 0..60 {
        let calls: Vec<_> = (0..300)
            .map(|id| {
                let patience = Duration::from_millis(random(8_000));
                tokio::spawn(tokio::time::timeout(patience, call(id)))
            })
            .collect();
        for call in calls {
            panics += u64::from(call.await.is_err_and(|error| error.is_panic()));
        }
        assert_eq!(RUNNING.load(Relaxed), 0, "round {round}");
    }
    let report = report();
    assert_eq!(report.verify(), Ok(()));
    let of = |section: &str| report.find(section, "chaos").expect("a row");
    assert_eq!(of("retries").count("inflight"), Some(0));
    assert_eq!(of("hedges").count("inflight"), Some(0));
    for (section, end) in [
        ("retries", "recovered"),
        ("retries", "exhausted"),
        ("retries", "over_budget"),
        ("retries", "not_repeatable"),
        ("retries", "cancelled"),
        ("retries", "panicked"),
        ("hedges", "first"),
        ("hedges", "hedge"),
        ("hedges", "failed"),
        ("hedges", "cancelled"),
        ("hedges", "panicked"),
        ("fallbacks", "served"),
    ] {
        let count = of(section).part("ends", end);
        assert!(
            count.is_some_and(|count| count > 0),
            "{section} {end} {count:?}"
        );
    }
    assert_eq!(of("hedges").part("ends", "panicked"), Some(panics));
}
