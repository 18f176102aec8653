//! `#[hedged]` at run time: a call that takes long gets company, and whoever succeeds first answers.
//!
//! All attempts are polled by the task that polls the call; nothing is spawned. The first one lies in the call's own future, and
//! a call that is over before the delay has no more than that. Each further one is a box. When one succeeds, the others are
//! dropped, which cancels them, before its answer is given. A failure does not answer while another attempt runs; when all have
//! failed, the last one does. A call whose only attempt fails answers at once.
//!
//! # What is counted
//! `calls` are the futures that were polled and have ended: `first` and `hedge` say whose answer it was, `failed` that all
//! attempts failed. `hedges` are attempts beyond the first, `denied` those that the budget did not allow.

use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant};

use crate::classify::Class;
use crate::ended::Ended;
use crate::parts::budget::Budget;
use crate::parts::counter::Counters;
use crate::parts::percentile::Percentile;
use crate::parts::since::Since;
use crate::rt;
use crate::site::Instrument;
use crate::snapshot::{Meta, Metric, Section};

mod call;
mod report;

pub use self::call::Call;
use self::report::{COUNTERS, Count};

/// How many hedges a second a function may start however seldom it is called.
const FLOOR: u32 = 1;

/// How many hedges one call has at most, whatever is asked for: they are dropped one inside the other.
const MOST: u32 = 64;

/// The options of `#[hedged]`.
#[derive(Debug, Clone)]
pub struct Options {
    /// When a call gets company.
    pub after: After,
    /// How many further attempts at most; no more than 64.
    pub max: u64,
    /// The share of calls that may get some; nothing for all.
    pub budget: Option<f64>,
}

/// When a call gets company.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum After {
    /// After so long.
    Delay(Duration),
    /// When it takes longer than this share of the calls of late; not before there were a hundred.
    Percentile(f64),
}

/// The instrument.
pub struct Hedged {
    after: After,
    max: u32,
    budget: Option<Budget>,
    /// Only for a percentile.
    latencies: Option<Percentile>,
    since: Since,
    counters: Counters<COUNTERS>,
}

impl fmt::Debug for Hedged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hedged = f.debug_struct("Hedged");
        hedged.field("after", &self.after).finish_non_exhaustive()
    }
}

impl Hedged {
    /// Awaits what `attempt` makes, and further ones beside it where it takes long; `class` says whether an answer is a failure.
    ///
    /// Cancel safety is that of the attempts, which are dropped with the call. Polled again after its answer, or after a panic,
    /// the future stays pending.
    #[inline]
    pub fn call_async<A, F, M, C>(&'static self, attempt: M, class: C) -> Call<F, M, C>
    where
        F: Future<Output = Ended<A>>,
        M: FnMut() -> F,
        C: FnMut(&A) -> Option<Class>,
    {
        Call::new(self, attempt, class)
    }

    /// The time between two attempts, as far as it is known.
    fn delay(&self) -> Option<Duration> {
        match (self.after, &self.latencies) {
            (After::Delay(delay), _) => Some(delay),
            (After::Percentile(_), latencies) => {
                latencies.as_ref()?.get().map(Duration::from_nanos)
            }
        }
    }

    fn count(&self, what: Count) {
        self.counters.add_one(what as usize);
    }

    /// A call begins: when it did, where that matters already.
    fn begin(&self) -> Option<Instant> {
        self.count(Count::Started);
        if let Some(budget) = &self.budget
            && budget.first()
        {
            budget.look(self.since.nanos(rt::now()));
        }
        self.latencies.as_ref().map(|_| rt::now())
    }

    /// A call has succeeded that began then.
    fn record(&self, began: Option<Instant>) {
        if let (Some(latencies), Some(began)) = (&self.latencies, began) {
            let took = rt::now().saturating_duration_since(began);
            latencies.record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        }
    }

    fn may_hedge(&self) -> bool {
        let Some(budget) = &self.budget else {
            return true;
        };
        let granted = budget.take(self.since.nanos(rt::now()));
        if !granted {
            self.count(Count::Denied);
        }
        granted
    }
}

impl Instrument for Hedged {
    type Options = Options;
    const SECTION: &'static Section = &report::SECTION;

    fn new(_: &'static Meta, options: Options) -> Self {
        Self {
            after: options.after,
            max: u32::try_from(options.max).unwrap_or(MOST).min(MOST),
            budget: options.budget.map(|share| Budget::new(share, FLOOR)),
            latencies: match options.after {
                After::Delay(_) => None,
                After::Percentile(share) => Some(Percentile::new(share)),
            },
            since: Since::new(),
            counters: Counters::new(),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        report::metrics(this)
    }

    fn reset(&self) {
        self.counters.reset();
    }
}
