//! What becomes of a resource that comes back: it is for whoever has waited longest, it is idle, or it goes.

use std::task::Waker;

use super::books::record;
use super::entry::{End, Entry, Holder, NO_PLACE};
use super::{After, State};

impl<T> State<T> {
    /// Whether nothing is to be decided about a resource that comes back and is not [timed](Entry::is_timed), as those
    /// beyond the limit all are: it only [rests](Self::rest).
    #[inline]
    pub(crate) fn rests(&self) -> bool {
        self.line.waiting() == 0 && self.is_kept()
    }

    /// Whether what comes back stays.
    #[inline]
    fn is_kept(&self) -> bool {
        self.is_open && self.size <= self.rules.max && self.watchers.is_empty()
    }

    /// A resource comes back as it nearly always does.
    #[inline]
    pub(crate) fn rest(&mut self, mut entry: Box<Entry<T>>) {
        self.in_use -= 1;
        entry.is_fresh = true;
        self.idle.push_back(entry);
    }

    /// A resource comes back as it usually does: to a pool that keeps it, where it is for the first in line, who is to be
    /// woken, or rests. `now` is known where it is [timed](Entry::is_timed). Else it is given back, for
    /// [`State::give_back`] to decide.
    #[inline]
    pub(crate) fn hand_on(
        &mut self,
        entry: Box<Entry<T>>,
        now: Option<u64>,
    ) -> Result<Option<Waker>, Box<Entry<T>>> {
        let is_kept = self.is_kept();
        let Some(out) = self.out.get_mut(entry.place) else {
            return Err(entry);
        };
        let first = self.line.first();
        if !is_kept || (first.is_some() && self.seen >= entry.expires) {
            return Err(entry);
        }
        if let Some((since, at)) = first {
            *out = Some(Holder { since, at });
        }
        if let Some(now) = now {
            self.held(&entry, now);
        }
        if first.is_some() {
            return self.line.give(entry);
        }
        self.rest(entry);
        Ok(None)
    }

    fn held(&mut self, entry: &Entry<T>, now: u64) {
        record(&mut self.books.hold, now.saturating_sub(entry.used));
        self.seen = self.seen.max(now);
    }

    /// A resource comes back. With an end it goes for good.
    pub(crate) fn give_back(
        &mut self,
        entry: Box<Entry<T>>,
        now: Option<u64>,
        end: Option<End>,
    ) -> After<T> {
        if let Some(now) = now {
            self.held(&entry, now);
        }
        if entry.place == NO_PLACE {
            return self.adopt(entry, end);
        }
        self.in_use -= 1;
        self.forget_holder(entry.place);
        if end.is_none() && self.is_kept() {
            return self.pass_on(entry);
        }
        self.settle(entry, end)
    }

    /// What was made beyond the limit comes back: there may be room for it now.
    #[cold]
    fn adopt(&mut self, mut entry: Box<Entry<T>>, end: Option<End>) -> After<T> {
        self.extra -= 1;
        let is_wanted = end.is_none() && self.is_open && self.size < self.rules.max;
        if !is_wanted {
            self.books.end(end.unwrap_or(if self.is_open {
                End::Surplus
            } else {
                End::Closed
            }));
            let mut after = self.watched();
            after.gone.push(entry);
            return after;
        }
        self.size += 1;
        entry.place = self.place();
        self.pass_on(entry)
    }

    /// Nobody has what has this place, and it may not be idle either.
    pub(super) fn forget_holder(&mut self, place: usize) {
        if let Some(out) = self.out.get_mut(place) {
            *out = None;
        }
    }

    pub(super) fn place(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.out.push(None);
            self.out.len() - 1
        })
    }

    /// A resource that nobody has: to the first in line, else to the idle ones.
    #[inline]
    pub(super) fn pass_on(&mut self, mut entry: Box<Entry<T>>) -> After<T> {
        let mut after = After::nothing();
        if self.line.waiting() == 0 {
            entry.is_fresh = true;
            self.idle.push_back(entry);
            return after;
        }
        if self.seen >= entry.expires {
            return self.settle(entry, Some(End::Lifetime));
        }
        if let Some((since, at)) = self.line.first()
            && let Some(out) = self.out.get_mut(entry.place)
        {
            *out = Some(Holder { since, at });
        }
        match self.line.give(entry) {
            Ok(waker) => {
                self.in_use += 1;
                after.first = waker;
            }
            // Nobody stands there after all.
            Err(entry) => self.idle.push_back(entry),
        }
        after
    }

    /// A resource that nobody has, which may have to go.
    #[cold]
    pub(super) fn settle(&mut self, entry: Box<Entry<T>>, end: Option<End>) -> After<T> {
        let end = if self.is_open {
            end.or_else(|| (self.size > self.rules.max).then_some(End::Surplus))
        } else {
            Some(end.unwrap_or(End::Closed))
        };
        let watched = self.watched();
        let Some(end) = end else {
            return self.pass_on(entry).and(watched);
        };
        self.close(&entry, end);
        let mut after = watched;
        // Somebody may have to see to another one.
        after.more.extend(self.line.call_all());
        after.gone.push(entry);
        after
    }

    /// It is no more; to be dropped without the lock.
    pub(super) fn close(&mut self, entry: &Entry<T>, end: End) {
        self.size -= 1;
        if entry.place != NO_PLACE {
            self.forget_holder(entry.place);
            self.free.push(entry.place);
        }
        self.books.end(end);
    }

    /// A resource that was checked comes back from it.
    pub(crate) fn checked(
        &mut self,
        mut entry: Box<Entry<T>>,
        now: u64,
        end: Option<End>,
    ) -> After<T> {
        self.seen = self.seen.max(now);
        self.checking -= 1;
        self.books.validated += 1;
        if end.is_some() {
            self.books.invalid += 1;
        }
        entry.check_due = self.next_check(now);
        entry.is_well(now, self.rules.check_after);
        if end.is_some() || !self.is_open || self.line.waiting() > 0 {
            return self.settle(entry, end);
        }
        // As cold as it was: a check is no use of it.
        entry.idle_since = entry.idle_since();
        entry.is_fresh = false;
        self.idle.push_front(entry);
        self.watched()
    }
}
