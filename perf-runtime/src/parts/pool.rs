//! What a pool decides: who gets a resource, when one is made, and which ones go.
//!
//! Plain state behind one lock, without waiting, and with the time handed in. A resource that comes back goes straight to
//! whoever has waited longest ([`line`]); only when nobody waits it becomes idle, and the one that came back last is given
//! out first, so that those nobody needs grow cold and can go.
//!
//! Nothing here runs code of the user's: wakers and resources that have to go are handed out in an [`After`], for the time
//! after the lock.

pub(crate) mod books;
pub(crate) mod entry;
pub(crate) mod failure;
pub(crate) mod frames;
pub(crate) mod line;
mod making;
mod returning;
mod rules;
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::VecDeque;
use std::panic::Location;
use std::task::Waker;
use std::time::Instant;

use self::books::Books;
use self::entry::{End, Entry, Holder, NO_PLACE};
use self::line::Line;
pub(crate) use self::making::Attempt;
use self::making::Making;
pub(crate) use self::rules::{Order, Rules};

/// How many of the first resources given out are timed all, and one of how many after that.
const ALL_TIMED: u64 = 4096;
const ONE_TIMED_IN: u64 = 64;

/// See the module.
pub(crate) struct State<T> {
    pub(crate) rules: Rules,
    pub(crate) line: Line<T>,
    pub(crate) books: Books,
    pub(crate) making: Making,
    idle: VecDeque<Box<Entry<T>>>,
    /// Who had what last, by the place of the resource. Not erased when one comes back: that is for who asks to find out.
    out: Vec<Option<Holder>>,
    free: Vec<usize>,
    /// Resources that there are, idle, given out or being checked; those beyond the limit are not among them.
    size: usize,
    in_use: usize,
    checking: usize,
    extra: usize,
    is_open: bool,
    /// The latest time that anybody has told.
    seen: u64,
    random: u64,
    /// How many are to be given out before one is timed.
    untimed: u64,
    /// Where most of those who come [take](Self::take_usual) what came back last, without a look at the time.
    is_usual: bool,
    /// Who wants to know of every change.
    watchers: Vec<Waker>,
    /// When somebody will look after those who wait.
    pub(crate) alarm: Option<Look>,
    /// How many alarms were set.
    pub(crate) alarms: u64,
    pub(crate) has_keeper: bool,
}

/// A look after those who wait that is to come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) at: Instant,
    /// By the time of the system, and not by a clock that a test has stopped.
    pub(crate) is_real: bool,
}

/// What an attempt to take a resource gives.
pub(crate) enum Taken<T> {
    Entry(Box<Entry<T>>),
    /// This one has to go first.
    Gone(Box<Entry<T>>),
    /// This one has to be checked first.
    Unchecked(Box<Entry<T>>),
    Nothing,
    Closed,
}

/// What is to be done without the lock: wake these, and then drop those.
#[must_use]
pub(crate) struct After<T> {
    pub(crate) first: Option<Waker>,
    pub(crate) more: Vec<Waker>,
    pub(crate) gone: Vec<Box<Entry<T>>>,
}

impl<T> After<T> {
    #[inline]
    pub(crate) const fn nothing() -> Self {
        Self {
            first: None,
            more: Vec::new(),
            gone: Vec::new(),
        }
    }

    pub(crate) fn and(mut self, other: Self) -> Self {
        self.more.extend(other.first);
        self.more.extend(other.more);
        self.gone.extend(other.gone);
        self
    }
}

/// The levels of a pool at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Levels {
    pub(crate) size: usize,
    pub(crate) idle: usize,
    pub(crate) in_use: usize,
    pub(crate) checking: usize,
    pub(crate) waiting: usize,
    pub(crate) creating: usize,
    pub(crate) min: usize,
    pub(crate) max: usize,
}

impl Levels {
    pub(crate) const fn none() -> Self {
        Self {
            size: 0,
            idle: 0,
            in_use: 0,
            checking: 0,
            waiting: 0,
            creating: 0,
            min: 0,
            max: 0,
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.size += other.size;
        self.idle += other.idle;
        self.in_use += other.in_use;
        self.checking += other.checking;
        self.waiting += other.waiting;
        self.creating += other.creating;
        self.min += other.min;
        self.max += other.max;
    }
}

impl<T> State<T> {
    pub(crate) fn new(rules: Rules, seed: u64) -> Self {
        let is_usual = rules.is_coarse && rules.order == Order::Lifo;
        Self {
            rules,
            line: Line::new(),
            books: Books::new(),
            making: Making::new(),
            idle: VecDeque::new(),
            out: Vec::new(),
            free: Vec::new(),
            size: 0,
            in_use: 0,
            checking: 0,
            extra: 0,
            is_open: true,
            seen: 0,
            random: seed | 1,
            untimed: 0,
            is_usual,
            watchers: Vec::new(),
            alarm: None,
            alarms: 0,
            has_keeper: false,
        }
    }

    pub(crate) fn levels(&self) -> Levels {
        Levels {
            size: self.size + self.extra,
            idle: self.idle.len(),
            in_use: self.in_use + self.extra,
            checking: self.checking,
            waiting: self.line.occupied(),
            creating: self.making.running(),
            min: self.rules.min,
            max: self.rules.max,
        }
    }

    /// Nobody looks after it any more, which whoever comes next is to see.
    pub(crate) const fn lose_keeper(&mut self) {
        self.has_keeper = false;
        self.untimed = 0;
    }

