//! At most so many at once: permits, and a queue of those who wait for one.
//!
//! # How it works
//! 1. How many permits there are and how many are in use are two numbers in one word. Taking one is a compare-and-swap,
//!    giving it back a subtraction, and that is all as long as nobody waits.
//! 2. Who finds none joins the queue, under a lock, and sets a mark in the word: from then on permits are taken under the
//!    lock alone, and who gives one back looks for the head of the queue. The mark is set only while there is no permit, in
//!    one step, so that a permit that comes back meanwhile is never overlooked.
//! 3. The head is **granted** the permit and woken; it has it when it is polled. Threads and futures wait in one queue.
//! 4. A head that was granted one and is not polled for a while (a future that is kept in a `select!`, say) must not keep it
//!    from the others: whoever [looks after](Bulkhead::look_after) the grants takes it back at the second look and grants
//!    it to the next one. The head is then **asleep**: it keeps its turn, and asks anew when it is polled.
//! 5. Who goes away leaves the queue, and hands on what it was granted.
//! 6. Permits that are added are granted in the same way. Those that are taken away are gone at once for newcomers, because
//!    the two numbers are compared in one word; who has one keeps it until it is over.
//!
//! No code of the user's runs under the lock: wakers are cloned before, and woken and dropped after it.
//!
//! # What it does not do
//! It has no time: who waits for how long, and when grants are looked after, is decided elsewhere. It does not know who
//! holds a permit: see [`held`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::task::Waker;

mod bell;
pub(crate) mod held;
mod peak;
mod resize;
mod sync;

pub(crate) use self::bell::Bell;
use self::peak::Peak;
use self::sync::{AtomicU64, AtomicUsize, Mutex, MutexGuard, lock};
use crate::rt::wake_all;

/// Somebody waits, and is neither granted a permit nor asleep.
const QUEUED: u64 = 1 << 63;
/// Where the number of permits begins.
const MAX: u32 = 32;
const IN_USE: u64 = u32::MAX as u64;
/// More than this fits into no word.
const MOST: u32 = u32::MAX >> 1;

/// See the module.
pub(crate) struct Bulkhead {
    /// The mark, how many permits there are, and how many are in use.
    state: AtomicU64,
    peak: Peak,
    places: AtomicUsize,
    queue: Mutex<Queue>,
}

/// Those who wait, by their numbers, which are in the order in which they came.
struct Queue {
    waiting: BTreeMap<u64, Waker>,
    granted: BTreeMap<u64, Grant>,
    asleep: BTreeSet<u64>,
    issued: u64,
}

/// A permit for one who has not come for it.
struct Grant {
    /// It was there at the last look.
    seen: bool,
}

/// A place in the queue, until it has a permit or [gives up](Bulkhead::give_up) or [goes away](Bulkhead::go_away).
#[derive(Debug)]
#[must_use = "a place is left by who has taken it"]
pub(crate) struct Ticket {
    number: u64,
}

/// What becomes of one who finds no permit.
pub(crate) enum Joined {
    /// There is one after all.
    Entered,
    /// It waits.
    Waits(Ticket),
    /// There is no place left.
    Full,
}

/// Those who are to be woken.
#[derive(Default)]
#[must_use = "somebody is to be woken"]
pub(crate) struct Handover {
    wakers: Vec<Waker>,
    has_grants: bool,
}

impl Handover {
    /// Whether there is anything to do.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        self.has_grants || !self.wakers.is_empty()
    }

    /// Wakes them. True when there are grants, which somebody has to look after.
    pub(crate) fn deliver(self) -> bool {
        wake_all(self.wakers);
        self.has_grants
    }
}

/// How many permits a state has.
const fn max_of(state: u64) -> u64 {
    (state & !QUEUED) >> MAX
}

/// Whether a state has a permit that is not in use. After permits were taken away, more may be in use than there are.
const fn has_permit(state: u64) -> bool {
    state & IN_USE < max_of(state)
}

impl Bulkhead {
    /// At least one permit, and so many places in the queue.
    pub(crate) fn new(max: u32, places: usize) -> Self {
        let max = max.clamp(1, MOST);
        Self {
            state: AtomicU64::new(u64::from(max) << MAX),
            peak: Peak::new(max.into()),
            places: AtomicUsize::new(places),
            queue: Mutex::new(Queue {
                waiting: BTreeMap::new(),
                granted: BTreeMap::new(),
                asleep: BTreeSet::new(),
                issued: 0,
            }),
        }
    }

    /// How many permits there are.
    pub(crate) fn max(&self) -> u32 {
        u32::try_from(max_of(self.state.load(Acquire))).unwrap_or(MOST)
    }

    /// How many places the queue has.
    pub(crate) fn places(&self) -> usize {
        self.places.load(Acquire)
    }

