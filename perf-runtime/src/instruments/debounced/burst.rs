//! One burst: who waits in it, and what each of them does.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

use super::keyed::{Instance, Of};
use super::{Count, GRACE};
use crate::parts::flight::{Ending, Event, Landing};
use crate::parts::key::Key;
use crate::rt::{wake, wake_all};

/// One burst.
pub(super) struct Burst<A> {
    number: u64,
    pub(super) members: Mutex<Members<A>>,
    /// Kept for those who come for it after the run is over.
    answer: Mutex<Option<Arc<A>>>,
}

pub(super) struct Members<A> {
    /// Those who wait, in the order in which they came.
    pub(super) waiting: BTreeMap<u64, Option<Waker>>,
    /// Somebody runs.
    has_begun: bool,
    /// Nobody will run.
    withdrawn: Option<Withdrawn<A>>,
}

/// The answer of a burst that was taken back. Each caller has it made in its own task.
pub(super) struct Withdrawn<A>(Arc<dyn Fn() -> A + Send + Sync>);

impl<A> Withdrawn<A> {
    pub(super) fn new(answer: impl Fn() -> A + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }
}

impl<A> Clone for Withdrawn<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// What a caller that waits does next.
pub(super) enum Next<A> {
    /// Runs, or joins who does.
    Run,
    /// Has an answer without a run.
    Answer(Withdrawn<A>),
    /// Looks again at that time; never, where there is none.
    Wait(Option<Instant>),
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing of the user's runs under the lock, so there is no half-done state to fear.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<A> Burst<A> {
    pub(super) fn new(number: u64) -> Arc<Self> {
        Arc::new(Self {
            number,
            members: Mutex::new(Members {
                waiting: BTreeMap::new(),
                has_begun: false,
                withdrawn: None,
            }),
            answer: Mutex::new(None),
        })
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Somebody runs: the others may join.
    fn begins(&self) {
        let waiting = {
            let mut members = lock(&self.members);
            members.has_begun = true;
            std::mem::take(&mut members.waiting)
        };
        wake_all(waiting.into_values().flatten());
    }

    /// How many wait, where nobody runs.
    pub(super) fn waiting(&self) -> usize {
        lock(&self.members).waiting.len()
    }

    /// The burst is over before its time: those who wait have to look. Gives how many they are.
    pub(super) fn called(&self, wakers: &mut Vec<Waker>) -> usize {
        let mut members = lock(&self.members);
        wakers.extend(members.waiting.values_mut().filter_map(Option::take));
        members.waiting.len()
    }

    /// It is not in the table any more, and nobody runs: those who wait have this answer. Gives how many they are.
    pub(super) fn withdraw(&self, answer: &Withdrawn<A>) -> usize {
        let waiting = {
            let mut members = lock(&self.members);
            members.withdrawn = Some(answer.clone());
            std::mem::take(&mut members.waiting)
        };
        let count = waiting.len();
        wake_all(waiting.into_values().flatten());
        count
    }
}

/// One caller of a burst. Dropped before it has an answer, it was cancelled.
pub(super) struct Member<K: Key, A: 'static> {
    pub(super) instance: &'static Instance<K, A>,
    pub(super) of: Of<K>,
    pub(super) burst: Arc<Burst<A>>,
    pub(super) number: u64,
    pub(super) is_over: bool,
}

impl<K: Key, A> Member<K, A> {
    /// What to do at `now`; `waker` is woken when somebody runs.
    pub(super) fn look(&self, now: Instant, waker: &Waker) -> Next<A> {
        let waker = waker.clone();
        let (is_newest, before) = {
            let mut members = lock(&self.burst.members);
            if let Some(withdrawn) = &members.withdrawn {
                return Next::Answer(withdrawn.clone());
            }
            if members.has_begun {
                return Next::Run;
            }
            let before = members.waiting.insert(self.number, Some(waker));
            let newest = members.waiting.last_key_value();
            let is_newest = newest.is_some_and(|(number, _)| *number == self.number);
            (is_newest, before)
        };
        drop(before);
        let Some(due) = self.instance.due(&self.of, &self.burst) else {
            return Next::Wait(None);
        };
        let due = if is_newest {
            Some(due)
        } else {
            due.checked_add(GRACE)
        };
        match due {
            Some(due) if due <= now && self.instance.end(&self.of, &self.burst, now) => {
                lock(&self.burst.members).waiting.remove(&self.number);
                Next::Run
            }
            due => Next::Wait(due.filter(|due| *due > now)),
        }
    }

    /// Takes the answer of a burst that was taken back.
    pub(super) fn accept(mut self, answer: &Withdrawn<A>) -> A {
        self.is_over(Count::Rejected);
        (answer.0)()
    }

    fn is_over(&mut self, how: Count) {
        if !std::mem::replace(&mut self.is_over, true) {
            self.instance.book.waiting.fetch_sub(1, Relaxed);
            self.instance.book.count(how);
        }
    }
}

impl<K: Key, A: 'static> Drop for Member<K, A> {
    fn drop(&mut self) {
        if !self.is_over {
            self.leave();
            self.is_over = true;
            self.instance.book.waiting.fetch_sub(1, Relaxed);
            self.instance.book.count(Count::Cancelled);
        }
    }
}

impl<K: Key, A: 'static> Member<K, A> {
    /// Leaves the burst; who is the newest now looks at the time again.
    fn leave(&self) {
        let (own, newest, is_empty) = {
            let mut members = lock(&self.burst.members);
            let own = members.waiting.remove(&self.number);
            let newest = members.waiting.last_entry();
            let newest = newest.and_then(|mut newest| newest.get_mut().take());
            (own, newest, members.waiting.is_empty())
        };
        drop(own);
        if let Some(newest) = newest {
            wake(newest);
        }
        if is_empty {
            self.instance.forget(&self.of, &self.burst);
        }
    }
}

impl<K: Key, A: Clone + Send + Sync + 'static> Landing for Member<K, A> {
    type Key = u64;
    type Answer = A;
    type Shared = ();
    type Prepared = Arc<A>;
    type Displaced = Option<Arc<A>>;

    fn found(&mut self) -> Option<A> {
        let answer = lock(&self.burst.answer).clone()?;
        self.is_over(Count::Joined);
        Some(A::clone(&answer))
    }

    fn began(&mut self) {
        self.instance.book.count(Count::Runs);
        self.burst.begins();
    }

    fn ended(&mut self, ending: Ending<'_, A>) {
        self.is_over(match ending {
            Ending::Answered(_) => Count::Ran,
            Ending::Panicked => Count::Panicked,
            Ending::Cancelled => Count::Cancelled,
        });
    }

    fn prepare(&mut self, answer: &A) -> Option<Arc<A>> {
        Some(Arc::new(answer.clone()))
    }

    fn displaced(&self) -> Option<Arc<A>> {
        None
    }

    fn commit(
        &mut self,
        answer: Arc<A>,
        is_wanted: impl Fn() -> bool,
        displaced: &mut Option<Arc<A>>,
    ) -> Result<(), Arc<A>> {
        let mut kept = lock(&self.burst.answer);
        if !is_wanted() {
            return Err(answer);
        }
        *displaced = kept.replace(answer);
        Ok(())
    }

    fn share(&mut self, _: &A) -> Option<()> {
        None
    }

    fn accept(&mut self, (): ()) -> Option<A> {
        None
    }

    fn happened(&mut self, _: Event) {}
}
