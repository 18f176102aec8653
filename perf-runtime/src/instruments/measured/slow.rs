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
