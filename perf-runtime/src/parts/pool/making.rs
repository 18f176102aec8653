//! When a resource is made: as many at once as are needed and allowed, later after each failure.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::failure::Failure;
use super::line::Turn;
use super::{After, State};

/// How long is waited after the first failure; twice as long after each further one.
const FIRST_DELAY: Duration = Duration::from_millis(10);
const LONGEST_DELAY: Duration = Duration::from_secs(5);
/// Doublings until the longest delay.
const DOUBLINGS: u32 = 9;

/// One attempt to make a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempt(u64);

/// See the module.
pub(crate) struct Making {
    /// Those that run, and when they are given up from outside: their runtime may not run any more.
    attempts: Vec<(Attempt, Option<Instant>)>,
    issued: u64,
    failures: u32,
    retry_at: Option<Instant>,
    last: Option<Arc<str>>,
}

impl Making {
    pub(super) const fn new() -> Self {
        Self {
            attempts: Vec::new(),
            issued: 0,
            failures: 0,
            retry_at: None,
            last: None,
        }
    }

    pub(crate) const fn running(&self) -> usize {
        self.attempts.len()
    }

    /// Failures in a row.
    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Why the last one failed, as long as none has succeeded since.
    pub(crate) fn last(&self) -> Option<&Arc<str>> {
        self.last.as_ref().filter(|_| self.failures > 0)
    }

    pub(crate) const fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// It is over. False when it had been given up.
    fn end(&mut self, attempt: Attempt) -> bool {
        let known = self.attempts.len();
        self.attempts.retain(|(other, _)| *other != attempt);
        self.attempts.len() < known
    }
}

impl<T> State<T> {
    /// How many resources there should be in the making.
    fn needed(&self) -> usize {
        let demand = self.line.waiting().saturating_sub(self.checking);
        demand.max(self.rules.min.saturating_sub(self.size))
    }

    /// Whether there may be one more than there are and are being made.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.size + self.making.running() < self.rules.max
    }

    /// An attempt that is to be made now; asked again until there is none.
    pub(crate) fn attempt(&mut self, now: Instant, give_up_at: Option<Instant>) -> Option<Attempt> {
        if !self.is_open || self.making.retry_at.is_some_and(|at| at > now) {
            return None;
        }
        let running = self.making.running();
        // After a failure one finds out whether it works again.
        let most = if self.making.failures > 0 {
            1
        } else {
            self.rules.max_creating
        };
        if running >= most || running >= self.needed() || !self.has_room() {
            return None;
        }
        self.making.issued += 1;
        let attempt = Attempt(self.making.issued);
        self.making.attempts.push((attempt, give_up_at));
        Some(attempt)
    }

    /// Whether an attempt is still needed when it begins. Else it is over.
    pub(crate) fn is_needed(&mut self, attempt: Attempt) -> bool {
        if self.is_open && self.making.running() <= self.needed() {
            return true;
        }
        if self.making.end(attempt) {
            self.books.elided += 1;
        }
        false
    }

    /// An attempt has given a resource.
    pub(crate) fn created(&mut self, attempt: Attempt, resource: T, now: u64) -> After<T> {
        self.seen = self.seen.max(now);
        self.making.end(attempt);
        self.making.failures = 0;
        self.making.retry_at = None;
        self.books.created += 1;
        self.size += 1;
        let entry = self.entry(resource, now);
        // It may be too late, or one too many by now.
        self.settle(entry, None)
    }

    /// An attempt has failed. Gives what is to be dropped without the lock as well.
    pub(crate) fn failed(
        &mut self,
        attempt: Attempt,
        failure: Failure,
        now: Instant,
    ) -> (After<T>, Option<Turn<T>>) {
        self.making.end(attempt);
        self.making.failures = self.making.failures.saturating_add(1);
        self.making.last = Some(Arc::clone(&failure.text));
        self.making.retry_at = now.checked_add(self.delay());
        self.books.create_failures += 1;
        let mut after = self.watched();
        if !self.rules.fail_fast {
            return (after, Some(Turn::Failed(failure)));
        }
        match self.line.serve(Turn::Failed(failure)) {
            Ok(waker) => {
                after.first = waker;
                (after, None)
            }
            Err(turn) => (after, Some(turn)),
        }
    }

    /// How long after this failure: half of it by chance, so that many programs do not try at one moment.
    fn delay(&mut self) -> Duration {
        let doublings = self.making.failures.saturating_sub(1).min(DOUBLINGS);
        let longest = FIRST_DELAY
            .saturating_mul(1 << doublings)
            .min(LONGEST_DELAY);
        let half = u64::try_from(longest.as_nanos() / 2).unwrap_or(u64::MAX);
        Duration::from_nanos(half + self.random() % half.max(1))
    }

    /// An attempt was dropped, with the runtime that it ran on. Somebody else has to see to another one, but not at once:
    /// where nothing runs any more, that would go on for ever.
    pub(crate) fn lost(&mut self, attempt: Attempt, now: Instant) -> After<T> {
        if self.making.end(attempt) {
            self.books.lost += 1;
        }
        let later = now.checked_add(FIRST_DELAY);
        self.making.retry_at = self.making.retry_at.max(later);
        self.watched()
    }

    /// Gives up the attempts of runtimes that do not run.
    pub(super) fn give_up(&mut self, now: Instant) -> bool {
        let known = self.making.attempts.len();
        let is_over = |at: &Option<Instant>| at.is_some_and(|at| at <= now);
        self.making.attempts.retain(|(_, at)| !is_over(at));
        let given_up = known - self.making.attempts.len();
        self.books.lost += given_up as u64;
        given_up > 0
    }
}
