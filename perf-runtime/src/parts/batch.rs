//! The line in front of a batch: who waits with which item, who forms the next batch, and who gets which answer.
//!
//! A [`Line`] is a table of places. A caller takes one with its item and keeps it until it has its answer, or goes. Places
//! that wait are linked in the order of arrival, so that going from the middle costs nothing. At most one leader *forms* a
//! batch: it lets callers arrive for a while, takes the first of the line, and *runs* them; meanwhile the next one may form,
//! as far as batches may run at once. Answers go into the places of those they are for, whatever happened to the others:
//! so there is one lock for a batch and not one for each item, and after a while nothing is allocated.
//!
//! It neither waits nor wakes nor runs anything: what is to be woken and dropped is handed out, for outside of the lock. How
//! long a leader lets callers arrive is decided by a [`linger`].

use std::task::Waker;
use std::time::Instant;

mod batches;
pub(crate) mod linger;
mod terms;
#[cfg(test)]
mod tests;
mod wave;

pub(crate) use self::terms::{
    Arrival, Bounds, Delivery, Entered, Given, Held, Left, Look, Loss, Next, Outcome, Ripe, Taken,
    Then, Took, Was,
};

/// No place.
const NONE: usize = usize::MAX;

/// See the module. `P` is what the caller was within when it came.
pub(crate) struct Line<I, A, P> {
    places: Vec<Place<I, A, P>>,
    /// The first of the places that are free, linked by `next`.
    free: usize,
    first: usize,
    last: usize,
    queued: usize,
    /// Items that are [held](wave) back.
    held: usize,
    in_use: usize,
    /// How many came ever: the number of the next.
    arrivals: u64,
    /// Who came before this one waits for no window.
    flushed: u64,
    is_forming: bool,
    /// The first arrival of each batch that runs.
    running: Vec<u64>,
    /// What batches took lately, in ticks.
    cost: u64,
    /// The leader that forms, where it sleeps.
    former: Option<Waker>,
    /// Who waits for the line to move on.
    watchers: Vec<Waker>,
    /// How often a leader was gone before it did anything.
    pub(crate) stillborn: u8,
}

struct Place<I, A, P> {
    state: State<I, A, P>,
    before: usize,
    next: usize,
    arrival: u64,
    /// In ticks.
    since: u64,
    /// When its window ends.
    due: Option<Instant>,
    /// Waits for the others of its wave, and is not in the line yet.
    is_held: bool,
}

enum State<I, A, P> {
    Free,
    Queued(I, Waker, Option<P>),
    /// Woken out of order, and not seen since.
    Called(I, Option<P>),
    Taken(Option<Waker>),
    /// Its caller went while it ran.
    Deserted,
    Done(Outcome<A>),
}

impl<I, A, P> Line<I, A, P> {
    pub(crate) const fn new() -> Self {
        Self {
            places: Vec::new(),
            free: NONE,
            first: NONE,
            last: NONE,
            queued: 0,
            held: 0,
            in_use: 0,
            arrivals: 0,
            flushed: 0,
            is_forming: false,
            running: Vec::new(),
            cost: 0,
            former: None,
            watchers: Vec::new(),
            stillborn: 0,
        }
    }

    /// Items that wait, those included that are held.
    pub(crate) fn queued(&self) -> usize {
        self.queued + self.held
    }

    /// Items that came ever.
    pub(crate) fn arrivals(&self) -> u64 {
        self.arrivals
    }

    /// What batches took lately, in ticks.
    pub(crate) fn cost(&self) -> u64 {
        self.cost
    }

    /// A caller comes to the end of the line.
    pub(crate) fn enter(&mut self, bounds: Bounds, arrival: Arrival<I, P>) -> Entered {
        let is_urgent = arrival.is_urgent;
        let place = self.occupy(arrival);
        self.link(place);
        let leads = self.leads(bounds, is_urgent);
        Entered {
            place,
            leads,
            wake: if leads {
                None
            } else {
                self.filled(bounds, is_urgent)
            },
        }
    }

    /// Puts a caller into a place that is free, and not into the line.
    fn occupy(&mut self, arrival: Arrival<I, P>) -> usize {
        self.in_use += 1;
        let new = Place {
            state: State::Queued(arrival.item, arrival.waker, arrival.within),
            before: NONE,
            next: NONE,
            arrival: 0,
            since: arrival.now,
            due: arrival.due,
            is_held: false,
        };
        let place = self.free;
        if let Some(free) = self.places.get_mut(place) {
            self.free = free.next;
            *free = new;
            return place;
        }
        self.places.push(new);
        self.places.len() - 1
    }

    /// Puts a place at the end of the line.
    fn link(&mut self, place: usize) {
        let last = self.last;
        if let Some(new) = self.places.get_mut(place) {
            (new.before, new.next) = (last, NONE);
            new.arrival = self.arrivals;
        }
        match self.places.get_mut(last) {
            Some(last) => last.next = place,
            None => self.first = place,
        }
        self.last = place;
        self.queued += 1;
        self.arrivals += 1;
    }

    /// Whether who asks has to form the next batch; then nobody else will.
    fn leads(&mut self, bounds: Bounds, is_urgent: bool) -> bool {
        let leads = !self.is_forming && (self.running.len() < bounds.concurrency || is_urgent);
        self.is_forming |= leads;
        leads
    }

