//! Who waits for a resource: first come, first served.
//!
//! Places are reused and linked, so coming, going and being served take the same time however long the line is, and
//! allocate nothing once it has been that long before. What somebody is given lies in his place until he comes for it; one
//! who does not come can be passed over, and is the first again when he does.

use std::panic::Location;
use std::task::Waker;
use std::time::Instant;

use super::entry::Entry;
use super::failure::Failure;

/// No place.
const NONE: usize = usize::MAX;

/// See the module.
pub(crate) struct Line<T> {
    seats: Vec<Seat<T>>,
    first: usize,
    last: usize,
    free: usize,
    waiting: usize,
    given: usize,
    occupied: usize,
}

/// Where one waiter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(usize);

/// What has become of a waiter.
pub(crate) enum Turn<T> {
    /// He stands in line.
    Waiting,
    /// This is his.
    Given(Box<Entry<T>>),
    /// He did not come for what was his, and it went to somebody else.
    PassedOver,
    /// His time is up.
    Late,
    /// There is nothing to wait for any more.
    Closed,
    /// The creation that he waited for has failed.
    Failed(Failure),
}

/// How one who has not gone stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Waiting,
    PassedOver,
}

/// When somebody's time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deadline {
    Never,
    At(Instant),
    /// To be said by who [looks](Line::set_deadlines) after those who wait: asking for the time costs more than all else
    /// that one does who comes, and nearly nobody waits until then.
    Unsaid,
}

impl Deadline {
    /// Never, where that is later than a clock can say.
    pub(crate) fn at(instant: Option<Instant>) -> Self {
        instant.map_or(Self::Never, Self::At)
    }
}

pub(crate) struct Seat<T> {
    pub(crate) turn: Turn<T>,
    waker: Option<Waker>,
    deadline: Deadline,
    /// When he came, in ticks.
    pub(crate) since: u64,
    pub(crate) at: &'static Location<'static>,
    before: usize,
    behind: usize,
    /// Whether he was seen with something that he has not come for.
    is_marked: bool,
}

impl<T> Line<T> {
    pub(crate) const fn new() -> Self {
        Self {
            seats: Vec::new(),
            first: NONE,
            last: NONE,
            free: NONE,
            waiting: 0,
            given: 0,
            occupied: 0,
        }
    }

    /// How many stand in line.
    #[inline]
    pub(crate) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many have come and not gone, with or without what is theirs.
    pub(crate) const fn occupied(&self) -> usize {
        self.occupied
    }

    /// The last in line from now on.
    pub(crate) fn enter(
        &mut self,
        waker: Waker,
        deadline: Deadline,
        since: u64,
        at: &'static Location<'static>,
    ) -> Place {
        let seat = Seat {
            turn: Turn::Waiting,
            waker: Some(waker),
            deadline,
            since,
            at,
            before: NONE,
            behind: NONE,
            is_marked: false,
        };
        let place = self.free;
        let place = if let Some(free) = self.seats.get_mut(place) {
            self.free = free.behind;
            *free = seat;
            place
        } else {
            self.seats.push(seat);
            self.seats.len() - 1
        };
        self.link_last(place);
        self.occupied += 1;
        Place(place)
    }

    fn link_last(&mut self, place: usize) {
        let last = std::mem::replace(&mut self.last, place);
        if let Some(seat) = self.seats.get_mut(place) {
            (seat.before, seat.behind) = (last, NONE);
        }
        match self.seats.get_mut(last) {
            Some(seat) => seat.behind = place,
            None => self.first = place,
        }
        self.waiting += 1;
    }

    fn link_first(&mut self, place: usize) {
        let first = std::mem::replace(&mut self.first, place);
        if let Some(seat) = self.seats.get_mut(place) {
            (seat.before, seat.behind) = (NONE, first);
        }
        match self.seats.get_mut(first) {
            Some(seat) => seat.before = place,
            None => self.last = place,
        }
        self.waiting += 1;
    }

    fn unlink(&mut self, place: usize) {
        let Some(seat) = self.seats.get_mut(place) else {
            return;
        };
        let before = std::mem::replace(&mut seat.before, NONE);
        let behind = std::mem::replace(&mut seat.behind, NONE);
        match self.seats.get_mut(before) {
            Some(seat) => seat.behind = behind,
            None => self.first = behind,
        }
        match self.seats.get_mut(behind) {
            Some(seat) => seat.before = before,
            None => self.last = before,
        }
        self.waiting -= 1;
    }

    /// The first in line is told this, and is out of it; whoever is told of his turn is woken with what this gives.
    pub(crate) fn serve(&mut self, turn: Turn<T>) -> Result<Option<Waker>, Turn<T>> {
        let place = self.first;
        if place == NONE {
            return Err(turn);
        }
        self.unlink(place);
        let Some(seat) = self.seats.get_mut(place) else {
            return Err(turn);
        };
        seat.turn = turn;
        Ok(seat.waker.take())
    }

    /// The first in line gets this, and is out of it; whom to wake.
    #[inline]
    pub(crate) fn give(&mut self, entry: Box<Entry<T>>) -> Result<Option<Waker>, Box<Entry<T>>> {
        let place = self.first;
        self.unlink(place);
        let Some(seat) = self.seats.get_mut(place) else {
            return Err(entry);
        };
        self.given += 1;
        seat.turn = Turn::Given(entry);
        Ok(seat.waker.take())
    }

