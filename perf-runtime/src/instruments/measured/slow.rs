//! Slow calls as `tracing` events.
//!
//! A site tells of at most one slow call a second, with the number it kept to itself since: a slow dependency must not
//! become a flood of log lines. Without the feature `tracing` slow calls are only counted.

use std::borrow::Cow;

#[cfg(feature = "tracing")]
use crate::parts::event_limit::EventLimit;

/// When a site last told of a slow call.
pub(super) struct Events {
    #[cfg(feature = "tracing")]
    limit: EventLimit,
}

impl Events {
    pub(super) const fn new() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            limit: EventLimit::new(),
        }
    }

    /// A call took that many ticks, which is slow.
    #[cold]
    #[inline(never)]
    #[cfg_attr(
        not(feature = "tracing"),
        expect(clippy::unused_self, reason = "there is no event to limit")
    )]
    pub(super) fn report(&self, ticks: u64, op: impl FnOnce() -> Cow<'static, str>) {
        #[cfg(feature = "tracing")]
        self.limit.tell(crate::clock::now(), |suppressed| {
            emit(ticks, &op(), suppressed);
        });
        #[cfg(not(feature = "tracing"))]
        let _ = (ticks, op);
    }
}

#[cfg(feature = "tracing")]
fn emit(ticks: u64, op: &str, suppressed: u64) {
    let elapsed_ms = crate::clock::nanos_of_sum(ticks.into(), crate::clock::factor()) / 1e6;
    tracing::event!(
        target: "perfkit::slow",
        tracing::Level::WARN,
        op,
        elapsed_ms,
        suppressed,
        "slow call"
    );
}

#[cfg(all(test, feature = "tracing"))]
mod tests {
    use std::fmt::{Debug, Write};
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Level, Metadata, Subscriber};

    use super::*;
    use crate::clock;

    /// Writes events down as `name=value` pairs.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<String>>>);

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            let _ = write!(self.0, "{}={value:?} ", field.name());
        }
    }

    impl Subscriber for Log {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "perfkit::slow" && *metadata.level() == Level::WARN
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut line = Line(String::new());
            event.record(&mut line);
            self.0.lock().expect("no panic").push(line.0);
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn a_flood_of_slow_calls_is_one_event_a_second() {
        clock::test::set(0);
        let log = Log::default();
        let events = Events::new();
        tracing::subscriber::with_default(log.clone(), || {
            for _ in 0..1001 {
                clock::test::pass(1_000_000);
                events.report(2_500_000, || "shop::load".into());
            }
        });
        let lines = log.0.lock().expect("no panic");
        let of = |suppressed| {
            format!("message=slow call op=\"shop::load\" elapsed_ms=2.5 suppressed={suppressed} ")
        };
        assert_eq!(*lines, [of(0), of(999)]);
    }

    #[test]
    fn a_panicking_subscriber_does_not_reach_the_call() {
        struct Panics;
        impl Subscriber for Panics {
            fn enabled(&self, _: &Metadata<'_>) -> bool {
                true
            }
            fn new_span(&self, _: &Attributes<'_>) -> Id {
                Id::from_u64(1)
            }
            fn record(&self, _: &Id, _: &Record<'_>) {}
            fn record_follows_from(&self, _: &Id, _: &Id) {}
            fn event(&self, _: &Event<'_>) {
                std::panic::panic_any("the subscriber's own fault")
            }
            fn enter(&self, _: &Id) {}
            fn exit(&self, _: &Id) {}
        }
        clock::test::set(0);
        tracing::subscriber::with_default(Panics, || {
            Events::new().report(1, || "shop::load".into());
        });
    }
}
