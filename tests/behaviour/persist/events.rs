//! What the log hears.

use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::*;

/// Keeps what the caches told, one string an event.
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
        metadata.target() == "perfkit::cache"
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

fn told(act: impl FnOnce()) -> Vec<String> {
    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), act);
    std::mem::take(&mut *log.0.lock().unwrap())
}

#[test]
fn a_file_that_is_set_aside_and_a_save_that_fails_are_warnings() {
    #[cached(name = "events", persist = kept("events"))]
    fn load(id: u64) -> String {
        format!("made {id}")
    }

    let path = fresh("events");
    std::fs::write(&path, "a letter to a friend").unwrap();
    let lines = told(|| _ = load(1));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("op=\"events\";"), "{lines:?}");
    assert!(lines[0].contains("verdict=Foreign;"), "{lines:?}");
    assert!(lines[0].contains("kept.bad;"), "{lines:?}");

    std::fs::create_dir(&path).unwrap();
    let lines = told(|| _ = load_cache().save().unwrap_err());
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("cache was not saved"), "{lines:?}");
    assert!(
        lines[0].contains("is a folder, a link or a device"),
        "{lines:?}"
    );
    assert!(lines[0].contains("suppressed=0;"), "{lines:?}");

    std::fs::remove_dir(&path).unwrap();
    assert!(told(|| _ = load_cache().save().unwrap()).is_empty());
}
