//! The bursts of one function: who waits in the one that is going on, and when it is over.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use super::{Book, Count, GRACE};
use crate::parts::debounce::Debounce;
use crate::parts::edge::{Pace, Runner, Verdict};
use crate::parts::flight::{Committed, Ending, Event, Flights, Landing};

/// The bursts of one instance of a function.
pub(super) struct Instance<A> {
    pub(super) book: &'static Book,
    pub(super) flights: Flights<u64, ()>,
    state: Mutex<State<A>>,
}

struct State<A> {
    pace: Debounce,
    /// The burst that is going on, or the next.
    current: Arc<Burst<A>>,
    issued: u64,
}

/// One burst.
pub(super) struct Burst<A> {
    number: u64,
    members: Mutex<Members>,
    /// Kept for those who come for it after the run is over.
    answer: Mutex<Option<Arc<A>>>,
}

#[derive(Default)]
struct Members {
    /// Those who wait, in the order in which they came.
    waiting: BTreeMap<u64, Option<Waker>>,
    /// Somebody runs.
    has_begun: bool,
}

/// What a caller that waits does next.
pub(super) enum Next {
    /// Runs, or joins who does.
    Run,
    /// Looks again at that time; never, where there is none.
    Wait(Option<Instant>),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing of the user's runs under the lock, so there is no half-done state to fear.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<A> Burst<A> {
    fn new(number: u64) -> Arc<Self> {
        Arc::new(Self {
            number,
            members: Mutex::new(Members::default()),
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
        for waker in waiting.into_values().flatten() {
            wake(waker);
        }
    }
}

/// The panic of one executor's waker must reach nobody else.
fn wake(waker: Waker) {
    let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
}

impl<A> Instance<A> {
    pub(super) fn new(pace: Debounce, book: &'static Book) -> Self {
        Self {
            book,
            // A run may take as long as it takes; one that nobody polls is found out.
            flights: Flights::new(Duration::MAX),
            state: Mutex::new(State {
                pace,
                current: Burst::new(0),
                issued: 0,
            }),
        }
    }

    /// A call at `now`.
    pub(super) fn join(&'static self, now: Instant) -> (Member<A>, bool) {
        let mut state = lock(&self.state);
        let runs_now = state.pace.call(now, Runner::Idle) == Verdict::Now;
        state.issued = state.issued.wrapping_add(1);
        let number = state.issued;
        let burst = if runs_now {
            Burst::new(number)
        } else {
            lock(&state.current.members).waiting.insert(number, None);
            Arc::clone(&state.current)
        };
        drop(state);
        self.book.waiting.fetch_add(1, Relaxed);
        let member = Member {
            instance: self,
            burst,
            number,
            is_over: false,
        };
        (member, runs_now)
    }

    /// When the burst is over, if it is going on.
    fn due(&self, burst: &Arc<Burst<A>>) -> Option<Instant> {
        let state = lock(&self.state);
        let is_current = Arc::ptr_eq(&state.current, burst);
        is_current.then(|| state.pace.due()).flatten()
    }

    /// Ends the burst at `now`, in favour of one of its members. False when somebody else has.
    fn end(&self, burst: &Arc<Burst<A>>, now: Instant) -> bool {
        let mut state = lock(&self.state);
        if !Arc::ptr_eq(&state.current, burst) {
            return false;
        }
        state.pace.run(now);
        state.issued = state.issued.wrapping_add(1);
        state.current = Burst::new(state.issued);
        true
    }

    /// Nobody waits any more.
    fn forget(&self, burst: &Arc<Burst<A>>) {
        let mut state = lock(&self.state);
        let is_empty = || lock(&burst.members).waiting.is_empty();
        if Arc::ptr_eq(&state.current, burst) && is_empty() {
            state.pace.cancel();
        }
    }
}

/// One caller of a burst. Dropped before it has an answer, it was cancelled.
pub(super) struct Member<A: 'static> {
    pub(super) instance: &'static Instance<A>,
    pub(super) burst: Arc<Burst<A>>,
    number: u64,
    is_over: bool,
}

impl<A> Member<A> {
    /// What to do at `now`; `waker` is woken when somebody runs.
    pub(super) fn look(&self, now: Instant, waker: &Waker) -> Next {
        let waker = waker.clone();
        let (is_newest, before) = {
            let mut members = lock(&self.burst.members);
            if members.has_begun {
                return Next::Run;
            }
            let before = members.waiting.insert(self.number, Some(waker));
            let newest = members.waiting.last_key_value();
            let is_newest = newest.is_some_and(|(number, _)| *number == self.number);
            (is_newest, before)
        };
        drop(before);
        let Some(due) = self.instance.due(&self.burst) else {
            return Next::Wait(None);
        };
        let due = if is_newest {
            Some(due)
        } else {
            due.checked_add(GRACE)
        };
        match due {
            Some(due) if due <= now && self.instance.end(&self.burst, now) => {
                lock(&self.burst.members).waiting.remove(&self.number);
                Next::Run
            }
            due => Next::Wait(due.filter(|due| *due > now)),
        }
    }

    fn is_over(&mut self, how: Count) {
        if !std::mem::replace(&mut self.is_over, true) {
            self.instance.book.waiting.fetch_sub(1, Relaxed);
            self.instance.book.count(how);
        }
    }
}

impl<A: 'static> Drop for Member<A> {
    fn drop(&mut self) {
        if !self.is_over {
            self.leave();
            self.is_over = true;
            self.instance.book.waiting.fetch_sub(1, Relaxed);
            self.instance.book.count(Count::Cancelled);
        }
    }
}

impl<A: 'static> Member<A> {
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
            self.instance.forget(&self.burst);
        }
    }
}

impl<A: Clone + Send + Sync + 'static> Landing for Member<A> {
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

    fn commit(&mut self, _: u64, answer: Arc<A>) -> Committed<Option<Arc<A>>> {
        Committed {
            kept: true,
            displaced: lock(&self.burst.answer).replace(answer),
        }
    }

    fn share(&mut self, _: &A) -> Option<()> {
        None
    }

    fn accept(&mut self, (): ()) -> Option<A> {
        None
    }

    fn happened(&mut self, _: Event) {}
}
