//! Waves: the items of one caller, who hands in many, come into the line together.
//!
//! A leader takes what is in line when it has waited enough, and so it would divide a wave that came item by item. The items
//! of one are *held* in their places, and put into the line all at once. Somebody who is held can go, or look after itself,
//! like everybody else; nobody else waits for the wave.

use std::task::Waker;

use super::{Arrival, Bounds, Entered, Given, Held, Line, Loss, Outcome, State};

impl<I, A, P> Line<I, A, P> {
    /// A caller comes, and waits for the rest of its wave.
    pub(crate) fn hold(&mut self, arrival: Arrival<I, P>) -> Held {
        let place = self.occupy(arrival);
        let number = self.arrivals;
        self.arrivals += 1;
        self.held += 1;
        if let Some(held) = self.places.get_mut(place) {
            held.is_held = true;
            held.arrival = number;
        }
        Held { place, number }
    }

    /// A wave comes to the end of the line, without those who have gone. Gives the leader that has waited for it.
    pub(crate) fn release(&mut self, bounds: Bounds, wave: &[Held]) -> Option<Waker> {
        for held in wave {
            if self.let_go(held) {
                self.link(held.place);
            }
        }
        self.filled(bounds, false)
    }

    /// A caller comes to the end of the line, with others: somebody of them is going to look whether it has to lead.
    pub(crate) fn follow(&mut self, arrival: Arrival<I, P>) -> Entered {
        let place = self.occupy(arrival);
        self.link(place);
        Entered {
            place,
            leads: false,
            wake: None,
        }
    }

    /// The leader that has waited for those who have come.
    pub(crate) fn filled(&mut self, bounds: Bounds, is_urgent: bool) -> Option<Waker> {
        if self.queued >= bounds.size || is_urgent {
            self.former.take()
        } else {
            None
        }
    }

    /// Answers a wave without a batch. Gives its items, to be dropped.
    pub(crate) fn turn_away(&mut self, wave: &[Held], loss: &Loss, given: &mut Given<A>) -> Vec<I> {
        let mut items = Vec::with_capacity(wave.len());
        for held in wave {
            if self.let_go(held)
                && let Some(of_caller) = self.places.get_mut(held.place)
            {
                let done = State::Done(Outcome::Lost(loss.clone()));
                items.extend(of_caller.answer(done, given));
            }
        }
        items
    }

    /// Whether it is held still; then it is not any more.
    fn let_go(&mut self, held: &Held) -> bool {
        let is_held = self
            .places
            .get_mut(held.place)
            .filter(|place| place.is_held && place.arrival == held.number)
            .map(|place| place.is_held = false)
            .is_some();
        self.held -= usize::from(is_held);
        is_held
    }

    /// Whether somebody in line has to lead, and nobody does.
    pub(crate) fn is_unled(&self, bounds: Bounds) -> bool {
        self.queued > 0 && !self.is_forming && self.running.len() < bounds.concurrency
    }

    /// Lets somebody look whether it has to lead, if somebody has to.
    pub(crate) fn call_leader(&mut self, bounds: Bounds, wakers: &mut Vec<Waker>) {
        if self.is_unled(bounds) {
            self.call_first(wakers);
        }
    }
}
