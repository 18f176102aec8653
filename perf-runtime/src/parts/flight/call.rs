//! A future that leads, waits or goes alone.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use pin_project_lite::pin_project;

use super::lead::Lead;
use super::seat::News;
use super::waiter::{Step, Waiter};
use super::{Ending, Entry, Event, Flights, Landing};
use crate::rt;

pin_project! {
    /// See [`Flights::run_async`].
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Call<'f, L: Landing, F> {
        // Taken out when the call ends, so that all of the body is gone before the next one of its key begins.
        #[pin]
        body: Option<F>,
        landing: L,
        flights: &'f Flights<L::Key, L::Shared>,
        hash: u64,
        stage: Stage<'f, L::Key, L::Shared>,
    }

    impl<L: Landing, F> PinnedDrop for Call<'_, L, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let running = match this.stage {
                Stage::Leading(lead) => Some(lead.running()),
                Stage::Alone => None,
                Stage::New(_) | Stage::Waiting(_) | Stage::Over => return,
            };
            this.body.set(None);
            this.landing.ended(Ending::Cancelled);
            drop(running);
            *this.stage = Stage::Over;
        }
    }
}

/// How far a call is.
enum Stage<'f, K: Eq, A> {
    /// Never polled.
    New(Option<K>),
    /// Waits for another call.
    Waiting(Pin<Box<Wait<'f, K, A>>>),
    /// Runs its body for all.
    Leading(Lead<'f, K, A>),
    /// Runs its body for itself.
    Alone,
    /// Has ended.
    Over,
}

impl<'f, L: Landing, F> Call<'f, L, F> {
    #[inline]
    pub(super) fn new(
        flights: &'f Flights<L::Key, L::Shared>,
        hash: u64,
        key: L::Key,
        landing: L,
        body: F,
    ) -> Self {
        Self {
            body: Some(body),
            landing,
            flights,
            hash,
            stage: Stage::New(Some(key)),
        }
    }
}

impl<L, F> Future for Call<'_, L, F>
where
    L: Landing,
    F: Future<Output = L::Answer>,
{
    type Output = L::Answer;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<L::Answer> {
        let this = self.project();
        let mut polling = Polling {
            body: this.body,
            landing: this.landing,
            flights: this.flights,
            hash: *this.hash,
            stage: this.stage,
            is_in_body: false,
        };
        let answer = polling.poll(cx);
        std::mem::forget(polling);
        answer
    }
}

/// One poll of a call. Dropped only when code of the user's panics in it: then the call is over.
struct Polling<'p, 'f, L: Landing, F> {
    body: Pin<&'p mut Option<F>>,
    landing: &'p mut L,
    flights: &'f Flights<L::Key, L::Shared>,
    hash: u64,
    stage: &'p mut Stage<'f, L::Key, L::Shared>,
    is_in_body: bool,
}

impl<'f, L, F> Polling<'_, 'f, L, F>
where
    L: Landing,
    F: Future<Output = L::Answer>,
{
    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<L::Answer> {
        let begins = matches!(self.stage, Stage::New(_) | Stage::Waiting(_));
        if begins && let Some(answer) = ready!(self.board(cx)) {
            return self.coalesced(answer);
        }
        let mut running = None;
        match self.stage {
            Stage::Leading(lead) if begins || lead.resume() => running = Some(lead.running()),
            Stage::Leading(_) => *self.stage = Stage::Alone,
            Stage::Alone => {}
            Stage::New(_) | Stage::Waiting(_) | Stage::Over => return Poll::Pending,
        }
        if begins {
            if running.is_some()
                && let Some(answer) = self.landing.found()
            {
                return self.coalesced(answer);
            }
            self.landing.began();
        }
        let Some(body) = self.body.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        self.is_in_body = true;
        let polled = body.poll(cx);
        let Poll::Ready(answer) = polled else {
            self.is_in_body = false;
            if let Stage::Leading(lead) = self.stage {
                lead.pause(cx.waker());
            }
            return Poll::Pending;
        };
        self.body.set(None);
        self.is_in_body = false;
        self.landing.ended(Ending::Answered(&answer));
        if let Stage::Leading(mut lead) = std::mem::replace(self.stage, Stage::Over) {
            lead.land(self.landing, &answer);
        }
        drop(running);
        Poll::Ready(answer)
    }

    /// Gets a part to play: [`Stage::Leading`], [`Stage::Alone`], or an answer.
    fn board(&mut self, cx: &mut Context<'_>) -> Poll<Option<L::Answer>> {
        loop {
            let key = match self.stage {
                Stage::New(key) => key,
                Stage::Waiting(wait) => match ready!(wait.as_mut().poll(self.flights, cx)) {
                    // Of no use here any more: the seat is given up before others hear of it.
                    Step::News(News::Again) => wait.as_mut().again(),
                    Step::News(News::Look) => match self.landing.found() {
                        Some(answer) => return Poll::Ready(Some(answer)),
                        None => wait.as_mut().again(),
                    },
                    Step::News(News::Shared(share)) => match self.landing.accept(share) {
                        Some(answer) => return Poll::Ready(Some(answer)),
                        None => wait.as_mut().again(),
                    },
                    Step::Wait => {
                        *self.stage = Stage::Alone;
                        self.landing.happened(Event::WaitExpired);
                        return Poll::Ready(None);
                    }
                    Step::Lead(lead) => {
                        *self.stage = Stage::Leading(lead);
                        return Poll::Ready(None);
                    }
                    Step::Desert(lead) => {
                        *self.stage = Stage::Leading(lead);
                        self.landing.happened(Event::Deserted);
                        return Poll::Ready(None);
                    }
                },
                Stage::Leading(_) | Stage::Alone | Stage::Over => return Poll::Ready(None),
            };
            match self.flights.enter(self.hash, key) {
                Entry::Lead(lead) => *self.stage = Stage::Leading(lead),
                Entry::Alone => {
                    *self.stage = Stage::Alone;
                    self.landing.happened(Event::Cycle);
                }
                Entry::Wait(waiter) => self.wait(waiter),
            }
        }
    }

    #[cold]
    fn wait(&mut self, waiter: Waiter<'f, L::Key, L::Shared>) {
        match self.stage {
            Stage::Waiting(wait) => wait.as_mut().wait_with(waiter),
            Stage::New(key) => {
                let wait = Wait::new(self.flights, waiter, key.take());
                *self.stage = Stage::Waiting(Box::pin(wait));
            }
            Stage::Leading(_) | Stage::Alone | Stage::Over => {}
        }
    }

    /// The call ends with the answer of another one.
    #[cold]
    fn coalesced(&mut self, answer: L::Answer) -> Poll<L::Answer> {
        if let Stage::Leading(mut lead) = std::mem::replace(self.stage, Stage::Over) {
            lead.found();
        }
        self.body.set(None);
        self.landing.happened(Event::Coalesced);
        Poll::Ready(answer)
    }
}

impl<L: Landing, F> Drop for Polling<'_, '_, L, F> {
    #[cold]
    fn drop(&mut self) {
        let running = match self.stage {
            Stage::Leading(lead) => Some(lead.running()),
            _ => None,
        };
        self.body.set(None);
        if self.is_in_body {
            self.landing.ended(Ending::Panicked);
        }
        drop(running);
        *self.stage = Stage::Over;
    }
}

pin_project! {
    /// A future's wait, from the first flight it meets to the last; most see one.
    struct Wait<'f, K: Eq, A> {
        waiter: Option<Waiter<'f, K, A>>,
        key: Option<K>,
        deadline: Option<Instant>,
        #[pin]
        timer: Option<rt::Sleep>,
    }
}