    /// A caller looks whether its answer is there.
    pub(crate) fn look(
        &mut self,
        place: usize,
        waker: Waker,
        bounds: Bounds,
        is_urgent: bool,
    ) -> Look<A> {
        let Some(of_caller) = self.places.get_mut(place) else {
            return Look::Wait(Some(waker));
        };
        let old = match std::mem::replace(&mut of_caller.state, State::Free) {
            State::Done(outcome) => {
                self.give_back(place);
                return Look::Ended(outcome);
            }
            State::Taken(old) => {
                of_caller.state = State::Taken(Some(waker));
                return Look::Wait(old);
            }
            State::Queued(item, old, within) => {
                of_caller.state = State::Queued(item, waker, within);
                Some(old)
            }
            State::Called(item, within) => {
                of_caller.state = State::Queued(item, waker, within);
                None
            }
            other @ (State::Free | State::Deserted) => {
                of_caller.state = other;
                return Look::Wait(Some(waker));
            }
        };
        if std::mem::take(&mut of_caller.is_held) {
            // It is looked after already: the rest of its wave may take its time.
            self.held -= 1;
            self.link(place);
        }
        if self.leads(bounds, is_urgent) {
            Look::Lead(old)
        } else {
            Look::Wait(old)
        }
    }

    /// A caller goes.
    pub(crate) fn leave(&mut self, place: usize) -> Left<I, A, P> {
        let mut left = Left {
            item: None,
            outcome: None,
            was: Was::Answered,
            wakers: Vec::new(),
            rest: (None, None),
        };
        let mut was_called = false;
        let Some(of_caller) = self.places.get_mut(place) else {
            return left;
        };
        match std::mem::replace(&mut of_caller.state, State::Free) {
            State::Free => return left,
            State::Deserted => {
                of_caller.state = State::Deserted;
                return left;
            }
            State::Taken(waker) => {
                of_caller.state = State::Deserted;
                left.was = Was::Running;
                left.rest.0 = waker;
                return left;
            }
            State::Done(outcome) => left.outcome = Some(outcome),
            State::Queued(item, waker, within) => {
                (left.item, left.rest) = (Some(item), (Some(waker), within));
                left.was = Was::Queued;
            }
            State::Called(item, within) => {
                (left.item, left.rest.1) = (Some(item), within);
                left.was = Was::Queued;
                was_called = true;
            }
        }
        if std::mem::take(&mut of_caller.is_held) {
            self.held -= 1;
        } else if left.was == Was::Queued {
            self.unlink(place);
            left.wakers = std::mem::take(&mut self.watchers);
            if was_called {
                // It may have been the only one.
                self.call_first(&mut left.wakers);
            }
        }
        self.give_back(place);
        left
    }

    /// Takes a place out of the line.
    fn unlink(&mut self, place: usize) {
        let Some((before, next)) = self
            .places
            .get(place)
            .map(|place| (place.before, place.next))
        else {
            return;
        };
        match self.places.get_mut(before) {
            Some(before) => before.next = next,
            None => self.first = next,
        }
        match self.places.get_mut(next) {
            Some(next) => next.before = before,
            None => self.last = before,
        }
        self.queued -= 1;
    }

    /// A place is free again.
    fn give_back(&mut self, place: usize) {
        /// What a line keeps of its table when nobody is there.
        const KEPT: usize = 1024;

        self.in_use -= 1;
        if self.in_use == 0 && self.places.len() > KEPT {
            self.places = Vec::new();
            self.free = NONE;
        } else if let Some(freed) = self.places.get_mut(place) {
            freed.next = self.free;
            self.free = place;
        }
    }

    /// Whether a batch can be taken now: it is full, nobody is there to wait for, or nobody may be kept waiting.
    pub(crate) fn is_ripe(&self, bounds: Bounds) -> Option<Ripe> {
        if self.queued >= bounds.size {
            return Some(Ripe::Full);
        }
        match self.places.get(self.first) {
            None => Some(Ripe::Empty),
            Some(first) if first.arrival < self.flushed => Some(Ripe::Flushed),
            Some(_) => None,
        }
    }

    /// When the window of the first in line ends.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.places.get(self.first)?.due
    }

    /// The leader that forms sleeps until this wakes it. Gives the old one.
    #[must_use]
    pub(crate) fn sleep(&mut self, waker: Waker) -> Option<Waker> {
        self.former.replace(waker)
    }
}

impl<I, A, P> Place<I, A, P> {
    /// Gives its caller, who waits for a batch, an answer without one. Gives the item, to be dropped.
    fn answer(&mut self, done: State<I, A, P>, given: &mut Given<A>) -> Option<I> {
        match std::mem::replace(&mut self.state, done) {
            State::Queued(item, waker, _) => {
                given.wakers.push(waker);
                Some(item)
            }
            State::Called(item, _) => Some(item),
            // Nobody else waits.
            other => {
                self.state = other;
                None
            }
        }
    }
}

/// Takes the waker out, for a caller that is to look.
fn call<I, A, P>(place: &mut Place<I, A, P>) -> Option<Waker> {
    match std::mem::replace(&mut place.state, State::Free) {
        State::Queued(item, waker, within) => {
            place.state = State::Called(item, within);
            Some(waker)
        }
        other => {
            place.state = other;
            None
        }
    }
}
