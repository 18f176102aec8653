//! Each option does what it says.

use std::sync::Mutex;

use perfkit::Cause;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn an_answer_is_kept_for_as_long_as_its_ttl() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: Runs = Runs::new();

    #[cached(ttl = "10s", clock = &CLOCK)]
    fn load(id: u64) -> u64 {
        RUNS.run() + id
    }

    assert_eq!(load(0), 1);
    CLOCK.advance(Duration::from_nanos(9_999_999_999));
    assert_eq!(load(0), 1);
    CLOCK.advance(Duration::from_nanos(1));
    assert_eq!(load(0), 2);
}

#[test]
fn the_ttl_is_five_minutes_when_nothing_is_said() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: Runs = Runs::new();

    #[cached(clock = &CLOCK)]
    fn load(id: u64) -> u64 {
        RUNS.run() + id
    }

    assert_eq!(load(0), 1);
    CLOCK.advance(SECOND * 299);
    assert_eq!(load(0), 1);
    CLOCK.advance(SECOND);
    assert_eq!(load(0), 2);
}

#[test]
fn an_answer_may_be_kept_for_good() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: Runs = Runs::new();

    #[cached(ttl = "never", clock = &CLOCK)]
    fn load(id: u64) -> u64 {
        RUNS.run() + id
    }

    assert_eq!(load(0), 1);
    CLOCK.advance(Duration::MAX);
    assert_eq!(load(0), 1);
}

#[test]
fn what_has_expired_leaves_without_being_asked_for() {
    static CLOCK: Clock = Clock::manual();

    #[cached(ttl = "10s", clock = &CLOCK, name = "options: leaves")]
    fn load(id: u64) -> u64 {
        id
    }

    for id in 0..100 {
        load(id);
    }
    CLOCK.advance(SECOND * 10);
    assert_eq!(load_cache().len(), 0);
    assert_eq!(part("options: leaves", "evictions", "expired"), 100);
}

#[test]
fn an_answer_nobody_asks_for_goes_before_its_ttl() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: Runs = Runs::new();

    #[cached(ttl = "10s", tti = "3s", clock = &CLOCK)]
    fn load(id: u64) -> u64 {
        RUNS.run() + id
    }

    for _ in 0..5 {
        assert_eq!(load(0), 1);
        CLOCK.advance(SECOND * 2);
    }
    // Ten seconds are over, however often it was asked for.
    assert_eq!(load(0), 2);
    CLOCK.advance(SECOND * 3);
    assert_eq!(load(0), 3);
}

#[test]
fn no_more_answers_are_kept_than_was_said() {
    const MOST: u64 = 10;

    #[cached(max_size = MOST, name = "options: max_size")]
    fn load(id: u64) -> u64 {
        id
    }

    for id in 0..100 {
        load(id);
        assert!(load_cache().len() <= MOST);
    }
    assert_eq!(load_cache().len(), MOST);
    assert_eq!(part("options: max_size", "evictions", "size"), 90);
}

#[test]
fn no_more_bytes_are_kept_than_was_said() {
    #[cached(max_bytes = "1KB", weigh = |text| text.len() as u64, name = "options: max_bytes")]
    fn load(length: usize) -> String {
        "x".repeat(length)
    }

    let weight = || {
        let report = perfkit::report();
        let row = report.find("caches", "options: max_bytes").expect("a row");
        row.bytes("weight").expect("it is weighed")
    };
    for length in [300, 400, 250] {
        load(length);
    }
    assert_eq!(weight(), 950);
    load(301);
    assert!(weight() <= 1000);
    load(1001);
    assert!(load_cache().peek(1001).is_none());
}

#[test]
fn keys_are_weighed_where_the_function_asks_for_them() {
    #[cached(max_bytes = "10B", weigh = |key, value| (key.len() + value.len()) as u64)]
    fn twice(text: &str) -> String {
        text.to_owned()
    }

    twice("12345");
    assert_eq!(twice_cache().len(), 1);
    twice("123456");
    assert_eq!(twice_cache().len(), 1);
    assert!(twice_cache().peek("123456").is_none());
}

#[test]
fn the_key_is_what_the_answer_depends_on() {
    static RUNS: Runs = Runs::new();

    #[cached(key = text.to_lowercase())]
    fn count(text: &str) -> usize {
        RUNS.run();
        text.len()
    }

    assert_eq!((count("AB"), count("ab"), count("abc")), (2, 2, 3));
    assert_eq!(RUNS.count(), 2);
}

#[test]
fn a_key_may_be_some_of_the_arguments() {
    static RUNS: Runs = Runs::new();

    #[cached(key = (name, id))]
    fn load(id: u64, trace: &dyn Fn(), name: &str) -> String {
        trace();
        RUNS.run();
        format!("{name}{id}")
    }

    #[cached(ignore(trace))]
    fn load_again(id: u64, trace: &dyn Fn(), name: &str) -> String {
        load(id, trace, name)
    }

    for _ in 0..2 {
        assert_eq!(load_again(1, &|| {}, "a"), "a1");
        assert_eq!(load(1, &|| {}, "a"), "a1");
    }
    assert_eq!(
        load_cache().peek(&("a".to_owned(), 1)).as_deref(),
        Some("a1")
    );
    assert_eq!(
        load_again_cache().peek(&(1, "a".to_owned())).as_deref(),
        Some("a1")
    );
    assert_eq!(RUNS.count(), 1);
}

