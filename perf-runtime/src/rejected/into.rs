//! What a rejection becomes without any code of the user's.

use std::io;

use super::{Reason, Rejected};

/// Kept inside, so that [`rejection`](super::rejection) finds it; the kind is the one that says the same.
impl From<Rejected> for io::Error {
    fn from(rejected: Rejected) -> Self {
        let kind = match rejected.reason() {
            Reason::TimedOut | Reason::PoolTimeout => io::ErrorKind::TimedOut,
            Reason::PoolClosed => io::ErrorKind::NotConnected,
            // There is none for what may work later that would not make somebody repeat the call at once.
            Reason::LoadFailed
            | Reason::CircuitOpen
            | Reason::RateLimited
            | Reason::BulkheadFull
            | Reason::QueueFull
            | Reason::BatchLost
            | Reason::ShutDown
            | Reason::Cancelled
            | Reason::PoolFailed
            | Reason::PoolDeadlock
            | Reason::PoolFull => io::ErrorKind::Other,
        };
        Self::new(kind, rejected)
    }
}

/// The sentence; the rejection itself cannot be found in it again.
impl From<Rejected> for String {
    fn from(rejected: Rejected) -> Self {
        rejected.to_string()
    }
}