    /// When the first in line came, and from where.
    pub(crate) fn first(&self) -> Option<(u64, &'static Location<'static>)> {
        let seat = self.seats.get(self.first)?;
        Some((seat.since, seat.at))
    }

    pub(crate) fn seat(&mut self, place: Place) -> Option<&mut Seat<T>> {
        self.seats.get_mut(place.0)
    }

    /// Whether he stands so.
    pub(crate) fn is(&self, place: Place, standing: Standing) -> bool {
        let turn = self.seats.get(place.0).map(|seat| &seat.turn);
        matches!(
            (turn, standing),
            (Some(Turn::Waiting), Standing::Waiting)
                | (Some(Turn::PassedOver), Standing::PassedOver)
        )
    }

    /// Whether his time is up, for one who stands in line and looks himself.
    pub(crate) fn is_late(&self, place: Place, now: Instant) -> bool {
        let seat = self.seats.get(place.0);
        seat.is_some_and(|seat| matches!(seat.deadline, Deadline::At(at) if at <= now))
    }

    /// Says when the time is up of those who came without knowing, from when they came.
    pub(crate) fn set_deadlines(&mut self, of: impl Fn(u64) -> Option<Instant>) {
        for seat in &mut self.seats {
            if seat.deadline == Deadline::Unsaid {
                seat.deadline = Deadline::at(of(seat.since));
            }
        }
    }

    /// Whoever was passed over and comes is the first in line.
    pub(crate) fn come_back(&mut self, place: Place) {
        if let Some(seat) = self.seats.get_mut(place.0) {
            seat.turn = Turn::Waiting;
            seat.is_marked = false;
            self.link_first(place.0);
        }
    }

    /// Stores who is to be woken; gives back who was.
    pub(crate) fn wake(&mut self, place: Place, waker: Waker) -> Option<Waker> {
        self.seats.get_mut(place.0)?.waker.replace(waker)
    }

    /// Whether that one would be woken.
    pub(crate) fn would_wake(&self, place: Place, waker: &Waker) -> bool {
        let seat = self.seats.get(place.0);
        seat.and_then(|seat| seat.waker.as_ref())
            .is_some_and(|known| known.will_wake(waker))
    }

    /// His place is free from now on. What lay in it is handed over, and the waker to be dropped outside of all locks.
    pub(crate) fn leave(&mut self, place: Place) -> (Turn<T>, Option<Waker>) {
        let Place(place) = place;
        let Some(seat) = self.seats.get_mut(place) else {
            return (Turn::Closed, None);
        };
        let turn = std::mem::replace(&mut seat.turn, Turn::Closed);
        let waker = seat.waker.take();
        self.occupied -= 1;
        match turn {
            Turn::Waiting => self.unlink(place),
            Turn::Given(_) => self.given -= 1,
            _ => {}
        }
        let free = std::mem::replace(&mut self.free, place);
        if let Some(seat) = self.seats.get_mut(place) {
            seat.behind = free;
        }
        (turn, waker)
    }

    fn in_line(&self) -> impl Iterator<Item = usize> {
        let known = |place: usize| (place != NONE).then_some(place);
        std::iter::successors(known(self.first), move |place| {
            known(self.seats.get(*place)?.behind)
        })
    }

    /// All who stand in line, to be woken: there is something for them to do. Each says anew whom to wake.
    pub(crate) fn call_all(&mut self) -> Vec<Waker> {
        let places: Vec<_> = self.in_line().collect();
        let seats = places.into_iter();
        seats
            .filter_map(|place| self.seats.get_mut(place)?.waker.take())
            .collect()
    }

    /// Nobody stands in line any more.
    pub(crate) fn close(&mut self) -> Vec<Waker> {
        let mut wakers = Vec::with_capacity(self.waiting);
        while let Ok(waker) = self.serve(Turn::Closed) {
            wakers.extend(waker);
        }
        wakers
    }

    /// Puts those out of line whose time is up.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<Waker> {
        let places: Vec<_> = self
            .in_line()
            .filter(|place| self.is_late(Place(*place), now))
            .collect();
        let mut wakers = Vec::with_capacity(places.len());
        for place in places {
            self.unlink(place);
            if let Some(seat) = self.seats.get_mut(place) {
                seat.turn = Turn::Late;
                wakers.extend(seat.waker.take());
            }
        }
        wakers
    }

    /// When the first time is up.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let known = |place: usize| match self.seats.get(place)?.deadline {
            Deadline::At(at) => Some(at),
            Deadline::Never | Deadline::Unsaid => None,
        };
        self.in_line().filter_map(known).min()
    }

    /// Whether somebody waits while others have not come yet for what is theirs.
    pub(crate) const fn is_held_up(&self) -> bool {
        self.waiting > 0 && self.given > 0
    }

    /// Takes back what has not been come for since the last time this was asked.
    pub(crate) fn pass_over(&mut self) -> Vec<Box<Entry<T>>> {
        let mut back = Vec::new();
        if !self.is_held_up() {
            return back;
        }
        for seat in &mut self.seats {
            if !matches!(seat.turn, Turn::Given(_)) {
                continue;
            }
            if !std::mem::replace(&mut seat.is_marked, true) {
                continue;
            }
            if let Turn::Given(entry) = std::mem::replace(&mut seat.turn, Turn::PassedOver) {
                self.given -= 1;
                back.push(entry);
            }
        }
        back
    }
}
