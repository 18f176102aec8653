//! What the log hears.

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::*;
use crate::log::Log;

#[test]
fn a_storm_of_timeouts_is_one_warning() {
    let site = site!("storm", Duration::ZERO);
    let lines = Log::of("perfkit::timeout", || {
        for _ in 0..1000 {
            block_on(call(site, pending::<Answer>())).unwrap_err();
        }
    });
    // A machine may take longer than a second for the thousand, and then tell again.
    assert!((1..1000).contains(&lines.len()), "{lines:?}");
    assert!(lines[0].starts_with("WARN;"), "{lines:?}");
    assert!(lines[0].contains("op=\"storm\";"), "{lines:?}");
    assert!(lines[0].contains("limit=0ns;suppressed=0;"), "{lines:?}");
}

#[test]
fn a_panicking_subscriber_does_not_reach_the_call() {
    /// Writes down that it was asked, and panics.
    struct Panics(Arc<AtomicUsize>);
    impl Subscriber for Panics {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "perfkit::timeout"
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Relaxed);
            std::panic::resume_unwind(Box::new("the subscriber's own fault"));
        }
    }
    let site = site!("subscriber", Duration::ZERO);
    let asked = Arc::default();
    let answer = tracing::subscriber::with_default(Panics(Arc::clone(&asked)), || {
        block_on(call(site, pending::<Answer>()))
    });
    assert_eq!(rejected_by(answer), "subscriber");
    assert_eq!(asked.load(Relaxed), 1);
    assert_eq!(
        numbers(site),
        Numbers {
            timed_out: 1,
            ..NONE
        }
    );
}
