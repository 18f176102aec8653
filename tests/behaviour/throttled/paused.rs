//! What ran when, while time is paused.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Milliseconds since the start, and what ran.
pub(super) type Ran = Mutex<Vec<(u128, u32)>>;

pub(super) fn note(ran: &Ran, start: Instant, what: u32) {
    ran.lock()
        .unwrap()
        .push((start.elapsed().as_millis(), what));
}

pub(super) async fn pass(millis: u64) {
    sleep(Duration::from_millis(millis)).await;
}
