//! How long a leader lets callers arrive where nobody said so.
//!
//! A batcher that sends whatever is there splits its callers: those answered by one batch come back while the next one
//! runs, and two groups alternate, each in batches half as large as they could be. A short wait after a batch brings them
//! together. It is worth a share of what a batch costs and no more: as long as callers arrive, at most a sixteenth of a
//! batch; where none has come for a quarter of that, it is over. A batch that costs next to nothing is not waited for.
//!
//! All times are in ticks.

/// The most a leader waits, of what a batch takes.
const SHARE: u64 = 16;
/// How much of that has to pass without an arrival.
const CALM: u64 = 4;

/// What it takes to be worth it, and the most it may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Worth {
    /// From what a batch has to take.
    pub(crate) cost: u64,
    /// Longer than this a leader does not wait, whatever a batch takes.
    pub(crate) most: u64,
}

/// One wait.
#[derive(Debug)]
pub(crate) struct Lull {
    until: u64,
    calm: u64,
    /// When somebody came last, and how many had come by then.
    last: u64,
    arrivals: u64,
}

impl Lull {
    /// A wait that begins; nothing where it is not worth it.
    pub(crate) fn of(cost: u64, worth: Worth, now: u64, arrivals: u64) -> Option<Self> {
        if cost < worth.cost {
            return None;
        }
        let most = (cost / SHARE).min(worth.most);
        Some(Self {
            until: now.saturating_add(most),
            calm: most / CALM,
            last: now,
            arrivals,
        })
    }

    /// Whether it is over.
    pub(crate) fn is_over(&mut self, now: u64, arrivals: u64) -> bool {
        if arrivals != self.arrivals {
            (self.arrivals, self.last) = (arrivals, now);
        }
        now >= self.until || now.saturating_sub(self.last) >= self.calm
    }
}

#[cfg(test)]
mod tests {
    use super::{Lull, Worth};

    const WORTH: Worth = Worth {
        cost: 32_000,
        most: 1_000_000,
    };

    #[test]
    fn a_cheap_batch_is_not_waited_for() {
        assert!(Lull::of(31_999, WORTH, 0, 0).is_none());
        assert!(Lull::of(32_000, WORTH, 0, 0).is_some());
    }

    #[test]
    fn it_ends_when_nobody_comes_for_a_quarter() {
        let mut lull = Lull::of(64_000, WORTH, 0, 0).unwrap();
        assert!(!lull.is_over(999, 0));
        assert!(!lull.is_over(999, 1));
        assert!(!lull.is_over(1998, 1));
        assert!(lull.is_over(1999, 1));
    }

    #[test]
    fn however_many_come_it_is_a_sixteenth() {
        let mut lull = Lull::of(64_000, WORTH, 500, 0).unwrap();
        for now in 500..4500 {
            assert!(!lull.is_over(now, now));
        }
        assert!(lull.is_over(4500, 4500));
    }

    #[test]
    fn no_batch_is_waited_for_longer_than_the_most() {
        let mut lull = Lull::of(u64::MAX, WORTH, 0, 0).unwrap();
        assert!(lull.is_over(1_000_000, 1));
    }
}
