//! Rejections of what runs a body for its callers.

use std::fmt;

use super::{Reason, Rejected};

/// Of a lost batch: it panicked.
const PANICKED: u64 = u64::MAX;

impl Rejected {
    /// As many wait as may.
    pub(crate) const fn queue_full(op: &'static str) -> Self {
        Self::new(op, Reason::QueueFull, 0)
    }

    /// The batch panicked, and another caller has the panic.
    pub(crate) const fn batch_panicked(op: &'static str) -> Self {
        Self::new(op, Reason::BatchLost, PANICKED)
    }

    /// What ran it is gone.
    pub(crate) const fn batch_gone(op: &'static str) -> Self {
        Self::new(op, Reason::BatchLost, 0)
    }

    /// The batch gave so many answers for so many items.
    pub(crate) fn batch_length(op: &'static str, items: usize, answers: usize) -> Self {
        let half = |count| u64::from(u32::try_from(count).unwrap_or(u32::MAX - 1));
        Self::new(op, Reason::BatchLost, half(items) << 32 | half(answers))
    }

    /// It takes no calls any more.
    pub(crate) const fn shut_down(op: &'static str) -> Self {
        Self::new(op, Reason::ShutDown, 0)
    }

    /// A call of `op` that has not run will not.
    pub(crate) const fn cancelled(op: &'static str) -> Self {
        Self::new(op, Reason::Cancelled, 0)
    }

    pub(super) fn say_how_lost(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = self.cause.op;
        match self.cause.more {
            PANICKED => write!(f, "the batch of `{op}` with this call in it panicked"),
            0 => write!(f, "what ran this call of `{op}` is gone"),
            counts => write!(
                f,
                "the batch of `{op}` gave {} answers for {} items, and nobody knows which are whose",
                counts & u64::from(u32::MAX),
                counts >> 32
            ),
        }
    }
}
