//! The promises of `#[fallback]`.
#![expect(
    clippy::unnecessary_wraps,
    clippy::needless_pass_by_value,
    reason = "a fallback takes what the function takes, and answers as it does"
)]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use perfkit::report::Row;
use perfkit::{Rejected, fallback, report};

mod shapes;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Failure {
    Lost(u32),
    Wrong,
    Rejected(Rejected),
}

impl From<Rejected> for Failure {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

/// The parts of a family that are not zero.
fn parts(op: &str, family: &str) -> Vec<(&'static str, u64)> {
    const PARTS: [&str; 7] = [
        "error",
        "rejected",
        "panic",
        "served",
        "failed",
        "panicked",
        "cancelled",
    ];
    let report = report();
    assert_eq!(report.verify(), Ok(()));
    let row: &Row = report.find("fallbacks", op).expect("the row of the site");
    PARTS
        .into_iter()
        .filter_map(|part| Some((part, row.part(family, part)?)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

#[test]
fn a_value_answers_for_an_error() {
    #[fallback(value = Ok(0), name = "value")]
    fn load(id: u32) -> Result<u32, Failure> {
        if id > 10 {
            Err(Failure::Lost(id))
        } else {
            Ok(id)
        }
    }

    assert_eq!(load(7), Ok(7));
    assert_eq!(parts("value", "causes"), []);
    assert_eq!(load(11), Ok(0));
    assert_eq!(parts("value", "causes"), [("error", 1)]);
    assert_eq!(parts("value", "ends"), [("served", 1)]);
}

#[test]
fn a_value_may_speak_of_the_arguments_that_the_body_has_used_up() {
    #[fallback(value = Some(format!("no {name} in {place}")))]
    fn find(name: String, place: &str) -> Option<String> {
        drop(name);
        place.strip_prefix("known ").map(str::to_owned)
    }

    assert_eq!(find("cat".into(), "known box").as_deref(), Some("box"));
    assert_eq!(find("cat".into(), "box").as_deref(), Some("no cat in box"));
}

#[test]
fn a_value_is_made_only_when_it_is_needed() {
    static MADE: AtomicU32 = AtomicU32::new(0);

    #[fallback(value = Some(MADE.fetch_add(1, Relaxed)))]
    fn load(fails: bool) -> Option<u32> {
        (!fails).then_some(7)
    }

    assert_eq!(load(false), Some(7));
    assert_eq!(MADE.load(Relaxed), 0);
    assert_eq!((load(true), load(true)), (Some(0), Some(1)));
}

#[test]
fn a_function_is_called_with_the_arguments_and_the_error() {
    fn stale(
        id: u32,
        key: String,
        log: &mut Vec<String>,
        failure: Failure,
    ) -> Result<String, Failure> {
        log.push(format!("{id} {key} {failure:?}"));
        match failure {
            Failure::Lost(at) => Ok(format!("{key} of {at}")),
            other => Err(other),
        }
    }

    #[fallback(stale, name = "path")]
    fn load(id: u32, key: String, log: &mut Vec<String>) -> Result<String, Failure> {
        log.push(format!("load {key}"));
        drop(key);
        Err(if id == 0 {
            Failure::Wrong
        } else {
            Failure::Lost(id)
        })
    }

    let mut log = Vec::new();
    assert_eq!(load(3, "k".into(), &mut log).as_deref(), Ok("k of 3"));
    assert_eq!(load(0, "k".into(), &mut log), Err(Failure::Wrong));
    assert_eq!(log, ["load k", "3 k Lost(3)", "load k", "0 k Wrong"]);
    assert_eq!(parts("path", "ends"), [("served", 1), ("failed", 1)]);
}

#[test]
fn a_closure_is_called_with_the_error() {
    #[fallback(|failure| match failure {
        Failure::Lost(at) => Ok(key.len() + at as usize),
        other => Err(other),
    })]
    fn load(key: String) -> Result<usize, Failure> {
        Err(Failure::Lost(
            u32::try_from(key.into_bytes().len()).unwrap(),
        ))
    }

    assert_eq!(load("four".into()), Ok(8));
}

#[test]
fn an_option_has_no_error_to_speak_of() {
    fn any(id: u32, (): ()) -> Option<u32> {
        Some(id + 1)
    }

    #[fallback(any)]
    fn load(_id: u32) -> Option<u32> {
        None
    }

    assert_eq!(load(1), Some(2));
}

#[test]
fn what_when_leaves_out_passes() {
    #[fallback(value = Ok(0), when = |failure| matches!(failure, Failure::Lost(_)), name = "when")]
    fn load(failure: Failure) -> Result<u32, Failure> {
        Err(failure)
    }

    assert_eq!(load(Failure::Lost(1)), Ok(0));
    assert_eq!(load(Failure::Wrong), Err(Failure::Wrong));
    assert_eq!(parts("when", "causes"), [("error", 1)]);
}

#[test]
fn a_panic_passes_unless_it_is_asked_for() {
    #[fallback(value = Ok(0), name = "passes")]
    fn passes() -> Result<u32, Failure> {
        panic!("the body")
    }
    #[fallback(value = Ok(0), on_panic, name = "caught")]
    fn caught(panics: bool) -> Result<u32, Failure> {
        assert!(!panics, "the body");
        Err(Failure::Wrong)
    }

    assert!(std::panic::catch_unwind(passes).is_err());
    assert_eq!(parts("passes", "causes"), []);
    assert_eq!((caught(true), caught(false)), (Ok(0), Ok(0)));
    assert_eq!(parts("caught", "causes"), [("error", 1), ("panic", 1)]);
}

#[tokio::test]
async fn a_panic_of_a_future_is_caught_whenever_it_comes() {
    #[fallback(value = Some(0), on_panic, name = "caught later")]
    async fn load(panics: bool) -> Option<u32> {
        tokio::task::yield_now().await;
        assert!(!panics, "the body");
        Some(1)
    }

    assert_eq!((load(true).await, load(false).await), (Some(0), Some(1)));
    assert_eq!(parts("caught later", "causes"), [("panic", 1)]);
}

#[test]
fn a_panic_of_the_fallback_is_its_own() {
    fn panics() -> Option<u32> {
        panic!("the fallback")
    }

    #[fallback(value = panics(), name = "panics")]
    fn load() -> Option<u32> {
        None
    }

    assert!(std::panic::catch_unwind(load).is_err());
    assert_eq!(parts("panics", "ends"), [("panicked", 1)]);
    assert_eq!(parts("panics", "causes"), [("error", 1)]);
}

#[tokio::test]
async fn a_fallback_of_a_task_may_be_async_or_not() {
    fn now(id: u32, _: Failure) -> Result<u32, Failure> {
        Ok(id)
    }
    async fn later(id: u32, failure: Failure) -> Result<u32, Failure> {
        tokio::task::yield_now().await;
        now(id, failure)
    }

    #[fallback(now)]
    async fn with_now(id: u32) -> Result<u32, Failure> {
        Err(Failure::Lost(id))
    }
    #[fallback(later)]
    async fn with_later(id: u32) -> Result<u32, Failure> {
        Err(Failure::Lost(id))
    }
    #[fallback(async |failure| { tokio::task::yield_now().await; Err(failure) })]
    async fn with_closure(id: u32) -> Result<u32, Failure> {
        Err(Failure::Lost(id))
    }

    assert_eq!((with_now(1).await, with_later(2).await), (Ok(1), Ok(2)));
    assert_eq!(with_closure(3).await, Err(Failure::Lost(3)));
}

#[cfg(feature = "tokio")]
mod rejected {
    use std::future::pending;

