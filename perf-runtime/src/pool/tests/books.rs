//! What the report has of pools.

use std::time::Duration;

use crate::pool::{Pool, get_pool};
use crate::report::report;

#[test]
fn the_row_of_a_pool_tells_what_happened_and_balances() {
    let pool = Pool::builder("books: row")
        .max_size(2)
        .acquire_timeout(Duration::from_millis(20))
        .build_blocking(|| Ok::<_, String>(1))
        .unwrap();
    drop(pool.acquire_blocking().unwrap());
    let one = pool.acquire_blocking().unwrap();
    let mut other = pool.acquire_blocking().unwrap();
    assert!(pool.acquire_blocking().is_err());
    assert!(pool.try_acquire().is_none());
    let row = |name: &str| {
        let report = report();
        report.verify().expect("the books balance");
        let rows = report.section("pools").to_vec();
        rows.into_iter().find(|row| row.op() == name).unwrap()
    };
    let seen = row("books: row");
    assert_eq!(seen.count("requests"), Some(5));
    assert_eq!(seen.part("outcomes", "acquired"), Some(3));
    assert_eq!(seen.part("outcomes", "timed_out"), Some(1));
    assert_eq!(seen.part("outcomes", "empty"), Some(1));
    assert_eq!(
        (seen.count("in_use"), seen.count("max")),
        (Some(2), Some(2))
    );
    other.poison();
    drop((one, other));
    let seen = row("books: row");
    assert_eq!(seen.part("closed", "poisoned"), Some(1));
    assert_eq!(seen.count("idle"), Some(1));
    drop(pool);
    // What made a resource may not have ended yet.
    while get_pool::<i32>("books: row").is_some() {
        std::thread::yield_now();
    }
    let seen = row("books: row");
    assert_eq!(seen.part("outcomes", "acquired"), Some(3));
    assert_eq!(seen.count("size"), Some(0));
}
