//! The time that the monotonic clock has not seen.

/// By how much the wall clock must gain on the monotonic one between two looks to be believed that the machine slept.
const SLEEP: i128 = 1_000_000_000;

/// Both clocks at the last look, and what has been added since the first.
#[derive(Debug, Default)]
pub(super) struct Leap {
    /// What the wall clock is ahead of the monotonic one, in nanoseconds.
    ahead: Option<i128>,
    sum: u64,
}

impl Leap {
    pub(super) const fn new() -> Self {
        Self {
            ahead: None,
            sum: 0,
        }
    }

    /// What to add to the monotonic clock, after a look at both.
    pub(super) fn look(&mut self, monotonic: u64, wall: i128) -> u64 {
        let ahead = wall - i128::from(monotonic);
        // The first look, a clock set back, and the small corrections of every day change only where we look from.
        let gained = ahead - self.ahead.replace(ahead).unwrap_or(ahead);
        if gained > SLEEP {
            let gained = u64::try_from(gained).unwrap_or(u64::MAX);
            self.sum = self.sum.saturating_add(gained);
        }
        self.sum
    }
}
