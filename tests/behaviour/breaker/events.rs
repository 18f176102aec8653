//! What the log hears.

use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::*;

/// Keeps what a breaker told, one string an event.
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
        metadata.target() == "perfkit::breaker"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{};", event.metadata().level()));
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
}

#[test]
fn each_change_is_an_event_with_its_reason() {
    static CLOCK: Clock = Clock::manual();

    #[breaker(threshold = 1, clock = &CLOCK, name = "events")]
    fn call(answer: Answer) -> Answer {
        answer
    }
    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), || {
        let open_and_close = || {
            let _ = call(DOWN);
            CLOCK.advance(60 * SECOND);
            let _ = call(Ok(1));
        };
        // Whoever comes to an event first decides whether anybody hears of it, and may be a test without a subscriber.
        open_and_close();
        tracing::callsite::rebuild_interest_cache();
        log.0.lock().unwrap().clear();
        open_and_close();
    });
    let lines = log.0.lock().unwrap();
    let expected = [
        ("WARN", "closed", "open", "consecutive failures"),
        ("INFO", "open", "half-open", "reset elapsed"),
        ("INFO", "half-open", "closed", "probes succeeded"),
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for (line, (level, from, to, reason)) in lines.iter().zip(expected) {
        let fields = format!("op=\"events\";from=\"{from}\";to=\"{to}\";reason={reason};");
        assert!(
            line.starts_with(&format!("{level};")) && line.contains(&fields),
            "{line}"
        );
    }
}
