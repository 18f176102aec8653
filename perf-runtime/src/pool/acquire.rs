//! Getting a resource: at once, or in a fair line of tasks and threads.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::Handle;
use super::core::Core;
use super::guard::Pooled;
use super::loan::{Lent, Loan};
use super::told;
use crate::clock::{self, Start};
use crate::parts::pool::failure::Failure;
use crate::parts::pool::line::{Deadline, Place, Standing, Turn};
use crate::parts::pool::{Taken, frames};
use crate::rejected::{Reason, Rejected};
use crate::rt;
use crate::rt::background::block_on;

/// Why there is no resource.
pub(crate) enum Refusal {
    Rejected(Rejected),
    /// The error of a creation.
    Failed(Failure),
}

/// A future of a resource. Dropped, it leaves the line, and what it was given is for the next.
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Acquire<'p, T: Send + 'static> {
    pool: &'p Handle<T>,
    at: &'static Location<'static>,
    step: Step,
}

/// How far somebody has come.
#[derive(Clone, Copy)]
enum Step {
    /// He has not looked.
    Begin,
    /// He came then, and found nothing.
    Came(Start),
    /// He stands in line.
    Stand(Place),
    /// He is gone.
    Gone,
}

impl<'p, T: Send + 'static> Acquire<'p, T> {
    #[inline]
    pub(crate) const fn new(pool: &'p Handle<T>, at: &'static Location<'static>) -> Self {
        let step = Step::Begin;
        Self { pool, at, step }
    }

    /// For one who has looked.
    #[inline]
    pub(crate) const fn after(
        pool: &'p Handle<T>,
        at: &'static Location<'static>,
        came: Start,
    ) -> Self {
        let step = Step::Came(came);
        Self { pool, at, step }
    }

    #[inline]
    pub(super) fn op(&self) -> &'static str {
        self.pool.op
    }

    /// The last in line from now on, unless there is something by now.
    #[cold]
    fn enter(&mut self, came: Start, waker: &Waker) -> Poll<Result<Pooled<T>, Refusal>> {
        let core = &**self.pool;
        let around = frames::around(core.address());
        let waker = waker.clone();
        let mut now = came.ticks();
        loop {
            let mut state = core.lock();
            match state.take(now, self.at) {
                Taken::Entry(entry) => {
                    core.set_busy(false);
                    drop(state);
                    return Poll::Ready(Ok(Pooled::new(entry, self.pool)));
                }
                Taken::Closed => {
                    drop(state);
                    return Poll::Ready(Err(self.closed(true)));
                }
                Taken::Nothing if around > 0 && around >= state.rules.max => {
                    state.books.came += 1;
                    state.books.deadlocks += 1;
                    drop(state);
                    return Poll::Ready(Err(Refusal::Rejected(told::deadlock(core, around))));
                }
                Taken::Nothing => {
                    let deadline = if state.says_deadlines() {
                        Deadline::Unsaid
                    } else {
                        Deadline::at(Core::<T>::end_of(core.settings.acquire_timeout))
                    };
                    core.set_busy(true);
                    self.step = Step::Stand(state.enter(waker, deadline, came.ticks(), self.at));
                    let is_looked_after = state.alarm.is_some();
                    let has_room = state.has_room();
                    drop(state);
                    if has_room {
                        core.make();
                    }
                    if !is_looked_after {
                        core.set_alarm();
                    }
                    return Poll::Pending;
                }
                taken => {
                    // Who gets it when it is checked is the one who waits by then: he looks once more.
                    drop(state);
                    core.undo(taken);
                    now = clock::ticks();
                }
            }
        }
    }

    /// Says whom to wake; false when it is time to look again.
    fn tell(&self, place: Place, waker: &Waker) -> bool {
        let new = waker.clone();
        let mut state = self.pool.lock();
        let old = state.line.wake(place, new);
        let is_waiting = state.line.is(place, Standing::Waiting);
        drop(state);
        drop(old);
        is_waiting
    }

    fn closed(&self, is_new: bool) -> Refusal {
        let core = &**self.pool;
        if is_new {
            let mut state = core.lock();
            state.books.came += 1;
            state.books.closed += 1;
        }
        let text = "is closed".to_owned();
        Refusal::Rejected(Rejected::pool(core.op, Reason::PoolClosed, text))
    }

    /// What has become of one who waits.
    fn look(&mut self, place: Place, waker: &Waker) -> Poll<Result<Pooled<T>, Refusal>> {
        let core = &**self.pool;
        let now = clock::ticks();
        let mut state = core.lock();
        let is_passed_over = state.line.is(place, Standing::PassedOver);
        if is_passed_over {
            let after = state.come_back(place);
            drop(state);
            core.finish(after);
            return self.look(place, waker);
        }
        if state.line.is(place, Standing::Waiting) && !state.line.is_late(place, rt::now()) {
            let is_known = state.line.would_wake(place, waker);
            drop(state);
            if is_known || self.tell(place, waker) {
                core.make();
                return Poll::Pending;
            }
            return self.look(place, waker);
        }
        self.step = Step::Gone;
        let (turn, waker) = state.claim(place, now);
        drop(state);
        drop(waker);
        Poll::Ready(match turn {
            Turn::Given(entry) => Ok(Pooled::new(entry, self.pool)),
            Turn::Closed => Err(self.closed(false)),
            Turn::Failed(failure) => Err(Refusal::Failed(failure)),
            Turn::Waiting | Turn::PassedOver | Turn::Late => {
                Err(Refusal::Rejected(told::timed_out(core)))
            }
        })
    }
}

