//! `#[retry]` at run time: a call that failed is made again, after a while.
//!
//! A first attempt that succeeds meets one flag (see [`budget`](crate::parts::budget)) and nothing else: no clock, no count,
//! no line that another thread writes. Everything behind a failure is out of its way, in functions of their own; an async
//! call that is to be made again allocates once, for what it then needs until its end.
//!
//! # What is repeated
//! A failure that is [repeatable](crate::classify::Class::is_repeatable), a timeout of a policy further in included; with `rejected`, other
//! rejections that say when to come again, and those of a full bulkhead. Not a panic, and nothing that would begin after
//! the deadline, the call's own or [that of a timeout around it](crate::parts::deadline), or that is to wait for longer
//! than `max_delay`. Not by a retry that is itself called [by a repetition](crate::parts::repeating).
//!
//! # What is counted
//! `calls` are those whose first attempt failed, once they have ended, each in one of `ends`. Those that succeed at once
//! are not counted here: [`#[measured]`](crate::instruments::measured) knows them.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::clock::coarse::Clock;
use crate::ended::Ended;
use crate::outcome::Failing;
pub use crate::parts::backoff::{Growth, Jitter};
use crate::parts::budget::Budget;
use crate::parts::counter::Counters;
#[cfg(feature = "tracing")]
use crate::parts::event_limit::EventLimit;
use crate::parts::random::random;
use crate::parts::repeating::{self, Scope};
use crate::parts::since::Since;
use crate::rt;
use crate::site::{Instrument, Site};
use crate::snapshot::{Meta, Metric, Section};

mod asked;
mod attempts;
mod awaited;
mod event;
mod options;
mod report;
#[cfg(test)]
mod tests;
mod wait;

pub use self::asked::{Asked, after, asked};
pub use self::attempts::began;
use self::attempts::{Attempts, Failed};
pub use self::awaited::{Attempt, Awaited, Pause};
pub use self::event::RetryEvent;
use self::options::Delays;
pub use self::options::Options;
use self::report::{COUNTERS, Count};

/// The instrument.
pub struct Retry {
    op: &'static str,
    attempts: u32,
    delays: Delays,
    jitter: Jitter,
    max_delay: Duration,
    deadline: Option<Duration>,
    budget: Option<Budget>,
    /// Whether there is anything to do at the start of a call: a deadline, or a budget that counts.
    is_attentive: AtomicBool,
    repeats_rejections: bool,
    clock: Option<&'static Clock>,
    /// Where the time begins that the budget goes by, unless it is that of `clock`.
    since: Since,
    counters: Counters<COUNTERS>,
    /// All delays, in nanoseconds.
    waited: AtomicU64,
    #[cfg(feature = "tracing")]
    events: EventLimit,
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("op", &self.op)
            .finish_non_exhaustive()
    }
}

impl Retry {
    /// Runs `attempt` until one of them is how the call ends, blocking the thread in between. What is `asked` is the user's,
    /// as in [`Retry::next`].
    #[inline]
    pub fn call<A: Failing>(
        site: &'static Site<Self>,
        mut attempt: impl FnMut() -> Ended<A>,
        asked: impl Asked<A>,
    ) -> Ended<A> {
        if Self::is_attentive(site) {
            return Self::go_on(site, None, attempt, asked);
        }
        match attempt() {
            Ended::Answered(answer) if !answer.has_failed() => Ended::Answered(answer),
            ended => Self::go_on(site, Some(ended), attempt, asked),
        }
    }

    /// The same where nobody further in can have answered in place of the body.
    #[inline]
    pub fn call_sure<A: Failing>(
        site: &'static Site<Self>,
        mut attempt: impl FnMut() -> A,
        asked: impl Asked<A>,
    ) -> A {
        let mut failed = None;
        if !Self::is_attentive(site) {
            let answer = attempt();
            if !answer.has_failed() {
                return answer;
            }
            failed = Some(Ended::Answered(answer));
        }
        Self::go_on(site, failed, move || Ended::Answered(attempt()), asked).sure()
    }

    /// A call whose first attempt has `failed`, or that has to begin attentively.
    // All that a call may need is here, so that one that needs nothing keeps nothing while its body runs.
    #[cold]
    #[inline(never)]
    fn go_on<A: Failing>(
        site: &'static Site<Self>,
        failed: Option<Ended<A>>,
        attempt: impl FnMut() -> Ended<A>,
        asked: impl Asked<A>,
    ) -> Ended<A> {
        site.get().attempts(failed, attempt, asked)
    }

    fn attempts<A: Failing>(
        &'static self,
        failed: Option<Ended<A>>,
        mut attempt: impl FnMut() -> Ended<A>,
        mut asked: impl Asked<A>,
    ) -> Ended<A> {
        let mut attempts = Attempts::new(None);
        let mut ended = if let Some(ended) = failed {
            ended
        } else {
            attempts = Attempts::new(self.begin());
            match attempt() {
                Ended::Answered(answer) if !answer.has_failed() => return Ended::Answered(answer),
                ended => ended,
            }
        };
        loop {
            match attempts.next(self, ended, &mut asked) {
                Ok(wait) => wait.block(),
                Err(ended) => return ended,
            }
            let repetition = Scope::enter();
            ended = attempt();
            drop(repetition);
        }
    }

