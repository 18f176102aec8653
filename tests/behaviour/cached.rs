//! The promises of `#[cached]`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use perfkit::{Clock, cached, measured};

mod flight;
mod generic;
mod numbers;
mod options;
mod refresh;
mod shapes;
mod steps;
mod tags;

/// How often something ran.
struct Runs(AtomicU64);

impl Runs {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    fn run(&self) -> u64 {
        self.0.fetch_add(1, Relaxed) + 1
    }

    fn count(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A number of the row of a cache.
fn count(op: &str, name: &str) -> u64 {
    let report = perfkit::report();
    let row = report.find("caches", op);
    let row = row.unwrap_or_else(|| panic!("`{op}` is in the report"));
    row.count(name)
        .unwrap_or_else(|| panic!("`{name}` is known"))
}

fn part(op: &str, family: &str, name: &str) -> u64 {
    let report = perfkit::report();
    let row = report.find("caches", op);
    let row = row.unwrap_or_else(|| panic!("`{op}` is in the report"));
    row.part(family, name)
        .unwrap_or_else(|| panic!("`{name}` is known"))
}

#[test]
fn the_same_arguments_run_the_body_once() {
    static RUNS: Runs = Runs::new();

    #[cached]
    fn load(id: u64, name: &str) -> String {
        RUNS.run();
        format!("{name}{id}")
    }

    assert_eq!(load(1, "a"), "a1");
    assert_eq!(load(1, "a"), "a1");
    assert_eq!(load(1, "b"), "b1");
    assert_eq!(load(2, "a"), "a2");
    assert_eq!(RUNS.count(), 3);
}

#[tokio::test]
async fn an_async_function_too() {
    static RUNS: Runs = Runs::new();

    #[cached]
    async fn load(id: u64, name: &str) -> String {
        tokio::task::yield_now().await;
        RUNS.run();
        format!("{name}{id}")
    }

    assert_eq!(load(1, "a").await, "a1");
    assert_eq!(load(1, "a").await, "a1");
    assert_eq!(load(1, "b").await, "b1");
    assert_eq!(RUNS.count(), 2);
}

#[test]
fn of_a_result_the_success_is_kept() {
    static RUNS: Runs = Runs::new();

    #[cached]
    fn parse(text: &str) -> Result<u64, std::num::ParseIntError> {
        RUNS.run();
        text.parse()
    }

    parse("no").unwrap_err();
    parse("no").unwrap_err();
    assert_eq!(RUNS.count(), 2);
    assert_eq!(parse("1"), Ok(1));
    assert_eq!(parse("1"), Ok(1));
    assert_eq!(RUNS.count(), 3);
}

#[test]
fn an_error_behind_an_alias_is_none_the_less_one() {
    static RUNS: Runs = Runs::new();
    type Parsed = Result<u64, std::num::ParseIntError>;

    #[cached]
    fn parse(text: &str) -> Parsed {
        RUNS.run();
        text.parse()
    }

    parse("no").unwrap_err();
    parse("no").unwrap_err();
    assert_eq!(RUNS.count(), 2);
}

#[test]
fn the_handle_looks_into_what_is_kept_and_drops_it() {
    static RUNS: Runs = Runs::new();

    #[cached]
    fn load(id: u64, name: &str) -> Option<String> {
        RUNS.run();
        Some(format!("{name}{id}"))
    }

    let cache: perfkit::Cache<(u64, String), String> = load_cache();
    load(1, "a");
    assert_eq!(cache.len(), 1);
    assert_eq!(cache.peek(&(1, "a".to_owned())), Some("a1".to_owned()));
    assert!(cache.invalidate(&(1, "a".to_owned())));
    assert!(!cache.invalidate(&(1, "a".to_owned())));
    load(1, "a");
    assert_eq!(RUNS.count(), 2);
    cache.insert((2, "b".to_owned()), "primed".to_owned());
    assert_eq!(load(2, "b").as_deref(), Some("primed"));
    cache.clear();
    assert!(cache.is_empty());
    assert_eq!(RUNS.count(), 2);
}
