//! What a batcher is told.

use std::time::Duration;

/// What a batcher is told.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Items of a batch, at most.
    pub max_size: u64,
    /// How long the first item of a batch waits for others; without, as long as is worth it.
    pub linger: Option<Duration>,
    /// Batches of a group that run at once.
    pub concurrency: u64,
    /// Items of a group that wait.
    pub max_queue: u64,
    /// What becomes of a call when so many wait.
    pub full: Full,
    /// Whether it is a function whose calls block.
    pub blocks: bool,
}

/// What becomes of a call when the queue of a batcher is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Full {
    /// It stands in line for a place.
    Wait,
    /// It is rejected, with [`Reason::QueueFull`](crate::Reason::QueueFull).
    Reject,
}

impl Settings {
    /// The defaults: 100 items, as long as is worth it, one batch, 10,000 in the queue, wait.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_size: 100,
            linger: None,
            concurrency: 1,
            max_queue: 10_000,
            full: Full::Wait,
            blocks: false,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}
