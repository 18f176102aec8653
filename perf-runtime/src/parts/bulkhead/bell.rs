//! What wakes a thread that waits.

use std::sync::{Arc, PoisonError};
use std::task::Wake;
use std::time::Duration;

use super::sync::{Condvar, Mutex, lock};

/// A waker for a thread of its own. Not `unpark`, which the thread's own code may wait for as well.
#[derive(Default)]
pub(crate) struct Bell {
    rung: Mutex<bool>,
    ringing: Condvar,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *lock(&self.rung) = true;
        self.ringing.notify_one();
    }
}

impl Bell {
    /// Blocks until it has rung since the last time, and for at most `timeout`.
    pub(crate) fn wait(&self, timeout: Option<Duration>) {
        let rung = lock(&self.rung);
        let mut rung = match timeout {
            None => self
                .ringing
                .wait_while(rung, |rung| !*rung)
                .unwrap_or_else(PoisonError::into_inner),
            Some(timeout) => {
                self.ringing
                    .wait_timeout_while(rung, timeout, |rung| !*rung)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        };
        *rung = false;
    }
}
