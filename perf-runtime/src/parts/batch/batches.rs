//! Batches: taken out of the line, and their answers given to those in it.

use std::task::Waker;

use super::{
    Bounds, Delivery, Given, Line, Loss, Next, Outcome, Place, State, Taken, Then, Took, call,
};

impl<I, A, P> Line<I, A, P> {
    /// The leader takes a batch and begins to run it. The next one may form already, if batches may run beside each other.
    pub(crate) fn take(&mut self, bounds: Bounds, next: Next, taken: &mut Taken<I, P>) -> Took {
        self.is_forming = false;
        taken.wakers.extend(self.former.take());
        taken.arrival = self.places.get(self.first).map_or(0, |first| first.arrival);
        while taken.items.len() < bounds.size {
            let place = self.first;
            let Some(first) = self.places.get_mut(place) else {
                break;
            };
            let (item, waker, within) =
                match std::mem::replace(&mut first.state, State::Taken(None)) {
                    State::Queued(item, waker, within) => (item, Some(waker), within),
                    State::Called(item, within) => (item, None, within),
                    // Nothing else is in the line.
                    other => {
                        first.state = other;
                        break;
                    }
                };
            first.state = State::Taken(waker);
            taken.places.push((place, first.since));
            taken.items.push(item);
            taken.within.extend(within);
            self.unlink(place);
        }
        if taken.items.is_empty() {
            taken.wakers.append(&mut self.watchers);
            return Took::Nothing;
        }
        self.running.push(taken.arrival);
        if self.queued == 0 || self.running.len() >= bounds.concurrency {
            return Took::Batch;
        }
        match next {
            Next::Follows => {
                self.is_forming = true;
                Took::More
            }
            Next::IsCalled => {
                let first = self.places.get_mut(self.first);
                taken.wakers.extend(first.and_then(call));
                Took::Batch
            }
        }
    }

    /// The answers of a batch, in the order of its places; who has none is [gone](Loss::Gone). True when the leader goes on
    /// to form another.
    pub(crate) fn deliver(
        &mut self,
        batch: Delivery<'_>,
        outcomes: &mut Vec<Outcome<A>>,
        given: &mut Given<A>,
    ) -> bool {
        if let Some(at) = self.running.iter().position(|&run| run == batch.arrival) {
            self.running.swap_remove(at);
        }
        if let Some(cost) = batch.cost {
            self.cost = if self.cost == 0 {
                cost
            } else {
                self.cost - self.cost / 8 + cost / 8
            };
        }
        let mut outcomes = outcomes.drain(..);
        for (number, &(place, _)) in batch.places.iter().enumerate() {
            let outcome = outcomes.next().unwrap_or(Outcome::Lost(Loss::Gone));
            let Some(of_caller) = self.places.get_mut(place) else {
                continue;
            };
            match std::mem::replace(&mut of_caller.state, State::Free) {
                State::Taken(waker) => {
                    of_caller.state = State::Done(outcome);
                    given.wakers.extend(waker);
                }
                State::Deserted => {
                    given.unwanted.push((number, outcome));
                    self.give_back(place);
                }
                other => of_caller.state = other,
            }
        }
        given.wakers.append(&mut self.watchers);
        match batch.then {
            Then::GoOn => self.leads(batch.bounds, false),
            Then::HandOver => {
                self.call_first(&mut given.wakers);
                false
            }
            Then::Die => {
                self.call_all(&mut given.wakers);
                false
            }
        }
    }

    /// The leader that forms is gone.
    pub(crate) fn desert(&mut self, wakers: &mut Vec<Waker>) {
        self.is_forming = false;
        wakers.extend(self.former.take());
        self.call_all(wakers);
    }

    /// Lets the first in line look whether it has to lead.
    pub(super) fn call_first(&mut self, wakers: &mut Vec<Waker>) {
        if !self.is_forming
            && let Some(first) = self.places.get_mut(self.first)
        {
            wakers.extend(call(first));
        }
    }

    /// Lets all in line look whether they have to lead: who is polled first, does.
    fn call_all(&mut self, wakers: &mut Vec<Waker>) {
        let mut place = self.first;
        while let Some(of_caller) = self.places.get_mut(place) {
            wakers.extend(call(of_caller));
            place = of_caller.next;
        }
        wakers.append(&mut self.watchers);
    }

    /// Lets nobody wait for a window who is there now. Gives the number up to which all have to be answered for
    /// [`is_past`](Self::is_past), and the leader that waits.
    pub(crate) fn flush(&mut self) -> (u64, Option<Waker>) {
        self.flushed = self.arrivals;
        (self.arrivals, self.former.take())
    }

    /// Whether all who came before `arrival` have their answer, or are gone. If not, `watcher` is woken when that may be.
    pub(crate) fn is_past(&mut self, arrival: u64, watcher: &mut Option<Waker>) -> bool {
        let first = self.places.get(self.first).map(|first| first.arrival);
        let oldest = first.into_iter().chain(self.running.iter().copied()).min();
        let is_past = oldest.is_none_or(|oldest| oldest >= arrival);
        let is_known = |watcher: &Waker| self.watchers.iter().any(|known| known.will_wake(watcher));
        if !is_past && !watcher.as_ref().is_some_and(is_known) {
            self.watchers.extend(watcher.take());
        }
        is_past
    }

    /// How many of those who came before now have no answer yet.
    pub(crate) fn unanswered(&self) -> usize {
        let taken =
            |place: &&Place<I, A, P>| matches!(place.state, State::Taken(_) | State::Deserted);
        self.queued + self.places.iter().filter(taken).count()
    }

    /// Answers all who wait, without a batch. Gives their items, to be dropped.
    pub(crate) fn refuse(&mut self, loss: &Loss, given: &mut Given<A>) -> Vec<I> {
        let mut items = Vec::with_capacity(self.queued);
        while let Some(first) = self.places.get_mut(self.first) {
            let place = self.first;
            let done = State::Done(Outcome::Lost(loss.clone()));
            items.extend(first.answer(done, given));
            self.unlink(place);
        }
        given.wakers.append(&mut self.watchers);
        given.wakers.extend(self.former.take());
        items
    }
}
