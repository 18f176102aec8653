//! One caller: its item goes into the line, and it waits for the answer.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::admit::{Admitted, Arrived, Refused, Room};
use super::books::Item;
use super::group::Group;
use super::inside;
use super::lead::lead;
use super::wave;
use super::work::{By, Work};
use crate::carried::Answer;
use crate::clock;
use crate::parts::batch::{Arrival, Entered, Line, Look, Loss, Outcome, Was};
use crate::rejected::Rejected;
use crate::rt::wake_all;

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

/// What has become of a call that was polled for the first time.
enum Came {
    InLine,
    InWave,
    NotIn(Rejected),
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
    /// Puts the item into the line, or into the wave that is open.
    fn enter(&mut self, item: I, cx: &Context<'_>) -> Came {
        let arrival = arrival::<K, I, A, W>(&self.group, item, cx);
        let is_urgent = arrival.is_urgent;
        if is_urgent || !wave::is_open(cx.waker()) {
            let bounds = self.group.common.bounds;
            let entered = self.group.admit(arrival, |line, it| line.enter(bounds, it));
            return self
                .came(entered, is_urgent)
                .map_or(Came::InLine, Came::NotIn);
        }
        let held = self.group.admit(arrival, Line::hold);
        let entered = held.map(|(held, room)| {
            wave::join(&self.group, held);
            (held.entered(), room)
        });
        self.came(entered, is_urgent)
            .map_or(Came::InWave, Came::NotIn)
    }

    fn came(&mut self, entered: Admitted<Entered, I>, is_urgent: bool) -> Option<Rejected> {
        let books = self.group.common.books;
        let (entered, room) = match entered {
            Ok(entered) => entered,
            Err(Refused { arrival, rejected }) => {
                drop(arrival);
                books.count(Item::Rejected);
                return Some(rejected);
            }
        };
        self.stage = Stage::Waits(Waits {
            place: entered.place,
            is_urgent,
            leads: entered.leads,
        });
        books.count(Item::Queued);
        if room == Room::None {
            books.count(Item::Full);
        }
        wake_all(entered.wake);
        None
    }

    /// Many at once, in line one after the other. Nobody of them leads: who is polled does, if somebody has to.
    pub(super) fn enter_all(
        group: &Arc<Group<K, I, A>>,
        items: impl Iterator<Item = I>,
        work: &W,
        cx: &Context<'_>,
    ) -> impl Iterator<Item = Result<Self, Rejected>> {
        let arrivals: Vec<_> = items
            .map(|item| arrival::<K, I, A, W>(group, item, cx))
            .collect();
        let is_urgent = arrivals.first().is_some_and(|first| first.is_urgent);
        let (entered, leader) = group.admit_all(arrivals, is_urgent);
        wake_all(leader);
        let enter = move |entered| {
            let mut ask = Self {
                group: Arc::clone(group),
                stage: Stage::Over,
                work: work.clone(),
            };
            match ask.came(entered, is_urgent) {
                None => Ok(ask),
                Some(rejected) => Err(rejected),
            }
        };
        entered.into_iter().map(enter)
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

/// A caller that is about to come: all of it is made outside of the lock.
fn arrival<K, I, A, W: Work<K, I, A>>(
    group: &Group<K, I, A>,
    item: I,
    cx: &Context<'_>,
) -> Arrived<I> {
    let within = inside::current();
    let is_urgent = within
        .as_ref()
        .is_some_and(|within| within.is_of(&group.inside));
    let linger = group.common.settings.linger;
    Arrival {
        item,
        waker: cx.waker().clone(),
        within,
        now: clock::ticks(),
        due: linger.and_then(|linger| W::BY.now().checked_add(linger)),
        is_urgent,
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
        match std::mem::replace(&mut this.stage, Stage::Over) {
            Stage::New(item) => match this.enter(item, cx) {
                Came::InLine => {}
                // Its wave comes into the line by itself.
                Came::InWave => return Poll::Pending,
                Came::NotIn(rejected) => return Poll::Ready(Answer::Rejected(rejected)),
            },
            other => this.stage = other,
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
        wake_all(left.wakers.into_iter().chain(others));
    }
}