    pub(crate) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Who holds what, in no order.
    pub(crate) fn holders(&self) -> impl Iterator<Item = &Holder> {
        let is_idle = |place| self.idle.iter().any(|entry| entry.place == place);
        let held = self.out.iter().enumerate();
        let held = held.filter(move |(place, _)| !is_idle(*place));
        held.filter_map(|(_, holder)| holder.as_ref())
    }

    /// Whether it is measured how long the one that is given out next is held, and the time is to be known exactly.
    #[inline]
    pub(crate) const fn times_next(&self) -> bool {
        self.untimed == 0
    }

    /// A resource that is there, for one who comes now.
    #[expect(
        clippy::inline_always,
        reason = "one of its two places is the way of nearly every call, which is a tenth shorter so"
    )]
    #[inline(always)]
    pub(crate) fn take(&mut self, now: u64, at: &'static Location<'static>) -> Taken<T> {
        if self.line.waiting() > 0 {
            return Taken::Nothing;
        }
        let entry = match self.rules.order {
            Order::Lifo => self.idle.pop_back(),
            Order::Fifo => self.idle.pop_front(),
        };
        let Some(mut entry) = entry else {
            return if self.is_open {
                Taken::Nothing
            } else {
                Taken::Closed
            };
        };
        if now >= entry.good_until {
            return self.not_given(entry, now);
        }
        self.books.immediate += 1;
        self.in_use += 1;
        self.seen = self.seen.max(now);
        self.begin(&mut entry, now, at);
        Taken::Entry(entry)
    }

    /// The same where there is nothing to decide and nothing to measure, which is the way of nearly every call; else
    /// nothing has happened. `now` is about now.
    #[inline]
    pub(crate) fn take_usual(
        &mut self,
        now: u64,
        at: &'static Location<'static>,
    ) -> Option<Box<Entry<T>>> {
        if self.line.waiting() > 0 || self.times_next() || !self.is_usual {
            return None;
        }
        if now >= self.idle.back()?.good_until {
            return None;
        }
        let mut entry = self.idle.pop_back()?;
        self.books.immediate += 1;
        self.in_use += 1;
        self.untimed -= 1;
        self.lend(&mut entry, now, at);
        entry.is_timed = false;
        Some(entry)
    }

    /// One that has to go, or to be checked.
    #[cold]
    fn not_given(&mut self, entry: Box<Entry<T>>, now: u64) -> Taken<T> {
        if now >= entry.expires {
            self.close(&entry, End::Lifetime);
            return Taken::Gone(entry);
        }
        self.checking += 1;
        self.forget_holder(entry.place);
        Taken::Unchecked(entry)
    }

    /// `entry` belongs to somebody from now on.
    #[inline]
    fn begin(&mut self, entry: &mut Entry<T>, now: u64, at: &'static Location<'static>) {
        entry.is_timed = self.times_next();
        self.untimed = match self.untimed {
            0 => self.gap(),
            untimed => untimed - 1,
        };
        self.lend(entry, now, at);
    }

    #[inline]
    fn lend(&mut self, entry: &mut Entry<T>, now: u64, at: &'static Location<'static>) {
        entry.used = now;
        entry.is_well(now, self.rules.check_after);
        if let Some(out) = self.out.get_mut(entry.place) {
            *out = Some(Holder { since: now, at });
        }
    }

    /// How many are given out from one that is timed to the next: by chance, so that no habit of the callers is missed.
    #[inline(never)]
    fn gap(&mut self) -> u64 {
        if self.books.acquired() < ALL_TIMED {
            return 0;
        }
        self.random() % (2 * ONE_TIMED_IN - 1)
    }

    /// A resource of somebody else's making.
    pub(crate) fn add(&mut self, resource: T, now: u64) -> Result<After<T>, T> {
        if !self.is_open || self.size + self.making.running() >= self.rules.max {
            return Err(resource);
        }
        self.books.put += 1;
        self.size += 1;
        let entry = self.entry(resource, now);
        let watched = self.watched();
        Ok(self.pass_on(entry).and(watched))
    }

    #[expect(clippy::unnecessary_box_returns, reason = "it is moved as a word")]
    fn entry(&mut self, resource: T, now: u64) -> Box<Entry<T>> {
        let place = self.place();
        let expires = self.expiry(now);
        let check_due = self.next_check(now);
        Box::new(Entry {
            resource,
            place,
            expires,
            used: now,
            idle_since: now,
            check_due,
            good_until: expires.min(now.saturating_add(self.rules.check_after)),
            is_fresh: true,
            is_timed: false,
        })
    }

    /// One that is made beyond the limit, for who has it already.
    #[expect(clippy::unnecessary_box_returns, reason = "it is moved as a word")]
    pub(crate) fn extra(&mut self, resource: T, now: u64) -> Box<Entry<T>> {
        self.seen = self.seen.max(now);
        self.books.created += 1;
        self.books.immediate += 1;
        self.extra += 1;
        let expires = self.expiry(now);
        let check_due = self.next_check(now);
        Box::new(Entry {
            resource,
            place: NO_PLACE,
            expires,
            used: now,
            idle_since: now,
            check_due,
            good_until: expires.min(now.saturating_add(self.rules.check_after)),
            is_fresh: true,
            is_timed: true,
        })
    }

    fn watched(&mut self) -> After<T> {
        After {
            first: None,
            more: std::mem::take(&mut self.watchers),
            gone: Vec::new(),
        }
    }

    /// Tells `waker` of the next change.
    pub(crate) fn watch(&mut self, waker: Waker) {
        self.watchers.push(waker);
    }

    /// Numbers that look random, for nothing that has to be secret: xorshift64 of Marsaglia.
    #[inline]
    fn random(&mut self) -> u64 {
        let mut random = self.random;
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        self.random = random;
        random >> 8
    }
}

mod tending;
