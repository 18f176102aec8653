//! One more run for the last of the calls that came too soon: the trailing edge of `#[throttled]`.
//!
//! A call that does not run leaves its work here, in the place of what an earlier one has left under the same key. Where
//! something is left, one task waits until the function may run again and runs what was left last, in a flight as any
//! other run: never beside another one, a call that finds no answer meanwhile waits for its answer, and the answer is
//! kept. Calls are numbered. What an earlier call has left is worth nothing once a later one runs itself, and what comes
//! after a run has begun waits for the next.
//!
//! The [handle](handle) has what is left run at once, though the last answer is as good as ever, or drops it: it wakes the task.
//!
//! What is known of a key is forgotten when nothing is left under it. No more than [`MOST`] keys wait at a time.

use std::any::type_name;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use super::landing::Way;
use super::looked::Looked;
use super::slot::Slot;
use super::{Access, Count, Hooks};
use crate::clock::coarse::{Clock, Swept};
use crate::kept::{Keepable, Kept, Share};
use crate::parts::counter::Counters;
use crate::parts::key::{Key, Lookup};
use crate::rt;

mod all;
mod call;
mod drive;
mod handle;

pub(crate) use self::all::AllTrails;
pub(crate) use self::call::TrailedOrLeft;
use self::drive::Driving;
pub use self::handle::{Beside, Throttle, ThrottleKey};

/// So many keys have something left at a time; what is left under others is dropped, and counted.
const MOST: usize = 10_000;
/// At how many places of the store a run looks for answers whose time is over.
const SWEPT: usize = 32;

/// The time that timers go by, in nanoseconds: a test that pauses the one pauses the other.
pub(super) static TIME: Clock = Clock::read_by(|| {
    /// As far from the beginning as anything is old, and from where a store takes a time for never.
    const START: u64 = u64::MAX / 16;
    static FIRST: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let now = rt::now();
    let first = *FIRST.get_or_init(|| now);
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    match now.checked_duration_since(first) {
        Some(since) => START.saturating_add(nanos(since)),
        None => START.saturating_sub(nanos(first.saturating_duration_since(now))),
    }
});

/// What trailing runs are counted by.
#[derive(Clone, Copy)]
pub(super) enum Trailing {
    Ran,
    LeftOut,
    Cancelled,
}

/// What was left by the calls of one instance of a function.
struct Trails<K: Key, R, V: Keepable> {
    slot: &'static Slot<K, V>,
    way: fn() -> Way<R, V>,
    counters: &'static Counters<3>,
    /// The number of the last call.
    issued: AtomicU64,
    /// Keys are shared, so that none is cloned under the lock.
    keys: Mutex<HashMap<Arc<K>, Trail<R>>>,
}

/// What is known of one key.
struct Trail<R> {
    /// Of the key.
    hash: u64,
    left: Option<Left<R>>,
    /// The last call that ran itself.
    begun: u64,
    /// Nothing where the function may run.
    not_before: Option<Instant>,
    /// A task waits.
    is_driven: bool,
    /// What wakes it before its time.
    waker: Option<Waker>,
}

/// What one call has left.
struct Left<R> {
    number: u64,
    when: When,
    work: Work<R>,
    is_error: fn(&R) -> bool,
    share: Option<Share<R>>,
}

/// When what was left is to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum When {
    /// When the function may run again.
    InTime,
    /// Now.
    AtOnce,
}

/// The body, with copies of the arguments.
enum Work<R> {
    Sync(Box<dyn FnOnce() -> R + Send>),
    Async(Pin<Box<dyn Future<Output = R> + Send>>),
}

/// What the task does next.
enum Next<R> {
    Wait(Instant),
    Run(Left<R>),
    End,
}

impl Access {
    /// What is kept under a key, or the way to it, and what a call does that may not run. Where the first of the calls does
    /// not run either, none looks.
    pub(crate) fn look_up_or_leave<K, A, L, H>(
        &self,
        all: &'static AllTrails,
        hooks: H,
        lookup: &L,
    ) -> TrailedOrLeft<K, A::Answer, A::Value>
    where
        K: Key + Clone,
        A: Kept<Answer: Send + 'static>,
        L: Lookup<K>,
        H: FnOnce() -> Hooks<K, A::Value> + 'static,
    {
        let slot = self.slot(hooks);
        let trails = all.of::<K, A>(slot, type_name::<H>());
        let number = trails.issued.fetch_add(1, Relaxed) + 1;
        let looked = if slot.settings.edge.is_leading() {
            slot.look_up::<A, L>(lookup)
        } else {
            slot.core.count(Count::Hit);
            Looked::Bypassed
        };
        call::begin(
            trails,
            number,
            slot.store.hash(lookup),
            lookup.to_key(),
            looked,
        )
    }
}

impl<K: Key, R, V: Keepable> Trails<K, R, V> {
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<K>, Trail<R>>> {
        // Of the user's only `Hash` and `Eq` run under it, and what they break is a key.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, what: Trailing) {
        self.counters.add_one(what as usize);
    }

