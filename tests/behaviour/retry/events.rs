//! What the log hears.

use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::*;

/// Keeps what the sites told, one string an event.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        use std::fmt::Write;
        write!(self.0, "{}={value:?};", field.name()).unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "perfkit::retry"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        assert_eq!(*event.metadata().level(), Level::WARN);
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
}

fn told(calls: impl FnOnce()) -> Vec<String> {
    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), || {
        // Whoever comes to an event first decides whether anybody hears of it, and may be a test without a subscriber.
        tracing::callsite::rebuild_interest_cache();
        calls();
    });
    log.0.lock().unwrap().clone()
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
    assert!(lines[0].contains(first), "{lines:?}");
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
