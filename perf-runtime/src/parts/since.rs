//! Time as a number, for what decides by arithmetic: nanoseconds since somebody first asked.

use std::sync::OnceLock;
use std::time::Instant;

/// See the module.
#[derive(Debug)]
pub(crate) struct Since(OnceLock<Instant>);

impl Since {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Zero for the first who asks, and for what was before; at most 584 years.
    pub(crate) fn nanos(&self, now: Instant) -> u64 {
        let start = *self.0.get_or_init(|| now);
        u64::try_from(now.saturating_duration_since(start).as_nanos()).unwrap_or(u64::MAX)
    }
}