    /// From `now` on: never later than the clock can say.
    fn after_one(&self, now: Instant) -> Option<Instant> {
        now.checked_add(self.slot.settings.ttl)
    }

    /// Until when the last answer is given; nothing where there is none.
    fn given_until(&self, hash: u64, key: &K, now: Instant) -> Option<Instant> {
        let time = self.slot.now();
        let until = |entry: &crate::parts::store::Entry<K, V>| entry.lifetime().fresh_until;
        let until = self
            .slot
            .store
            .peek(hash, |other| other == key, time, until)?;
        now.checked_add(Duration::from_nanos(until.saturating_sub(time)))
    }

    /// Leaves the work of a call.
    fn leave(&self, hash: u64, key: K, left: Left<R>) {
        let now = rt::now();
        let is_leading = self.slot.settings.edge.is_leading();
        let closed = self.given_until(hash, &key, now);
        let (spare_key, spare) = {
            let mut keys = self.lock();
            if let Some(trail) = keys.get_mut(&key) {
                trail.not_before = trail.not_before.max(closed);
                (Some(key), trail.put(left))
            } else if keys.len() < MOST {
                let first = if is_leading {
                    None
                } else {
                    self.after_one(now)
                };
                let trail = Trail {
                    hash,
                    left: Some(left),
                    begun: 0,
                    not_before: closed.or(first),
                    is_driven: false,
                    waker: None,
                };
                keys.insert(Arc::new(key), trail);
                return;
            } else {
                self.count(Trailing::LeftOut);
                (Some(key), Some(left))
            }
        };
        drop((spare_key, spare));
    }

    /// A call runs itself: what it and those before it have left is worth nothing any more.
    fn begins(&self, key: &K, number: u64) {
        let (gone, left) = {
            let mut keys = self.lock();
            let Some(trail) = keys.get_mut(key) else {
                return;
            };
            trail.begun = trail.begun.max(number);
            let left = trail.left.take_if(|left| left.number <= number);
            let is_over = trail.left.is_none() && !trail.is_driven;
            (is_over.then(|| keys.remove_entry(key)), left)
        };
        drop((gone, left));
        self.sweep();
    }

    /// What a run in the background found no place for, because another one was faster.
    fn put_back(&self, hash: u64, key: &K, left: Left<R>) {
        let closed = self.given_until(hash, key, rt::now());
        let spare = match self.lock().get_mut(key) {
            Some(trail) => {
                trail.not_before = trail.not_before.max(closed);
                trail.put(left)
            }
            None => Some(left),
        };
        drop(spare);
    }

    /// A run in the background is over.
    fn ran(&self, key: &K) {
        let until = self.after_one(rt::now());
        if let Some(trail) = self.lock().get_mut(key) {
            trail.not_before = until;
        }
        self.sweep();
    }

    fn next(&self, hash: u64, key: &K) -> Next<R> {
        let now = rt::now();
        let closed = self.given_until(hash, key, now);
        let gone = {
            let mut keys = self.lock();
            let Some(trail) = keys.get_mut(key) else {
                return Next::End;
            };
            if trail.waits_for_its_time()
                && let Some(due) = trail.not_before.max(closed).filter(|due| *due > now)
            {
                return Next::Wait(due);
            }
            if let Some(left) = trail.left.take() {
                return Next::Run(left);
            }
            keys.remove_entry(key)
        };
        drop(gone);
        Next::End
    }

    /// Whether there is somebody to wait for what was left; true makes it the caller.
    fn wants_driver(&self, key: &K) -> bool {
        let mut keys = self.lock();
        keys.get_mut(key).is_some_and(|trail| {
            trail.left.is_some() && !std::mem::replace(&mut trail.is_driven, true)
        })
    }

    fn sweep(&self) {
        self.slot.sweep(self.slot.now(), SWEPT);
    }
}

impl<K, R, V> Trails<K, R, V>
where
    K: Key + Clone,
    R: Send + 'static,
    V: Keepable,
{
    /// Sees to it that what was left is run in its time.
    fn drive(&'static self, hash: u64, key: &K) {
        if self.wants_driver(key) {
            rt::spawn(Driving::new(self, hash, key.clone()).drive());
        }
    }
}

impl<R> Trail<R> {
    /// Gives back what is not needed. What takes the place of another one runs when that would have.
    fn put(&mut self, mut left: Left<R>) -> Option<Left<R>> {
        if left.number <= self.begun {
            return Some(left);
        }
        match &mut self.left {
            Some(known) if left.number <= known.number => {
                known.when = known.when.max(left.when);
                Some(left)
            }
            known => {
                let before = known.as_ref().map(|known| known.when);
                left.when = left.when.max(before.unwrap_or(left.when));
                known.replace(left)
            }
        }
    }

    /// Whether there is something, and nobody has asked for it.
    fn waits_for_its_time(&self) -> bool {
        let left = self.left.as_ref();
        left.is_some_and(|left| left.when == When::InTime)
    }
}
