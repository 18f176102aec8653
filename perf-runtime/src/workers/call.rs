//! One call: its body, until a thread runs it, and its answer.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::books::Count;
use super::sync::{Mutex, MutexGuard, lock, ticks};
use super::{Core, Job};
use crate::carried::Answer;
use crate::latency::record;
use crate::rejected::Rejected;
use crate::rt;

/// A call as its caller sees it. Dropped, it leaves the line; a body that runs is run to its end.
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Offload<F, A> {
    core: &'static Core,
    stage: Stage<F, A>,
    is_error: fn(&A) -> bool,
}

enum Stage<F, A> {
    New(F),
    Waits(u64, Arc<Call<F, A>>),
    Over,
}

struct Call<F, A> {
    state: Mutex<State<F, A>>,
    /// In ticks.
    since: u64,
}

enum State<F, A> {
    Queued(F, Waker),
    Running(Option<Waker>),
    /// Its caller went.
    Deserted,
    Ended(End<A>),
    Over,
}

/// Whom to wake, and a body that is not run: to be dropped without the lock, as all that is the user's.
type Ending<F> = (Option<Waker>, Option<F>);

enum End<A> {
    Answered(A),
    Panicked(Box<dyn Any + Send>),
    Rejected(Rejected),
}

impl<F, A> Call<F, A> {
    fn lock(&self) -> MutexGuard<'_, State<F, A>> {
        lock(&self.state)
    }

    fn replace(&self, state: State<F, A>) -> State<F, A> {
        std::mem::replace(&mut *self.lock(), state)
    }

    /// Leaves the answer for the caller, who is to be woken; or gives it back when there is none any more.
    fn end(&self, end: End<A>) -> Result<Ending<F>, End<A>> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Over) {
            State::Running(waker) => {
                *state = State::Ended(end);
                Ok((waker, None))
            }
            State::Queued(body, waker) => {
                *state = State::Ended(end);
                Ok((Some(waker), Some(body)))
            }
            other => {
                *state = other;
                Err(end)
            }
        }
    }
}

impl<F, A> Job for Call<F, A>
where
    F: FnOnce() -> A + Send,
    A: Send,
{
    fn run(&self, core: &'static Core) {
        let body = {
            let mut state = self.lock();
            match std::mem::replace(&mut *state, State::Over) {
                State::Queued(body, waker) => {
                    *state = State::Running(Some(waker));
                    body
                }
                other => {
                    *state = other;
                    drop(state);
                    core.books.count(Count::Done);
                    return;
                }
            }
        };
        let began = ticks();
        record(&core.books.wait, [began.saturating_sub(self.since)]);
        let ran = catch_unwind(AssertUnwindSafe(body));
        record(&core.books.run, [ticks().saturating_sub(began)]);
        core.books.count(Count::Done);
        let end = match ran {
            Ok(answer) => End::Answered(answer),
            Err(panic) => End::Panicked(panic),
        };
        match self.end(end) {
            Ok((waker, _)) => waker.into_iter().for_each(rt::wake),
            Err(unwanted) => {
                let _ = catch_unwind(AssertUnwindSafe(|| drop(unwanted)));
            }
        }
    }

    fn refuse(&self, core: &Core, rejected: Rejected) -> bool {
        let Ok((waker, body)) = self.end(End::Rejected(rejected)) else {
            return false;
        };
        core.books.count(Count::Rejected);
        waker.into_iter().for_each(rt::wake);
        let _ = catch_unwind(AssertUnwindSafe(|| drop(body)));
        true
    }
}

// Nothing in it is pinned.
impl<F, A> Unpin for Offload<F, A> {}

impl<F, A> Offload<F, A> {
    pub(super) fn new(core: &'static Core, body: F, is_error: fn(&A) -> bool) -> Self {
        Self {
            core,
            stage: Stage::New(body),
            is_error,
        }
    }

    fn answered(&self, answer: A) -> Answer<A> {
        // Code of the user's: a call that panics here has its answer, and counts as one.
        let is_error = catch_unwind(AssertUnwindSafe(|| (self.is_error)(&answer)));
        let end = match is_error {
            Ok(true) => Count::Error,
            _ => Count::Ok,
        };
        self.core.books.count(end);
        Answer::Given(answer)
    }

    fn panicked(&self, panic: Box<dyn Any + Send>) -> ! {
        self.core.books.count(Count::Panic);
        resume_unwind(panic)
    }
}

impl<F, A> Offload<F, A>
where
    F: FnOnce() -> A + Send + 'static,
    A: Send + 'static,
{
    fn begin(&mut self, body: F, cx: &Context<'_>) -> Poll<Answer<A>> {
        let books = &self.core.books;
        if self.core.is_here() {
            books.count(Count::Inline);
            return Poll::Ready(match catch_unwind(AssertUnwindSafe(body)) {
                Ok(answer) => self.answered(answer),
                Err(panic) => self.panicked(panic),
            });
        }
        let call = Arc::new(Call {
            state: Mutex::new(State::Queued(body, cx.waker().clone())),
            since: ticks(),
        });
        let job: Arc<dyn Job> = Arc::<Call<F, A>>::clone(&call);
        match self.core.enter(job) {
            Ok(number) => {
                self.stage = Stage::Waits(number, call);
                Poll::Pending
            }
            Err(rejected) => {
                books.count(Count::Rejected);
                Poll::Ready(Answer::Rejected(rejected))
            }
        }
    }
}

impl<F, A> Future for Offload<F, A>
where
    F: FnOnce() -> A + Send + 'static,
    A: Send + 'static,
{
    type Output = Answer<A>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer<A>> {
        let this = &mut *self;
        let call = match std::mem::replace(&mut this.stage, Stage::Over) {
            Stage::New(body) => return this.begin(body, cx),
            Stage::Over => return Poll::Pending,
            Stage::Waits(number, call) => {
                this.stage = Stage::Waits(number, Arc::clone(&call));
                call
            }
        };
        let waker = cx.waker().clone();
        let _old = {
            let mut state = call.lock();
            match &mut *state {
                State::Queued(_, old) => Some(std::mem::replace(old, waker)),
                State::Running(old) => old.replace(waker),
                State::Ended(_) => {
                    let ended = std::mem::replace(&mut *state, State::Over);
                    drop(state);
                    this.stage = Stage::Over;
                    let State::Ended(end) = ended else {
                        return Poll::Pending;
                    };
                    return Poll::Ready(match end {
                        End::Answered(answer) => this.answered(answer),
                        End::Panicked(panic) => this.panicked(panic),
                        End::Rejected(rejected) => Answer::Rejected(rejected),
                    });
                }
                State::Deserted | State::Over => Some(waker),
            }
        };
        Poll::Pending
    }
}

impl<F, A> Drop for Offload<F, A> {
    fn drop(&mut self) {
        let Stage::Waits(number, call) = std::mem::replace(&mut self.stage, Stage::Over) else {
            return;
        };
        let was = call.replace(State::Deserted);
        if matches!(was, State::Queued(..)) {
            self.core.leave(number);
        }
        match &was {
            // Answered without a thread, and counted then.
            State::Ended(End::Rejected(_)) | State::Over | State::Deserted => {}
            _ => self.core.books.count(Count::Cancelled),
        }
        drop(was);
    }
}