    /// A call begins whose attempts are [awaited](Awaited): when it did, if there is a deadline.
    #[inline]
    pub fn begin_call(site: &'static Site<Self>) -> Option<Instant> {
        if Self::is_attentive(site) {
            Self::begin_cold(site)
        } else {
            None
        }
    }

    #[cold]
    #[inline(never)]
    fn begin_cold(site: &'static Site<Self>) -> Option<Instant> {
        site.get().begin()
    }

    /// Whether there is anything to do at the start of a call; to build the instrument is something.
    #[inline]
    fn is_attentive(site: &'static Site<Self>) -> bool {
        site.peek()
            .is_none_or(|retry| retry.is_attentive.load(Relaxed))
    }

    /// A call begins: when it did, if there is a deadline.
    #[inline]
    fn begin(&self) -> Option<Instant> {
        if self.is_attentive.load(Relaxed) {
            self.begin_attentively()
        } else {
            None
        }
    }

    #[inline(never)]
    fn begin_attentively(&self) -> Option<Instant> {
        if let Some(budget) = &self.budget
            && budget.first()
            && budget.look(self.now())
        {
            self.is_attentive.store(self.deadline.is_some(), Relaxed);
        }
        self.deadline.map(|_| rt::now())
    }

    fn may_repeat(&self) -> bool {
        let Some(budget) = &self.budget else {
            return true;
        };
        let granted = budget.take(self.now());
        self.is_attentive.store(true, Relaxed);
        granted
    }

    /// In nanoseconds, for the budget.
    #[cold]
    fn now(&self) -> u64 {
        if let Some(clock) = self.clock {
            return clock.exact();
        }
        self.since.nanos(rt::now())
    }

    fn count(&self, what: Count) {
        self.counters.add_one(what as usize);
    }

    /// A call was dropped between its first failure and its end.
    #[cold]
    fn abandoned(&self) {
        self.count(if std::thread::panicking() {
            Count::Panicked
        } else {
            Count::Cancelled
        });
    }

    /// Whether an attempt may follow after this long.
    fn is_in_time(&self, began: Option<Instant>, delay: Duration) -> bool {
        let own = began.and_then(|began| began.checked_add(self.deadline?));
        let outer = crate::parts::deadline::deadline();
        let Some(end) = [own, outer].into_iter().flatten().min() else {
            return true;
        };
        rt::now().checked_add(delay).is_some_and(|next| next < end)
    }

    /// How long to wait before the attempt of that number, or why there is none.
    fn decide(
        &self,
        next: u32,
        began: Option<Instant>,
        failed: &Failed,
    ) -> Result<Duration, Count> {
        if !failed.is_repeatable(self.repeats_rejections) {
            return Err(failed.unrepeated());
        }
        if next > self.attempts {
            return Err(Count::Exhausted);
        }
        if repeating::is_repeating() {
            return Err(Count::Nested);
        }
        let delay = self.delays.before(next, self.max_delay);
        let delay = self.jitter.apply(delay, random()).max(failed.after());
        // What the clock can add to now.
        let delay = delay.min(Duration::from_nanos(u64::MAX));
        if delay > self.max_delay || !self.is_in_time(began, delay) {
            return Err(Count::Late);
        }
        if !self.may_repeat() {
            return Err(Count::OverBudget);
        }
        Ok(delay)
    }

    #[cfg(feature = "tracing")]
    fn tell(&self, attempts: u32, why: Count) {
        let Some(why) = report::told(why) else {
            return;
        };
        self.events.tell(rt::now(), |suppressed| {
            tracing::warn!(
                target: "perfkit::retry",
                op = self.op,
                attempts,
                why,
                suppressed,
                "call failed and is not repeated any more"
            );
        });
    }
}

impl Instrument for Retry {
    type Options = Options;
    const SECTION: &'static Section = &report::SECTION;

    fn new(meta: &'static Meta, options: Options) -> Self {
        Self {
            op: match meta.op() {
                Cow::Borrowed(op) => op,
                // Once per site, which is there for good anyway.
                Cow::Owned(op) => op.leak(),
            },
            attempts: u32::try_from(options.attempts).unwrap_or(u32::MAX),
            jitter: options.chosen_jitter(),
            max_delay: options.max_delay,
            deadline: options.deadline,
            budget: options
                .budget
                .map(|share| Budget::new(share, options::FLOOR)),
            is_attentive: AtomicBool::new(options.deadline.is_some()),
            repeats_rejections: options.repeats_rejections,
            clock: options.clock,
            delays: options.delays,
            since: Since::new(),
            counters: Counters::new(),
            waited: AtomicU64::new(0),
            #[cfg(feature = "tracing")]
            events: EventLimit::new(),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        report::metrics(this)
    }

    fn reset(&self) {
        self.counters.reset();
        self.waited.store(0, Relaxed);
    }
}
