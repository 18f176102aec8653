//! Slow calls as `tracing` events.
//!
//! A site tells of at most one slow call a second, with the number it kept to itself since: a slow dependency must not
//! become a flood of log lines. Without the feature `tracing` slow calls are only counted.

use std::borrow::Cow;

/// When a site last told of a slow call.
pub(super) struct Events {
    #[cfg(feature = "tracing")]
    limit: limit::Limit,
}

impl Events {
    pub(super) const fn new() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            limit: limit::Limit::new(),
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
        if let Some(suppressed) = self.limit.pass(crate::clock::ticks()) {
            emit(ticks, &op(), suppressed);
        }
        #[cfg(not(feature = "tracing"))]
        let _ = (ticks, op);
    }
}

#[cfg(feature = "tracing")]
fn emit(ticks: u64, op: &str, suppressed: u64) {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    let elapsed_ms = crate::clock::nanos_of_sum(ticks.into(), crate::clock::factor()) / 1e6;
    let event = || {
        tracing::event!(
            target: "perfkit::slow",
            tracing::Level::WARN,
            op,
            elapsed_ms,
            suppressed,
            "slow call"
        );
    };
    // The subscriber is not ours and not the function's: its panic must not become one of the call, which may itself be
    // unwinding just now.
    let _ = catch_unwind(AssertUnwindSafe(event));
}

#[cfg(feature = "tracing")]
mod limit {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    use std::time::Duration;

    use crate::clock;

    /// Lets one through each second.
    pub(super) struct Limit {
        /// In ticks, from when on the next may pass.
        next: AtomicU64,
        suppressed: AtomicU64,
    }

    impl Limit {
        pub(super) const fn new() -> Self {
            Self {
                next: AtomicU64::new(0),
                suppressed: AtomicU64::new(0),
            }
        }

        /// How many did not pass since the last that did; `None` for one that does not pass.
        pub(super) fn pass(&self, now: u64) -> Option<u64> {
            let next = self.next.load(Relaxed);
            let after = now.saturating_add(clock::ticks_in(Duration::from_secs(1)));
            let first = now >= next
                && self
                    .next
                    .compare_exchange(next, after, Relaxed, Relaxed)
                    .is_ok();
            if first {
                Some(self.suppressed.swap(0, Relaxed))
            } else {
                self.suppressed.fetch_add(1, Relaxed);
                None
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn one_a_second_passes_and_tells_of_the_rest() {
            clock::test::set(0);
            let limit = Limit::new();
            let second = 1_000_000_000;
            assert_eq!(limit.pass(5), Some(0));
            assert_eq!(limit.pass(6), None);
            assert_eq!(limit.pass(4 + second), None);
            assert_eq!(limit.pass(5 + second), Some(2));
        }
    }
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
