//! What a breaker tells of the last failure.

use perfkit::{Breaker, Class, breaker};

fn last_error(op: &str) -> Option<String> {
    let report = perfkit::report();
    assert!(report.verify().is_ok());
    let rows = report.section("breakers");
    let row = rows.iter().find(|row| row.op() == op).unwrap();
    row.state("last_error").map(str::to_owned)
}

#[test]
fn what_the_last_failure_said_is_in_the_report_and_the_snapshot() {
    #[breaker(name = "breaker: last error", last_error)]
    fn call(error: Option<&str>) -> Result<u8, std::io::Error> {
        error.map_or(Ok(1), |error| Err(std::io::Error::other(error.to_owned())))
    }

    assert!(call(None).is_ok());
    assert_eq!(call_breaker().snapshot().last_error, None);
    assert_eq!(last_error("breaker: last error"), None);
    assert!(call(Some("no route")).is_err());
    assert!(call(Some("refused")).is_err());
    assert!(call(None).is_ok());
    let last = call_breaker().snapshot().last_error;
    assert_eq!(last.as_deref(), Some("refused"));
    let told = last_error("breaker: last error");
    assert_eq!(told.as_deref(), Some("refused"));
}

#[test]
fn a_failure_of_a_key_is_told_as_well() {
    #[breaker(by = host, last_error)]
    fn call(host: &str) -> Result<u8, String> {
        Err(format!("{host} is down"))
    }

    assert!(call("a").is_err());
    assert!(call("b").is_err());
    let last = call_breaker().snapshot().last_error;
    assert_eq!(last.as_deref(), Some("b is down"));
}

#[test]
fn what_is_no_failure_says_nothing() {
    #[breaker(
        when = |error: &&str| if *error == "not found" { Class::Permanent } else { Class::Neutral },
        reject = |_| "rejected",
        last_error
    )]
    fn call(error: &'static str) -> Result<u8, &'static str> {
        Err(error)
    }

    #[breaker(reject = |_| "rejected", last_error)]
    fn fails(error: &'static str) -> Result<u8, &'static str> {
        Err(error)
    }

    assert!(call("not found").is_err());
    assert!(call("not ours").is_err());
    assert_eq!(call_breaker().snapshot().last_error, None);
    assert!(fails("ours").is_err());
    assert_eq!(
        fails_breaker().snapshot().last_error.as_deref(),
        Some("ours")
    );
}

#[test]
fn what_an_error_says_is_not_told_unless_asked_for() {
    #[breaker(name = "breaker: silent")]
    fn call(card: &str) -> Result<u8, String> {
        Err(format!("no such card: {card}"))
    }

    assert!(call("4711").is_err());
    assert_eq!(call_breaker().snapshot().last_error, None);
    assert_eq!(last_error("breaker: silent"), None);
}

#[test]
fn an_error_that_says_nothing_is_a_failure_all_the_same() {
    struct Silent;

    impl From<perfkit::Rejected> for Silent {
        fn from(_: perfkit::Rejected) -> Self {
            Self
        }
    }

    #[breaker(last_error)]
    fn call() -> Result<u8, Silent> {
        Err(Silent)
    }

    #[breaker(last_error)]
    fn nothing() -> Option<u8> {
        None
    }

    assert!(call().is_err() && nothing().is_none());
    for snapshot in [call_breaker().snapshot(), nothing_breaker().snapshot()] {
        assert_eq!((snapshot.failures, snapshot.last_error), (1, None));
    }
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn a_timeout_further_in_is_what_failed() {
    #[breaker(name = "breaker: last timeout")]
    #[perfkit::timeout("10ms")]
    async fn call() -> Result<u8, perfkit::Rejected> {
        std::future::pending().await
    }

    assert!(call().await.is_err());
    let last = call_breaker().snapshot().last_error.unwrap();
    assert!(
        last.contains("breaker: last timeout") || last.contains("10"),
        "{last}"
    );
}

#[test]
fn by_hand_a_permit_says_why() {
    let breaker = Breaker::builder("breaker: said by hand").build().unwrap();
    breaker.admit().unwrap().failed_with(&"by hand");
    let snapshot = breaker.snapshot();
    assert_eq!(snapshot.last_error.as_deref(), Some("by hand"));
    assert_eq!(snapshot.failures, 1);
}
