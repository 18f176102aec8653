//! What a pool is told.

use std::time::Duration;

/// Which of the idle resources is given out next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Order {
    /// The one that came back last: it is warm, and those that are not needed grow cold.
    #[default]
    Lifo,
    /// The one that has been idle for the longest time: all are used alike.
    Fifo,
}

/// The limits of a pool; times are ticks, [`u64::MAX`] for never.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) min: usize,
    pub(crate) max: usize,
    pub(crate) max_creating: usize,
    pub(crate) order: Order,
    /// How long somebody waits, where no clock but that of the ticks is asked when he comes.
    pub(crate) acquire_timeout: Duration,
    pub(crate) idle_timeout: u64,
    pub(crate) max_lifetime: u64,
    pub(crate) validate_every: u64,
    pub(crate) check_after: u64,
    /// Whoever waits gets the error of a creation at once.
    pub(crate) fail_fast: bool,
    /// Ages are long, so that those who take what is there need not know the time exactly.
    pub(crate) is_coarse: bool,
}
