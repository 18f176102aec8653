//! Many items of one caller.
//!
//! They come in waves: all of one are in line before a leader can take any of them, so that they are in one batch.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::ask::Ask;
use super::group::Group;
use super::handle::Boxed;
use super::wave::Wave;
use super::work::Work;
use crate::carried::Answer;
use crate::parts::batch::Bounds;

/// How many items of one caller are on their way at once, as a multiple of those that can be in batches.
const AHEAD: usize = 4;

fn ahead(bounds: Bounds) -> usize {
    bounds
        .size
        .saturating_mul(bounds.concurrency)
        .saturating_mul(AHEAD)
        .max(1)
}

/// One item.
enum Call<F, A> {
    Runs(F),
    Ended(Option<A>),
}

/// Those that are on their way, in the order of their items.
type Calls<F> = VecDeque<Call<F, <F as Future>::Output>>;

impl<A, F: Future<Output = A> + Unpin> Call<F, A> {
    fn poll(&mut self, cx: &mut Context<'_>) {
        if let Self::Runs(future) = self
            && let Poll::Ready(answer) = Pin::new(future).poll(cx)
        {
            *self = Self::Ended(Some(answer));
        }
    }
}

/// Takes the answers out that are at the front. Whether there were any.
fn answered<F, A>(calls: &mut VecDeque<Call<F, A>>, answers: &mut Vec<A>) -> bool {
    let before = answers.len();
    while let Some(Call::Ended(answer)) = calls.front_mut() {
        answers.extend(answer.take());
        calls.pop_front();
    }
    answers.len() > before
}

/// The answers to `items`, in their order.
pub(super) async fn many<K, I, A, W>(
    group: Arc<Group<K, I, A>>,
    items: Vec<I>,
    work: W,
) -> Vec<Answer<A>>
where
    K: Clone + Send + Sync + 'static,
    I: Send + 'static,
    A: Send + 'static,
    W: Work<K, I, A>,
{
    let bounds = group.common.bounds;
    let most = ahead(bounds).min(group.common.max_queue.max(1));
    let wave = bounds.size.min(most);
    let mut answers = Vec::with_capacity(items.len());
    let mut items = items.into_iter();
    let mut calls: Calls<Ask<K, I, A, W>> = VecDeque::new();
    poll_fn(move |cx| {
        loop {
            // Whole batches, so that no item is left over between two waves.
            let room = (most - calls.len()) / wave * wave;
            if room > 0 && items.len() > 0 {
                let came = Ask::enter_all(&group, items.by_ref().take(room), &work, cx);
                calls.extend(came.map(|came| match came {
                    Ok(ask) => Call::Runs(ask),
                    Err(rejected) => Call::Ended(Some(Answer::Rejected(rejected))),
                }));
            }
            // One of those in line leads, if nobody does. Those in front of it may be in a batch.
            for call in &mut calls {
                if !group.lock().is_unled(bounds) {
                    break;
                }
                call.poll(cx);
            }
            // The line is in the order of arrival: the others have theirs later.
            if let Some(front) = calls.front_mut() {
                front.poll(cx);
            }
            if !answered(&mut calls, &mut answers) {
                return if calls.is_empty() {
                    Poll::Ready(std::mem::take(&mut answers))
                } else {
                    Poll::Pending
                };
            }
        }
    })
    .await
}

/// The answers of calls, in their order: all are polled, and no more than so many at once.
pub(super) async fn all<A>(calls: impl Iterator<Item = Boxed<A>>, bounds: Bounds) -> Vec<A> {
    let most = ahead(bounds);
    let mut coming = calls.fuse();
    let mut answers = Vec::with_capacity(coming.size_hint().0);
    let mut calls: Calls<Boxed<A>> = VecDeque::new();
    poll_fn(move |cx| {
        loop {
            for call in &mut calls {
                call.poll(cx);
            }
            let mut has_ended = answered(&mut calls, &mut answers);
            let wave = Wave::begin(cx.waker());
            while calls.len() < most
                && let Some(call) = coming.next()
            {
                let mut call = Call::Runs(call);
                call.poll(cx);
                calls.push_back(call);
            }
            let wave = wave.close();
            for call in &mut calls {
                if !wave.is_unled() {
                    break;
                }
                call.poll(cx);
            }
            has_ended |= answered(&mut calls, &mut answers);
            if !has_ended {
                return if calls.is_empty() {
                    Poll::Ready(std::mem::take(&mut answers))
                } else {
                    Poll::Pending
                };
            }
        }
    })
    .await
}
