//! One caller: its item goes into the line, and it waits for the answer.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::books::Item;
use super::group::{Group, wake};
use super::inside;
use super::lead::lead;
use super::settings::Full;
use super::work::{By, Work};
use crate::carried::Answer;
use crate::clock;
use crate::parts::batch::{Arrival, Entered, Look, Loss, Outcome, Was};
use crate::rejected::Rejected;

/// A call, on its way. Dropped, its item leaves the line; one that is in a batch already is done all the same.
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Ask<K, I, A, W> {
    group: Arc<Group<K, I, A>>,
    stage: Stage<I>,
    work: W,
}

enum Stage<I> {
    New(I),
    Waits(Waits),
    Over,
}

#[derive(Clone, Copy)]
struct Waits {
    place: usize,
    is_urgent: bool,
    /// It has to lead, and does not yet.
    leads: bool,
}

// Nothing in it is pinned.
impl<K, I, A, W> Unpin for Ask<K, I, A, W> {}

impl<K, I, A, W> Ask<K, I, A, W> {
    pub(super) fn new(group: Arc<Group<K, I, A>>, item: I, work: W) -> Self {
        Self {
            group,
            stage: Stage::New(item),
            work,
        }
    }
}

impl<K, I, A, W> Ask<K, I, A, W>
where
    K: Clone + Send + Sync + 'static,
    I: Send + 'static,
    A: Send + 'static,
    W: Work<K, I, A>,
{
    /// Puts the item into the line. The answer, if there is one already, is a rejection.
    fn enter(&mut self, item: I, cx: &Context<'_>) -> Option<Rejected> {
        let common = &self.group.common;
        let within = inside::current();
        let is_urgent = within
            .as_ref()
            .is_some_and(|within| within.is_of(&self.group.inside));
        let due = common
            .settings
            .linger
            .and_then(|linger| W::BY.now().checked_add(linger));
        let arrival = Arrival {
            item,
            waker: cx.waker().clone(),
            within,
            now: clock::ticks(),
            due,
            is_urgent,
        };
        let entered = {
            let mut line = self.group.lock();
            let is_full = line.queued() >= common.max_queue;
            if common.is_closed() {
                Err((arrival, Rejected::shut_down(common.op)))
            } else if is_full && common.settings.full == Full::Reject {
                Err((arrival, Rejected::queue_full(common.op)))
            } else {
                Ok((line.enter(common.bounds, arrival), is_full))
            }
        };
        let (entered, is_full) = match entered {
            Ok(entered) => entered,
            Err((arrival, rejected)) => {
                drop(arrival);
                common.books.count(Item::Rejected);
                return Some(rejected);
            }
        };
        let Entered {
            place,
            leads,
            wake: leader,
        } = entered;
        self.stage = Stage::Waits(Waits {
            place,
            is_urgent,
            leads,
        });
        common.books.count(Item::Queued);
        if is_full {
            common.books.count(Item::Full);
        }
        wake(leader);
        None
    }

    /// Comes before the first poll, for who asks for many: without leading, so that the others are in the same batch.
    pub(super) fn prepare(&mut self, cx: &Context<'_>) -> Option<Rejected> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::New(item) => self.enter(item, cx),
            other => {
                self.stage = other;
                None
            }
        }
    }

    fn answer(&self, outcome: Outcome<A>) -> Answer<A> {
        let op = self.group.common.op;
        match outcome {
            Outcome::Answered(answer) => Answer::Given(answer),
            Outcome::Panicked(panic) => resume_unwind(panic),
            Outcome::Lost(Loss::Panicked(text)) => {
                Answer::Panicked(Rejected::batch_panicked(op), text)
            }
            Outcome::Lost(Loss::Length { items, answers }) => {
                Answer::Rejected(Rejected::batch_length(op, items, answers))
            }
            Outcome::Lost(Loss::Failed) => Answer::Rejected(Rejected::load_failed(op)),
            Outcome::Lost(Loss::Gone) => Answer::Rejected(Rejected::batch_gone(op)),
            Outcome::Lost(Loss::ShutDown) => Answer::Rejected(Rejected::shut_down(op)),
        }
    }
}

impl<K, I, A, W> Future for Ask<K, I, A, W>
where
    K: Clone + Send + Sync + 'static,
    I: Send + 'static,
    A: Send + 'static,
    W: Work<K, I, A>,
{
    type Output = Answer<A>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer<A>> {
        let this = &mut *self;
        if let Some(rejected) = this.prepare(cx) {
            return Poll::Ready(Answer::Rejected(rejected));
        }
        loop {
            let Stage::Waits(waits) = &mut this.stage else {
                // Polled again after its answer.
                return Poll::Pending;
            };
            let Waits {
                place, is_urgent, ..
            } = *waits;
            if std::mem::take(&mut waits.leads) {
                lead(&this.group, this.work.clone());
                if W::BY == By::Task {
                    return Poll::Pending;
                }
            }
            let waker = cx.waker().clone();
            let look = {
                let mut line = this.group.lock();
                line.look(place, waker, this.group.common.bounds, is_urgent)
            };
            match look {
                Look::Ended(outcome) => {
                    this.stage = Stage::Over;
                    return Poll::Ready(this.answer(outcome));
                }
                Look::Wait(_old) => return Poll::Pending,
                Look::Lead(_old) => {
                    if let Stage::Waits(waits) = &mut this.stage {
                        waits.leads = true;
                    }
                }
            }
        }
    }
}

impl<K, I, A, W> Drop for Ask<K, I, A, W> {
    fn drop(&mut self) {
        let Stage::Waits(waits) = self.stage else {
            return;
        };
        let (left, others) = {
            let mut line = self.group.lock();
            let left = line.leave(waits.place);
            let mut others = Vec::new();
            if waits.leads {
                line.desert(&mut others);
            }
            (left, others)
        };
        let books = self.group.common.books;
        match left.was {
            Was::Queued => {
                books.count(Item::Left);
                books.count(Item::Cancelled);
            }
            Was::Running => books.count(Item::Cancelled),
            Was::Answered => {}
        }
        wake(left.wakers.into_iter().chain(others));
    }
}
