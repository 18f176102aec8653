//! Those who wait: how they come into the line, and how they leave it.

use super::books::record;
use super::entry::Entry;
use super::line::{Deadline, Place, Turn};
use super::{After, State};
use std::panic::Location;
use std::task::Waker;

impl<T> State<T> {
    /// The last in line from now on.
    pub(crate) fn enter(
        &mut self,
        waker: Waker,
        deadline: Deadline,
        now: u64,
        at: &'static Location<'static>,
    ) -> Place {
        self.books.came += 1;
        self.line.enter(waker, deadline, now, at)
    }

    /// What one who has waited gets; he is gone with it. The waker is to be dropped without the lock.
    pub(crate) fn claim(&mut self, place: Place, now: u64) -> (Turn<T>, Option<Waker>) {
        let seat = self.line.seat(place).map(|seat| (seat.since, seat.at));
        let (mut turn, waker) = self.line.leave(place);
        match &mut turn {
            Turn::Given(entry) => {
                if let Some((since, at)) = seat {
                    record(&mut self.books.wait, now.saturating_sub(since));
                    self.books.waited += 1;
                    self.seen = self.seen.max(now);
                    self.begin(entry, now, at);
                }
            }
            Turn::Closed => self.books.closed += 1,
            Turn::Failed(_) => self.books.failed += 1,
            Turn::Waiting | Turn::Late | Turn::PassedOver => self.books.timeouts += 1,
        }
        (turn, waker)
    }

    /// One who has waited is gone, and what he was given is for the next.
    pub(crate) fn abandon(&mut self, place: Place) -> (After<T>, Option<Turn<T>>, Option<Waker>) {
        self.books.cancelled += 1;
        let (turn, waker) = self.line.leave(place);
        match turn {
            Turn::Given(entry) => (self.take_back(entry), None, waker),
            turn => (After::nothing(), Some(turn), waker),
        }
    }

    /// What was given to somebody who never had it.
    pub(super) fn take_back(&mut self, entry: Box<Entry<T>>) -> After<T> {
        self.in_use -= 1;
        self.forget_holder(entry.place);
        self.settle(entry, None)
    }

    /// One who was passed over stands first in line again, and gets what is idle.
    pub(crate) fn come_back(&mut self, place: Place) -> After<T> {
        self.line.come_back(place);
        match self.idle.pop_back() {
            Some(entry) => self.settle(entry, None),
            None => After::nothing(),
        }
    }
}