#[test]
fn a_key_that_is_an_expression_has_a_handle_when_its_type_is_given() {
    #[cached(key = (text.len(), &text[..1]), key_type = (usize, String))]
    fn load(text: &str) -> String {
        text.to_owned()
    }

    assert_eq!(load("ab"), "ab");
    assert_eq!(load("ac"), "ab");
    assert!(load_cache().invalidate(&(2, "a".to_owned())));
    assert_eq!(load("ac"), "ac");
}

#[test]
fn a_call_that_is_not_to_be_cached_runs_its_body_and_keeps_nothing() {
    static RUNS: Runs = Runs::new();

    #[cached(if = id < 10, name = "options: if")]
    fn load(id: u64) -> u64 {
        RUNS.run();
        id
    }

    for _ in 0..3 {
        assert_eq!((load(1), load(10)), (1, 10));
    }
    assert_eq!(RUNS.count(), 4);
    assert_eq!(count("options: if", "bypassed"), 3);
    assert_eq!(count("options: if", "lookups"), 6);
    assert_eq!(load_cache().len(), 1);
}

#[test]
fn errors_are_kept_for_as_long_as_was_said() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: Runs = Runs::new();

    #[cached(errors = "2s", ttl = "10s", clock = &CLOCK)]
    fn load(id: u64) -> Result<u64, String> {
        RUNS.run();
        if id == 0 {
            Err("none".to_owned())
        } else {
            Ok(id)
        }
    }

    for _ in 0..2 {
        load(0).unwrap_err();
        load(1).unwrap();
    }
    assert_eq!(RUNS.count(), 2);
    CLOCK.advance(SECOND * 2);
    load(0).unwrap_err();
    load(1).unwrap();
    assert_eq!(RUNS.count(), 3);
}

#[test]
fn an_error_that_the_handle_brings_is_kept_no_longer() {
    static CLOCK: Clock = Clock::manual();

    #[cached(errors = "2s", ttl = "10s", clock = &CLOCK, name = "options: brought")]
    fn load(id: u64) -> Result<u64, String> {
        Ok(id)
    }

    let down = || Err("down".to_owned());
    load_cache().insert(1, down());
    load_cache().get_or_load(2, down).unwrap_err();
    assert_eq!((load(1), load(2)), (down(), down()));
    assert_eq!(load_cache().stats().load_errors, 1);
    CLOCK.advance(SECOND * 2);
    assert_eq!((load(1), load(2)), (Ok(1), Ok(2)));
}

#[test]
fn answers_of_one_moment_do_not_end_at_one_moment() {
    static CLOCK: Clock = Clock::manual();

    #[cached(ttl = "100s", jitter = "20%", clock = &CLOCK)]
    fn load(id: u64) -> u64 {
        id
    }

    for id in 0..1000 {
        load(id);
    }
    CLOCK.advance(SECOND * 79);
    assert_eq!(load_cache().len(), 1000);
    CLOCK.advance(SECOND * 11);
    // Half of them; that it is less than a quarter or more than three is as likely as nothing.
    let left = load_cache().len();
    assert!((250..750).contains(&left), "{left} are left");
    CLOCK.advance(SECOND * 10);
    assert_eq!(load_cache().len(), 0);
}

#[test]
fn whoever_asks_is_told_of_what_leaves_and_why() {
    static CLOCK: Clock = Clock::manual();
    static TOLD: Mutex<Vec<(u64, String, Cause)>> = Mutex::new(Vec::new());

    #[cached(max_size = 2, ttl = "10s", clock = &CLOCK, on_evict = |id, name, cause| TOLD.lock().unwrap().push((*id, name.clone(), cause)))]
    fn load(id: u64) -> Option<String> {
        Some(format!("n{id}"))
    }

    let told = || {
        let mut told = std::mem::take(&mut *TOLD.lock().unwrap());
        told.sort_by_key(|(id, ..)| *id);
        told
    };
    let of = |id: u64, cause| (id, format!("n{id}"), cause);
    load(1);
    load_cache().invalidate(1);
    assert_eq!(told(), [of(1, Cause::Invalidated)]);
    load(2);
    load_cache().insert(2, "other".to_owned());
    assert_eq!(told(), [of(2, Cause::Replaced)]);
    CLOCK.advance(SECOND * 10);
    assert_eq!(told(), [(2, "other".to_owned(), Cause::Expired)]);
    load(3);
    load(4);
    load(5);
    let left = told();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].2, Cause::Size);
}

#[test]
fn options_are_evaluated_once_and_not_before_the_first_call() {
    static EVALUATED: Runs = Runs::new();

    fn most() -> u64 {
        EVALUATED.run();
        10
    }

    #[cached(max_size = most())]
    fn load(id: u64) -> u64 {
        id
    }

    assert_eq!(EVALUATED.count(), 0);
    load_cache().clear();
    load(1);
    load(2);
    load_cache().clear();
    assert_eq!(EVALUATED.count(), 1);
}