    use perfkit::{Reason, timeout};

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Bare;

    #[tokio::test(start_paused = true)]
    async fn a_value_answers_for_a_rejection_without_an_error_that_could_carry_it() {
        #[fallback(value = Ok(1), name = "bare error")]
        #[timeout("1s")]
        async fn load() -> Result<u32, Bare> {
            pending().await
        }

        assert_eq!(load().await, Ok(1));
        assert_eq!(parts("bare error", "causes"), [("rejected", 1)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_function_gets_the_error_that_a_rejection_becomes() {
        #[fallback(|failure| match failure {
            Failure::Rejected(rejected) => Ok(rejected.reason()),
            other => Err(other),
        }, name = "made error")]
        #[timeout("1s")]
        async fn load() -> Result<Reason, Failure> {
            pending().await
        }

        assert_eq!(load().await, Ok(Reason::TimedOut));
        assert_eq!(parts("made error", "causes"), [("rejected", 1)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_fallback_is_cancelled() {
        #[fallback(async |()| pending().await, name = "dropped fallback")]
        async fn load() -> Option<u32> {
            None
        }

        let dropped = tokio::time::timeout(std::time::Duration::from_secs(1), load()).await;
        assert!(dropped.is_err());
        assert_eq!(parts("dropped fallback", "ends"), [("cancelled", 1)]);
    }

    #[tokio::test(start_paused = true)]
    async fn it_answers_when_all_attempts_have_failed() {
        static RUNS: AtomicU32 = AtomicU32::new(0);

        #[fallback(value = Some(0), name = "above a retry")]
        #[perfkit::retry]
        async fn load() -> Option<u32> {
            RUNS.fetch_add(1, Relaxed);
            None
        }

        assert_eq!(load().await, Some(0));
        assert_eq!(RUNS.load(Relaxed), 3);
        assert_eq!(parts("above a retry", "ends"), [("served", 1)]);
    }
}
