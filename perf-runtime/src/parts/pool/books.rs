//! What a pool counts. Everything is written under the pool's lock, so the numbers of one moment agree.

use crate::clock;
use crate::parts::histogram;
use crate::parts::pool::entry::End;
use crate::parts::totals::Totals;

/// See the module.
pub(crate) struct Books {
    /// Who asked for a resource and had it at once.
    pub(crate) immediate: u64,
    /// Who asked for one when there was none.
    pub(crate) came: u64,
    /// Of these, who got one.
    pub(crate) waited: u64,
    /// Who waited for nothing: too long, until he was gone, until the pool was closed, until a creation failed.
    pub(crate) timeouts: u64,
    pub(crate) cancelled: u64,
    pub(crate) closed: u64,
    pub(crate) failed: u64,
    /// Would have waited for himself.
    pub(crate) deadlocks: u64,
    /// Found nothing, and did not want to wait.
    pub(crate) empty: u64,
    /// Came for what was given to him too late.
    pub(crate) passed_over: u64,
    pub(crate) created: u64,
    pub(crate) put: u64,
    /// Resources that were there at the last reset.
    pub(crate) carried: u64,
    pub(crate) create_failures: u64,
    pub(crate) create_panics: u64,
    pub(crate) create_timeouts: u64,
    pub(crate) elided: u64,
    pub(crate) lost: u64,
    pub(crate) validated: u64,
    pub(crate) invalid: u64,
    pub(crate) ended: [u64; End::NAMES.len()],
    pub(crate) wait: Totals,
    pub(crate) hold: Totals,
    pub(crate) create: Totals,
}

impl Books {
    pub(crate) const fn new() -> Self {
        Self {
            immediate: 0,
            came: 0,
            waited: 0,
            timeouts: 0,
            cancelled: 0,
            closed: 0,
            failed: 0,
            deadlocks: 0,
            empty: 0,
            passed_over: 0,
            created: 0,
            put: 0,
            carried: 0,
            create_failures: 0,
            create_panics: 0,
            create_timeouts: 0,
            elided: 0,
            lost: 0,
            validated: 0,
            invalid: 0,
            ended: [0; End::NAMES.len()],
            wait: Totals::new(),
            hold: Totals::new(),
            create: Totals::new(),
        }
    }

    /// Who asked for a resource.
    pub(crate) const fn requests(&self) -> u64 {
        self.immediate.saturating_add(self.came)
    }

    /// Resources that were given out.
    pub(crate) const fn acquired(&self) -> u64 {
        self.immediate.saturating_add(self.waited)
    }

    pub(crate) fn end(&mut self, end: End) {
        if let Some(count) = self.ended.get_mut(end as usize) {
            *count += 1;
        }
    }

    /// The sum of two books.
    pub(crate) fn add(&mut self, other: &Self) {
        let counts = [
            (&mut self.immediate, other.immediate),
            (&mut self.came, other.came),
            (&mut self.waited, other.waited),
            (&mut self.timeouts, other.timeouts),
            (&mut self.cancelled, other.cancelled),
            (&mut self.closed, other.closed),
            (&mut self.failed, other.failed),
            (&mut self.deadlocks, other.deadlocks),
            (&mut self.empty, other.empty),
            (&mut self.passed_over, other.passed_over),
            (&mut self.created, other.created),
            (&mut self.put, other.put),
            (&mut self.carried, other.carried),
            (&mut self.create_failures, other.create_failures),
            (&mut self.create_panics, other.create_panics),
            (&mut self.create_timeouts, other.create_timeouts),
            (&mut self.elided, other.elided),
            (&mut self.lost, other.lost),
            (&mut self.validated, other.validated),
            (&mut self.invalid, other.invalid),
        ];
        for (sum, more) in counts {
            *sum = sum.saturating_add(more);
        }
        for (sum, more) in self.ended.iter_mut().zip(other.ended) {
            *sum = sum.saturating_add(more);
        }
        self.wait.add(&other.wait);
        self.hold.add(&other.hold);
        self.create.add(&other.create);
    }
}

/// A duration, in ticks.
pub(crate) fn record(totals: &mut Totals, ticks: u64) {
    totals.timed += 1;
    totals.sum += u128::from(ticks);
    totals.min = totals.min.min(ticks);
    totals.max = totals.max.max(ticks);
    let nanos = clock::nanos(ticks, clock::factor());
    totals.buckets.add_to(histogram::index(nanos), 1);
}
