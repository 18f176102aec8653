//! The options of a pool.

use std::time::Duration;

use crate::clock::ticks_in;
use crate::parts::pool::{Order, Rules};

/// See the module. The defaults are those of `#[pooled]`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Resources that are kept though nobody needs them.
    pub min_size: u64,
    /// Resources that there may be.
    pub max_size: u64,
    /// How long somebody waits for one, all in all.
    pub acquire_timeout: Duration,
    /// How long making one may take.
    pub create_timeout: Duration,
    /// How long checking one may take.
    pub validate_timeout: Duration,
    /// How long one stays that is not used.
    pub idle_timeout: Duration,
    /// How long one is used.
    pub max_lifetime: Duration,
    /// How often one is checked that is not used.
    pub validate_every: Duration,
    /// How long one must not have been used to be checked before it is given out.
    pub check_after: Duration,
    /// How many are made at once.
    pub max_creating: u64,
    /// Whether the one that has been idle longest is given out first.
    pub is_fifo: bool,
    /// Whether the error of a creation goes to who waits for it.
    pub fail_fast: bool,
    /// How many pools a function has, one for each of its arguments.
    pub max_keys: u64,
}

impl Settings {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            min_size: 1,
            max_size: 10,
            acquire_timeout: Duration::from_secs(5),
            create_timeout: Duration::from_secs(5),
            validate_timeout: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(5 * 60),
            max_lifetime: Duration::from_secs(60 * 60),
            validate_every: Duration::from_secs(60),
            check_after: Duration::from_secs(30),
            max_creating: 2,
            is_fifo: false,
            fail_fast: false,
            max_keys: 64,
        }
    }

    pub(super) fn rules(&self) -> Rules {
        let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let max = size(self.max_size).max(1);
        Rules {
            min: size(self.min_size).min(max),
            max,
            max_creating: size(self.max_creating).max(1),
            acquire_timeout: self.acquire_timeout,
            order: if self.is_fifo {
                Order::Fifo
            } else {
                Order::Lifo
            },
            idle_timeout: ticks_in(self.idle_timeout),
            max_lifetime: ticks_in(self.max_lifetime),
            validate_every: ticks_in(self.validate_every),
            check_after: ticks_in(self.check_after),
            fail_fast: self.fail_fast,
            is_coarse: self.shortest_age() >= COARSE,
        }
    }

    /// What the ages of resources are compared with.
    pub(super) fn shortest_age(&self) -> Duration {
        self.check_after.min(self.max_lifetime)
    }

    /// How often a pool is looked after.
    pub(super) fn every(&self) -> Duration {
        let shortest = [self.idle_timeout, self.max_lifetime, self.validate_every];
        let shortest = shortest.into_iter().min().unwrap_or(LONGEST);
        (shortest / 4).clamp(SHORTEST, LONGEST)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

/// Ages from which on it is enough to know the time to a hundredth of them.
const COARSE: Duration = Duration::from_secs(1);
const SHORTEST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_secs(15);
