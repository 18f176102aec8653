//! What the log hears while something is done.

use std::cell::RefCell;
use std::fmt::Debug;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

thread_local! {
    /// The target that this thread listens to, and what was told to it.
    static HEARD: RefCell<Option<(&'static str, Vec<String>)>> = const { RefCell::new(None) };
}

/// The events of one target, one string each: `WARN;op="load";attempts=3;`.
pub(crate) struct Log;

impl Log {
    /// What is told to `target` while `act` runs on this thread.
    pub(crate) fn of(target: &'static str, act: impl FnOnce()) -> Vec<String> {
        static LISTENS: Once = Once::new();
        // For all threads: whoever comes to an event first decides whether anybody hears of it, and may be another test.
        LISTENS.call_once(|| tracing::subscriber::set_global_default(Self).unwrap());
        HEARD.set(Some((target, Vec::new())));
        act();
        HEARD.take().unwrap().1
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
        metadata.target().starts_with("perfkit::")
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        HEARD.with_borrow_mut(|heard| {
            if let Some((target, lines)) = heard
                && *target == event.metadata().target()
            {
                let mut line = Line(format!("{};", event.metadata().level()));
                event.record(&mut line);
                lines.push(line.0);
            }
        });
    }
}
