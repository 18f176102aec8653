//! What the log hears.

use super::*;
use crate::log::Log;

fn told(calls: impl FnOnce()) -> Vec<String> {
    Log::of("perfkit::retry", calls)
}

#[test]
fn who_gives_up_says_why() {
    static CLOCK: Clock = Clock::manual();

    #[retry(name = "gives up", clock = &CLOCK)]
    fn gives_up() -> Option<()> {
        None
    }
    #[retry(name = "has no time", max_delay = "1s", clock = &CLOCK)]
    fn has_no_time() -> Result<(), Failure> {
        Err(Failure::Busy(2 * SECOND))
    }

    let lines = told(|| {
        gives_up();
        has_no_time().unwrap_err();
    });
    assert_eq!(lines.len(), 2, "{lines:?}");
    let first = r#"op="gives up";attempts=3;why="all attempts failed";suppressed=0;"#;
    assert!(
        lines[0].starts_with("WARN;") && lines[0].contains(first),
        "{lines:?}"
    );
    let second = r#"op="has no time";attempts=1;why="the next attempt would be too late";"#;
    assert!(lines[1].contains(second), "{lines:?}");
}

#[test]
fn what_went_well_or_was_not_to_be_repeated_is_no_event() {
    static CLOCK: Clock = Clock::manual();
    static RUNS: AtomicU32 = AtomicU32::new(0);

    #[retry(clock = &CLOCK)]
    fn recovers() -> Option<()> {
        (RUNS.fetch_add(1, Relaxed) > 0).then_some(())
    }
    #[retry(clock = &CLOCK)]
    fn permanent() -> Result<(), Failure> {
        Err(Failure::Wrong)
    }

    let lines = told(|| {
        recovers();
        permanent().unwrap_err();
    });
    assert!(lines.is_empty(), "{lines:?}");
}
