//! What the log hears while something is done.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The events of one target, one string each: `WARN;op="load";attempts=3;`.
#[derive(Clone)]
pub(crate) struct Log {
    target: &'static str,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Log {
    /// What is told to `target` while `act` runs on this thread.
    pub(crate) fn of(target: &'static str, act: impl FnOnce()) -> Vec<String> {
        let log = Self {
            target,
            lines: Arc::default(),
        };
        tracing::subscriber::with_default(log.clone(), || {
            // Whoever comes to an event first decides whether anybody hears of it, and may be a test without a subscriber.
            tracing::callsite::rebuild_interest_cache();
            act();
        });
        std::mem::take(&mut *log.lines.lock().unwrap())
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        use std::fmt::Write;
        write!(self.0, "{}={value:?};", field.name()).unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == self.target
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
        self.lines.lock().unwrap().push(line.0);
    }
}
