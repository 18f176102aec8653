//! When a paced function runs: at the first call, after the last, or both. Shared by [`debounce`](super::debounce) and
//! [`throttle`](super::throttle), with what both answer.

use std::time::Instant;

/// Which calls of a burst a debounced or throttled function runs for.
///
/// ```
/// use std::time::Duration;
///
/// use perfkit::{Edge, debounce};
///
/// // The first click counts, those that follow too soon do not.
/// let submit = debounce(Duration::from_millis(500), |form: u32| println!("submitted {form}")).edge(Edge::Leading);
/// submit.call(7);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Edge {
    /// The first, at once; those that follow within the time are left out.
    Leading,
    /// The last, when the time is over.
    Trailing,
    /// The first, at once, and the last, when the time is over, if there was more than one.
    Both,
}

impl Edge {
    pub(crate) const fn is_leading(self) -> bool {
        matches!(self, Self::Leading | Self::Both)
    }

    pub(crate) const fn is_trailing(self) -> bool {
        matches!(self, Self::Trailing | Self::Both)
    }
}

/// What becomes of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Runs at once.
    Now,
    /// Waits, in place of the one that waited before.
    Later,
    /// Does not run.
    Never,
}

/// Whether the function can run now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runner {
    /// Nobody runs it.
    Idle,
    /// It runs for an earlier call.
    Busy,
}

/// The decision when calls run; the time is handed in, the waiting is done elsewhere.
pub(crate) trait Pace {
    /// A call at `now`.
    fn call(&mut self, now: Instant, runner: Runner) -> Verdict;

    /// When the call that waits is to run; nothing when none waits, or when that time never comes.
    fn due(&self) -> Option<Instant>;

    /// The call that waited runs, at `now`, in its time or before it.
    fn run(&mut self, now: Instant);

    /// The call that waited will not run.
    fn cancel(&mut self);
}