impl<'f, K: Eq, A> Wait<'f, K, A> {
    fn new(flights: &Flights<K, A>, waiter: Waiter<'f, K, A>, key: Option<K>) -> Self {
        let now = rt::now();
        let deadline = flights.deadline(now);
        Self {
            waiter: Some(waiter),
            key,
            deadline,
            timer: timer(flights, now, deadline),
        }
    }

    /// Takes another seat; the time runs on.
    fn wait_with(self: Pin<&mut Self>, waiter: Waiter<'f, K, A>) {
        *self.project().waiter = Some(waiter);
    }

    /// Gives up the seat, and the key to begin again with.
    fn again(self: Pin<&mut Self>) -> &mut Option<K> {
        let this = self.project();
        *this.waiter = None;
        this.key
    }

    /// [`Step::Wait`] is that the time is up.
    fn poll(
        self: Pin<&mut Self>,
        flights: &Flights<K, A>,
        cx: &mut Context<'_>,
    ) -> Poll<Step<'f, K, A>> {
        let mut this = self.project();
        let Some(waiter) = this.waiter else {
            return Poll::Pending;
        };
        let mut step = waiter.look(Some(cx.waker()));
        while let Step::Wait = step {
            let Some(timer) = this.timer.as_mut().as_pin_mut() else {
                return Poll::Pending;
            };
            ready!(timer.poll(cx));
            let now = rt::now();
            if this.deadline.is_some_and(|deadline| deadline <= now) {
                return Poll::Ready(waiter.give_up());
            }
            step = waiter.probe();
            this.timer.set(self::timer(flights, now, *this.deadline));
        }
        Poll::Ready(step)
    }
}

/// What wakes a future that waits since `now`, if nobody does.
fn timer<K: Eq, A>(
    flights: &Flights<K, A>,
    now: Instant,
    deadline: Option<Instant>,
) -> Option<rt::Sleep> {
    let until = [deadline, flights.probe(now)].into_iter().flatten().min();
    until.map(rt::sleep_until)
}
