//! What the report says of a cache, and whether it adds up.

use super::*;

#[test]
fn the_row_has_all_its_numbers_and_the_books_balance() {
    static CLOCK: Clock = Clock::manual();
    let name = "rows: all";
    let cache = Cache::<u64, u64>::builder(name)
        .max_size(2)
        .clock(&CLOCK)
        .build()
        .unwrap();
    cache.get_or_load(1, || 1); // a miss
    cache.get_or_load(1, || 2); // a hit
    cache.get(2); // a miss
    _ = cache.get_or_try_load(2, || Err::<u64, _>("none")); // a miss
    cache.insert(1, 3);
    cache.insert(2, 2);
    cache.insert(3, 3);
    cache.invalidate_if(|_, _| true);
    cache.insert(4, 4);
    CLOCK.advance(Duration::from_secs(301));

    let report = perfkit::report();
    report.verify().expect("the books balance");
    let row = report.find("caches", name).expect("it is in the report");
    assert_eq!(row.count("lookups"), Some(4));
    assert_eq!(
        (row.part("found", "hit"), row.part("found", "miss")),
        (Some(1), Some(3))
    );
    assert_eq!(
        (row.part("loads", "ok"), row.part("loads", "error")),
        (Some(1), Some(1))
    );
    assert_eq!(
        (row.count("entries"), row.count("capacity")),
        (Some(0), Some(2))
    );
    for (cause, expected) in [
        ("replaced", 1),
        ("size", 1),
        ("invalidated", 2),
        ("expired", 1),
    ] {
        assert_eq!(row.part("evictions", cause), Some(expected), "{cause}");
    }
    assert_eq!(row.count("coalesced"), Some(0));
    assert_eq!(row.count("stale"), Some(0));

    let stats = cache.stats();
    assert_eq!(
        (stats.hits, stats.misses, stats.hit_ratio),
        (1, 3, Some(0.25))
    );
    assert_eq!((stats.replaced, stats.evicted), (1, 1));
    assert_eq!((stats.invalidated, stats.expired), (2, 1));
    assert_eq!((stats.loads, stats.load_errors), (1, 1));
    assert!(stats.mean_load.is_some() && stats.memory > 0);
}

#[test]
fn the_summary_has_the_hit_ratio() {
    let cache: Cache<u64, u64> = cache("rows: summary");
    cache.insert(1, 1);
    cache.get(1);
    let ratio = perfkit::report().summary.hit_ratio;
    assert!(ratio.is_some_and(|ratio| ratio > 0.0 && ratio <= 1.0));
}
