//! Caches without a function.

use super::*;

fn fault(built: Result<Cache<u64, u64>, perfkit::CacheError>) -> CacheFault {
    built.expect_err("something is wrong").fault()
}

#[test]
fn a_wrong_number_is_an_error_and_no_panic() {
    let builder = || Cache::<u64, u64>::builder("building: wrong");
    let zero = |option| CacheFault::Zero { option };
    assert_eq!(fault(builder().max_size(0).build()), zero("max_size"));
    assert_eq!(
        fault(builder().max_bytes(0, |_, _| 1).build()),
        zero("max_bytes")
    );
    assert_eq!(fault(builder().ttl(Duration::ZERO).build()), zero("ttl"));
    assert_eq!(fault(builder().tti(Duration::ZERO).build()), zero("tti"));
    assert_eq!(fault(builder().wait(Duration::ZERO).build()), zero("wait"));
    assert_eq!(
        fault(builder().jitter(50.0).build()),
        CacheFault::Jitter(50.0)
    );
    assert_eq!(
        fault(builder().jitter(-0.1).build()),
        CacheFault::Jitter(-0.1)
    );
    assert!(matches!(
        fault(builder().jitter(f64::NAN).build()),
        CacheFault::Jitter(_)
    ));
    let error = builder().max_size(0).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the cache `building: wrong` cannot be made: its `max_size` is zero"
    );
    assert!(get_cache::<u64, u64>("building: wrong").is_none());
}

#[test]
fn the_largest_numbers_are_right() {
    let cache = Cache::<u64, u64>::builder("building: largest")
        .max_size(u64::MAX)
        .max_bytes(u64::MAX, |_, _| u64::MAX)
        .tti(Duration::MAX)
        .wait(Duration::MAX)
        .jitter(1.0)
        .no_expiry()
        .build()
        .unwrap();
    assert_eq!(cache.get_or_load(1, || 1), 1);
    cache.insert_with_ttl(2, 2, Duration::MAX);
    _ = cache.stats();
    perfkit::report().verify().unwrap();
}

#[test]
fn one_name_is_of_one_type_while_a_cache_of_it_is_there() {
    let numbers: Cache<u64, u64> = cache("building: taken");
    let texts = Cache::<u64, String>::builder("building: taken").build();
    assert_eq!(texts.unwrap_err().fault(), CacheFault::NameTaken);
    drop(numbers);
    let texts: Cache<u64, String> = cache("building: taken");
    texts.insert(1, "a".to_owned());
}

#[test]
fn two_caches_of_one_name_share_no_entry_and_one_row() {
    let first: Cache<u64, &str> = cache("building: two");
    let second: Cache<u64, &str> = cache("building: two");
    first.insert(1, "first");
    second.insert(1, "second");
    assert_eq!(
        (first.get(1), second.get(1)),
        (Some("first"), Some("second"))
    );
    let report = perfkit::report();
    let row = report.find("caches", "building: two").unwrap();
    assert_eq!(
        (row.count("entries"), row.count("capacity")),
        (Some(2), Some(2000))
    );
    assert_eq!(row.part("found", "hit"), Some(2));
    let last = get_cache::<u64, &str>("building: two").unwrap();
    assert_eq!(last.get(1), Some("second"));
}

#[test]
fn a_cache_is_gone_with_its_last_handle_and_its_numbers_stay() {
    let alive = Arc::new(());
    let cache: Cache<u64, Arc<()>> = cache("building: gone");
    let other = cache.clone();
    cache.insert(1, Arc::clone(&alive));
    cache.get(1);
    drop(cache);
    assert_eq!(Arc::strong_count(&alive), 2);
    drop(other);
    assert_eq!(Arc::strong_count(&alive), 1);
    assert!(get_cache::<u64, Arc<()>>("building: gone").is_none());
    let report = perfkit::report();
    let row = report.find("caches", "building: gone").unwrap();
    assert_eq!(
        (row.count("entries"), row.count("lookups")),
        (Some(0), Some(1))
    );
}

#[test]
fn a_value_can_say_how_long_it_is_good() {
    static CLOCK: Clock = Clock::manual();

    #[derive(Clone)]
    struct Token(Option<Duration>);
    impl perfkit::Expires for Token {
        fn expires_in(&self) -> Option<Duration> {
            self.0
        }
    }

    let tokens = Cache::<u64, Token>::builder("building: expires")
        .ttl(Duration::from_secs(10))
        .jitter(1.0)
        .expire_by_value()
        .clock(&CLOCK)
        .build()
        .unwrap();
    tokens.insert(1, Token(Some(Duration::from_secs(20))));
    tokens.get_or_load(2, || Token(Some(Duration::from_secs(5))));
    tokens.get_or_load(3, || Token(None));
    tokens.insert(4, Token(Some(Duration::ZERO)));
    tokens.insert(5, Token(Some(Duration::MAX)));
    assert!(!tokens.contains(4));
    CLOCK.advance(Duration::from_secs(5));
    assert!(tokens.contains(1) && !tokens.contains(2));
    CLOCK.advance(Duration::from_secs(5));
    assert!(tokens.contains(1) && !tokens.contains(3));
    CLOCK.advance(Duration::from_secs(10));
    assert!(!tokens.contains(1));
    CLOCK.advance(Duration::from_secs(1 << 32));
    assert!(tokens.contains(5));
}

#[test]
fn an_annotated_function_can_ask_its_answers() {
    static CLOCK: Clock = Clock::manual();

    #[cached(name = "building: ttl_from", ttl_from = |seconds| Duration::from_secs(*seconds), clock = &CLOCK)]
    fn lease(seconds: u64) -> Result<u64, String> {
        Ok(seconds)
    }

    lease(1).unwrap();
    lease(3).unwrap();
    CLOCK.advance(Duration::from_secs(2));
    assert_eq!(lease_cache().len(), 1);
    assert!(lease_cache().contains(3));
}

#[test]
fn bytes_are_bounded_beside_entries() {
    let pages = Cache::<u64, String>::builder("building: bytes")
        .max_bytes(100, |_, page| page.len() as u64)
        .build()
        .unwrap();
    for key in 0..20 {
        pages.insert(key, "x".repeat(10));
        assert!(pages.stats().weight.unwrap() <= 100);
    }
    assert_eq!(pages.len(), 10);
    pages.insert(100, "x".repeat(101));
    assert!(!pages.contains(100));
    assert!(pages.memory_estimate() > 100);
    assert_eq!(pages.stats().weight_capacity, Some(100));
}
