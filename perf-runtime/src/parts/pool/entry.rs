//! One resource, and what a pool knows of it.

use std::panic::Location;

/// The place of a resource that a pool has made beyond its limit.
pub(crate) const NO_PLACE: usize = usize::MAX;

/// See the module. Times are ticks.
///
/// Kept in a box, so that giving one out and taking it back moves a word.
pub(crate) struct Entry<T> {
    pub(crate) resource: T,
    /// Where the pool remembers who has it.
    pub(crate) place: usize,
    /// From then on it is given to nobody.
    pub(crate) expires: u64,
    /// When it was given out for the last time.
    pub(crate) used: u64,
    /// Since when it has not been used, as far as the last look at it knows.
    pub(crate) idle_since: u64,
    /// When it is to be checked, though nobody asks for it.
    pub(crate) check_due: u64,
    /// Until then it is given out as it is; after that it has to be checked first, or to go.
    pub(crate) good_until: u64,
    /// It came back since anybody looked.
    pub(crate) is_fresh: bool,
    /// How long it is held is measured.
    pub(crate) is_timed: bool,
}

impl<T> Entry<T> {
    /// It is known to be well at that time.
    #[inline]
    pub(crate) fn is_well(&mut self, at: u64, check_after: u64) {
        self.good_until = self.expires.min(at.saturating_add(check_after));
    }

    /// Since when it may have been idle: rather too long than too short, so that it is checked rather once more.
    #[inline]
    pub(crate) const fn idle_since(&self) -> u64 {
        if self.is_fresh {
            self.used
        } else {
            self.idle_since
        }
    }
}

/// Who has a resource.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holder {
    /// In ticks.
    pub(crate) since: u64,
    pub(crate) at: &'static Location<'static>,
}

/// Why a resource is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It was idle for too long.
    Idle,
    /// It had lived for too long.
    Lifetime,
    /// A check found it broken, or did not end, or panicked.
    Invalid,
    /// Who had it said that it is broken.
    Poisoned,
    /// Who had it panicked.
    Panicked,
    /// What is done when it comes back did not like it.
    Refused,
    /// There were more than there may be.
    Surplus,
    /// Somebody asked for the idle ones to go.
    Evicted,
    /// Who had it keeps it.
    Taken,
    /// The pool was closed.
    Closed,
}

impl End {
    /// In the order of their numbers, as the report calls them.
    pub(crate) const NAMES: [&'static str; 10] = [
        "idle", "lifetime", "invalid", "poisoned", "panic", "refused", "surplus", "evicted",
        "taken", "closed",
    ];
}
