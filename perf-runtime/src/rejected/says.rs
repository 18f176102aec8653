//! What a rejection says: the sentence for people, and what developers see.

use std::fmt;
use std::time::Duration;

use super::{Reason, Rejected, detail};

impl Rejected {
    fn say_when(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.retry_after() {
            Some(Duration::ZERO) => f.write_str("; try again now"),
            Some(after) => write!(f, "; try again in {after:?}"),
            None => Ok(()),
        }
    }
}

/// Moments are told as what is left until then.
impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Rejected");
        debug
            .field("op", &self.cause.op)
            .field("reason", &self.cause.reason);
        if let Some(after) = self.retry_after() {
            debug.field("retry_after", &after);
        }
        debug.finish_non_exhaustive()
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause.reason {
            Reason::TimedOut => write!(
                f,
                "`{}` took longer than {:?} and was cancelled",
                self.cause.op,
                Duration::from_nanos(self.cause.more)
            ),
            Reason::LoadFailed => write!(
                f,
                "the run of `{}` that this call waited for failed",
                self.cause.op
            ),
            Reason::CircuitOpen => {
                write!(
                    f,
                    "`{}` has failed too often and is not asked",
                    self.cause.op
                )?;
                self.say_when(f)
            }
            Reason::RateLimited => {
                write!(
                    f,
                    "`{}` is called more often than its rate allows",
                    self.cause.op
                )?;
                self.say_when(f)
            }
            Reason::BulkheadFull => {
                write!(f, "`{}` runs as often as it may at once", self.cause.op)
            }
            Reason::QueueFull => {
                write!(f, "as many calls wait for `{}` as may wait", self.cause.op)
            }
            Reason::BatchLost => self.say_how_lost(f),
            Reason::ShutDown => write!(f, "`{}` is shut down", self.cause.op),
            Reason::Cancelled => {
                write!(
                    f,
                    "a call of `{}` was taken back before it ran",
                    self.cause.op
                )
            }
            Reason::PoolTimeout
            | Reason::PoolClosed
            | Reason::PoolFailed
            | Reason::PoolDeadlock
            | Reason::PoolFull => match detail::find(self.cause.more) {
                Some(detail) => write!(f, "`{}` {detail}", self.cause.op),
                None => write!(f, "`{}`: {}", self.cause.op, self.cause.reason),
            },
        }
    }
}
