//! A call that waits for its moment.

use super::Core;
use super::report::Count;
use crate::clock;
use crate::parts::limiter::Promise;
use crate::parts::limiter::keyed::Holder;
use crate::rejected::When;

/// Dropped before its moment, it is cancelled, and what it has taken is there for others if nobody came after it.
pub(super) struct Waiting<'c> {
    core: &'c Core,
    holder: Option<Holder>,
    promise: Option<Promise>,
    /// In ticks.
    since: u64,
    /// How many wait, this one included.
    place: u64,
}

impl<'c> Waiting<'c> {
    pub(super) fn new(core: &'c Core, holder: Option<Holder>, promise: Promise) -> Self {
        let place = core.book.begin_waiting();
        Self {
            place,
            core,
            holder,
            promise: Some(promise),
            since: clock::ticks(),
        }
    }

    /// Whether so many may wait.
    pub(super) fn has_room(&self) -> bool {
        let most = self.core.settings.max_waiting;
        most.is_none_or(|most| self.place <= most)
    }

    /// It does not wait: its moment would have come then.
    pub(super) fn turn_away(mut self, when: When) {
        self.give_back();
        self.core.book.count(Count::NoRoom);
        self.core.book.reject(when);
    }

    /// True when it had something.
    fn give_back(&mut self) -> bool {
        let Some(promise) = self.promise.take() else {
            return false;
        };
        match (self.holder, &self.core.keyed) {
            (Some(holder), Some(keyed)) => keyed.give_back(holder, promise),
            _ => _ = self.core.bucket.give_back(promise),
        }
        true
    }

    /// The moment has come.
    pub(super) fn end(mut self) {
        let Some(promise) = self.promise.take() else {
            return;
        };
        match (self.holder, &self.core.keyed) {
            (Some(holder), Some(keyed)) => keyed.keep(holder, promise),
            _ => self.core.bucket.keep(promise),
        }
        self.core.book.count(Count::Allowed);
        self.core.book.count(Count::Waited);
        self.core
            .book
            .waited(clock::ticks().saturating_sub(self.since));
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.core.book.end_waiting();
        if self.give_back() {
            self.core.book.count(Count::Cancelled);
        }
    }
}
