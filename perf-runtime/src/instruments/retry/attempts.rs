//! What becomes of a call whose first attempt has failed.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use crate::classify::Class;
use crate::clock::Start;
use crate::ended::Ended;
use crate::instruments::retry::report::{self, Count};
use crate::instruments::retry::wait::Wait;
use crate::instruments::retry::{Asked, Retry, RetryEvent};
use crate::rejected::{Reason, Rejected};

/// Why an attempt did not succeed.
pub(super) enum Failed {
    /// The function said so, and perhaps after which time to come again.
    Answered(Class, Option<Duration>),
    /// A policy further in has answered.
    Rejected(Rejected),
}

impl Failed {
    pub(super) fn is_repeatable(&self, rejections: bool) -> bool {
        match self {
            Self::Answered(class, _) => class.is_repeatable(),
            Self::Rejected(rejected) if rejected.is_timeout() => true,
            Self::Rejected(rejected) => {
                rejections
                    && (rejected.retry_after().is_some()
                        || matches!(rejected.reason(), Reason::BulkheadFull))
            }
        }
    }

    /// What it is counted as where it is not repeated.
    pub(super) fn unrepeated(&self) -> Count {
        match self {
            Self::Answered(..) => Count::NotRepeatable,
            Self::Rejected(_) => Count::Rejected,
        }
    }

    /// The shortest time to wait.
    pub(super) fn after(&self) -> Duration {
        let after = match self {
            Self::Answered(Class::Overloaded(Some(one)), Some(other)) => Some(*one.max(other)),
            Self::Answered(Class::Overloaded(one), other) => one.or(*other),
            Self::Answered(_, after) => *after,
            Self::Rejected(rejected) => rejected.retry_after(),
        };
        after.unwrap_or_default()
    }
}

/// The attempts of a call.
///
/// Dropped after the first one has failed and before its end, the call was cancelled, or panicked.
#[derive(Debug)]
pub(super) struct Attempts {
    /// When the call began; only where there is a deadline.
    began: Option<Instant>,
    /// Of the attempt that runs or has just run.
    number: u32,
    /// There once the first attempt has failed, until something ends the call.
    running: Option<&'static Retry>,
}

impl Attempts {
    #[inline]
    pub(super) fn new(began: Option<Instant>) -> Self {
        Self {
            began,
            number: 1,
            running: None,
        }
    }

    /// What the attempt gave: the wait before the next one, or the answer of the call.
    pub(super) fn next<A>(
        &mut self,
        retry: &'static Retry,
        ended: Ended<A>,
        asked: &mut impl Asked<A>,
    ) -> Result<Wait, Ended<A>> {
        if self.running.is_none() {
            retry.count(Count::Started);
            self.running = Some(retry);
        }
        let failed = match &ended {
            Ended::Answered(answer) => match asked.class(answer) {
                Some(class) => {
                    let after = class.is_repeatable().then(|| asked.after(answer)).flatten();
                    Some(Failed::Answered(class, after))
                }
                None => None,
            },
            Ended::Rejected(rejected) | Ended::Refused(_, rejected) => {
                Some(Failed::Rejected(*rejected))
            }
        };
        match self.wait(retry, failed.as_ref()) {
            Some(wait) => {
                asked.tell(RetryEvent {
                    op: retry.op,
                    attempt: self.number,
                    delay: wait.delay,
                    ended: &ended,
                });
                Ok(wait)
            }
            None => Err(ended),
        }
    }

    fn wait(&mut self, retry: &Retry, failed: Option<&Failed>) -> Option<Wait> {
        let next = self.number.saturating_add(1);
        let decided = match failed {
            Some(failed) => retry.decide(next, self.began, failed),
            None if self.number > 1 => Err(Count::Recovered),
            // An error that `when` says is none.
            None => Err(Count::NotRepeatable),
        };
        let delay = match decided {
            Ok(delay) => delay,
            Err(how) => {
                self.running = None;
                retry.count(how);
                #[cfg(feature = "tracing")]
                retry.tell(self.number, how);
                return None;
            }
        };
        self.number = next;
        retry.count(report::attempt(next));
        let nanos = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        let more = |waited: u64| Some(waited.saturating_add(nanos));
        let _ = retry.waited.fetch_update(Relaxed, Relaxed, more);
        Some(Wait {
            delay,
            clock: retry.clock,
        })
    }
}

/// When the attempt begins that is next in a call that is not awaited: the first one with the call, whose start is taken,
/// others now.
#[inline]
#[must_use]
pub fn began(call: &mut Option<Start>) -> Start {
    call.take().unwrap_or_else(Start::now)
}

impl Drop for Attempts {
    #[inline]
    fn drop(&mut self) {
        if let Some(retry) = self.running {
            retry.abandoned();
        }
    }
}