    /// How many permits are in use, those included that are granted to who has not come for them.
    pub(crate) fn in_use(&self) -> u64 {
        self.state.load(Acquire) & IN_USE
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.queue).len()
    }

    /// Takes a permit, if there is one and nobody waits for it.
    #[inline]
    pub(crate) fn try_enter(&self) -> bool {
        let mut state = self.state.load(Relaxed);
        loop {
            if state & QUEUED != 0 || !has_permit(state) {
                return false;
            }
            match self
                .state
                .compare_exchange_weak(state, state + 1, SeqCst, Relaxed)
            {
                Ok(_) => {
                    self.took(state);
                    return true;
                }
                Err(now) => state = now,
            }
        }
    }

    /// One more is in use than in that state.
    #[inline]
    fn took(&self, before: u64) {
        self.peak.rises_to((before & IN_USE) + 1);
    }

    /// Gives a permit back.
    #[inline]
    pub(crate) fn leave(&self) -> Handover {
        let before = self.state.fetch_sub(1, Release);
        if before & QUEUED == 0 {
            return Handover::default();
        }
        self.hand_on()
    }

    #[cold]
    fn hand_on(&self) -> Handover {
        self.with_queue(|_| ()).1
    }

    /// Takes a permit or a place in the queue.
    #[cold]
    pub(crate) fn join(&self, waker: &Waker) -> (Joined, Handover) {
        if self.places() == 0 {
            return (Joined::Full, Handover::default());
        }
        // Dropped outside of the lock where it is not kept.
        let mut waker = Some(waker.clone());
        let (joined, handover) = self.with_queue(|queue| {
            if queue.waiting.is_empty() && self.take_under_lock() {
                return Joined::Entered;
            }
            if queue.len() >= self.places() {
                return Joined::Full;
            }
            queue.issued = queue.issued.wrapping_add(1);
            let number = queue.issued;
            if self.wait_under_lock(queue, number, &mut waker) {
                Joined::Entered
            } else {
                Joined::Waits(Ticket { number })
            }
        });
        drop(waker);
        (joined, handover)
    }

    /// Whether who has that ticket has a permit now, and its place no more; else it will be woken.
    pub(crate) fn look(&self, ticket: &Ticket, waker: &Waker) -> (bool, Handover) {
        let number = ticket.number;
        let mut waker = Some(waker.clone());
        let (has_permit, handover) = self.with_queue(|queue| {
            if queue.granted.remove(&number).is_some() {
                return true;
            }
            if let (Some(known), Some(new)) = (queue.waiting.get_mut(&number), &mut waker) {
                std::mem::swap(known, new);
                return false;
            }
            queue.asleep.remove(&number);
            self.wait_under_lock(queue, number, &mut waker)
        });
        drop(waker);
        (has_permit, handover)
    }

    /// Leaves the queue, but for a permit that it has been granted by now: true when it has it.
    pub(crate) fn give_up(&self, ticket: Ticket) -> (bool, Handover) {
        self.leave_queue(ticket, |_| ())
    }

    /// Leaves the queue, and hands on what it was granted.
    pub(crate) fn go_away(&self, ticket: Ticket) -> Handover {
        let hand_on = |state: &AtomicU64| {
            state.fetch_sub(1, AcqRel);
        };
        self.leave_queue(ticket, hand_on).1
    }

    #[expect(clippy::needless_pass_by_value, reason = "a ticket is used up")]
    fn leave_queue(&self, ticket: Ticket, granted: impl FnOnce(&AtomicU64)) -> (bool, Handover) {
        let Ticket { number } = ticket;
        let ((was_granted, waker), handover) = self.with_queue(|queue| {
            let was_granted = queue.granted.remove(&number).is_some();
            if was_granted {
                granted(&self.state);
            }
            queue.asleep.remove(&number);
            (was_granted, queue.waiting.remove(&number))
        });
        // It is the executor's, too, and must not be dropped under the lock.
        drop(waker);
        (was_granted, handover)
    }

    /// Takes the permits back that were granted at the last look and nobody has come for, and grants them to the next.
    pub(crate) fn look_after(&self) -> Handover {
        let ((), handover) = self.with_queue(|queue| {
            let Queue {
                granted, asleep, ..
            } = queue;
            granted.retain(|number, grant| {
                if grant.seen {
                    asleep.insert(*number);
                    self.state.fetch_sub(1, AcqRel);
                }
                !std::mem::replace(&mut grant.seen, true)
            });
        });
        handover
    }

    /// Whether a permit is granted that nobody has come for.
    pub(crate) fn has_grants(&self) -> bool {
        !lock(&self.queue).granted.is_empty()
    }

    /// Changes the queue, and grants what permits there are before and after.
    fn with_queue<R>(&self, change: impl FnOnce(&mut Queue) -> R) -> (R, Handover) {
        let mut wakers = Vec::new();
        let mut queue = lock(&self.queue);
        self.grant(&mut queue, &mut wakers);
        let changed = change(&mut queue);
        self.grant(&mut queue, &mut wakers);
        let has_grants = !queue.granted.is_empty();
        drop(queue);
        (changed, Handover { wakers, has_grants })
    }

    /// Grants what permits there are to those who have waited longest, and takes the mark away when nobody waits.
    fn grant(&self, queue: &mut MutexGuard<'_, Queue>, wakers: &mut Vec<Waker>) {
        while !queue.waiting.is_empty() && self.take_under_lock() {
            if let Some((number, waker)) = queue.waiting.pop_first() {
                queue.granted.insert(number, Grant { seen: false });
                wakers.push(waker);
            }
        }
        if queue.waiting.is_empty() {
            self.state.fetch_and(!QUEUED, AcqRel);
        }
    }

    /// Takes a permit, whoever waits.
    fn take_under_lock(&self) -> bool {
        let take = |state: u64| has_permit(state).then_some(state + 1);
        let taken = self.state.fetch_update(SeqCst, Acquire, take);
        taken.inspect(|before| self.took(*before)).is_ok()
    }

    /// Waits under that number, unless there is a permit just now: true when it is taken.
    fn wait_under_lock(&self, queue: &mut Queue, number: u64, waker: &mut Option<Waker>) -> bool {
        loop {
            let mark = |state: u64| (!has_permit(state)).then_some(state | QUEUED);
            if self.state.fetch_update(AcqRel, Acquire, mark).is_ok() {
                queue
                    .waiting
                    .extend(waker.take().map(|waker| (number, waker)));
                return false;
            }
            if self.take_under_lock() {
                return true;
            }
        }
    }
}

impl Queue {
    fn len(&self) -> usize {
        self.waiting.len() + self.asleep.len()
    }
}

#[cfg(test)]
mod tests;