impl<T: Send + 'static> Future for Acquire<'_, T> {
    type Output = Result<Pooled<T>, Refusal>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let came = match self.step {
            Step::Stand(place) => return self.look(place, cx.waker()),
            Step::Came(came) => came,
            Step::Begin | Step::Gone => match at_once(self.pool, self.at) {
                Ok(guard) => return Poll::Ready(Ok(guard)),
                Err(came) => came,
            },
        };
        self.enter(came, cx.waker())
    }
}

/// A resource that is there; else when it was that there was none.
#[inline]
pub(crate) fn at_once<T: Send + 'static>(
    pool: &Handle<T>,
    at: &'static Location<'static>,
) -> Result<Pooled<T>, Start> {
    let entry = pool.at_once(at)?;
    Ok(Pooled::new(entry, pool))
}

/// The same for a thread, which it blocks.
#[inline]
pub(crate) fn blocking<T: Send + 'static>(
    pool: &Handle<T>,
    at: &'static Location<'static>,
) -> Result<Pooled<T>, Refusal> {
    match at_once(pool, at) {
        Ok(guard) => Ok(guard),
        Err(came) => wait_blocking(pool, at, came),
    }
}

/// The same for a thread that has looked.
#[cold]
pub(crate) fn wait_blocking<T: Send + 'static>(
    pool: &Handle<T>,
    at: &'static Location<'static>,
    came: Start,
) -> Result<Pooled<T>, Refusal> {
    block_on(Acquire::after(pool, at, came))
}

impl<T: Send + 'static> Core<T> {
    /// Not yet lent to anybody. A call of its own, so that the few lines around it are none, and hand over what they have in
    /// registers.
    #[inline(never)]
    fn at_once(&self, at: &'static Location<'static>) -> Result<Lent<T>, Start> {
        if self.is_busy() {
            return Err(Start::now());
        }
        match self.take(at) {
            Taken::Entry(entry) => Ok(entry),
            Taken::Nothing | Taken::Closed => Err(Start::now()),
            taken => {
                self.undo(taken);
                Err(Start::now())
            }
        }
    }

    /// What was no resource to be given out.
    #[cold]
    pub(super) fn undo(&self, taken: Taken<Loan<T>>) {
        match taken {
            Taken::Gone(entry) => self.hooks.destroy(entry.resource.resource),
            Taken::Unchecked(entry) => self.check(entry),
            Taken::Entry(_) | Taken::Nothing | Taken::Closed => {}
        }
    }
}

impl<T: Send + 'static> Drop for Acquire<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let Step::Stand(place) = self.step else {
            return;
        };
        let core = &**self.pool;
        let (after, turn, waker) = core.lock().abandon(place);
        drop((turn, waker));
        core.finish(after);
    }
}
