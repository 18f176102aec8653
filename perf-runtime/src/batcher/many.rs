//! Many items of one caller.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use super::ask::Ask;
use super::group::Group;
use super::work::Work;
use crate::carried::Answer;

/// How many items of one caller are on their way at once, as a multiple of those that can be in batches.
const AHEAD: usize = 4;

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
    let most = ahead(bounds.size, bounds.concurrency).min(group.common.max_queue.max(1));
    let mut answers = Vec::with_capacity(items.len());
    let mut items = items.into_iter();
    let mut asked: VecDeque<Result<Ask<K, I, A, W>, _>> = VecDeque::new();
    loop {
        // All are in line before the first of them is looked after, so that they are in one batch.
        poll_fn(|cx| {
            while asked.len() < most
                && let Some(item) = items.next()
            {
                let mut ask = Ask::new(Arc::clone(&group), item, work.clone());
                asked.push_back(match ask.prepare(cx) {
                    Some(rejected) => Err(rejected),
                    None => Ok(ask),
                });
            }
            Poll::Ready(())
        })
        .await;
        match asked.pop_front() {
            None => return answers,
            Some(Err(rejected)) => answers.push(Answer::Rejected(rejected)),
            // The line is in the order of arrival: the others have theirs later.
            Some(Ok(ask)) => answers.push(ask.await),
        }
    }
}

fn ahead(size: usize, concurrency: usize) -> usize {
    size.saturating_mul(concurrency)
        .saturating_mul(AHEAD)
        .max(1)
}

/// The answers of calls, in their order: all are polled, and no more than so many at once.
pub(super) async fn all<A>(
    calls: impl Iterator<Item = Pin<Box<dyn Future<Output = A> + Send>>>,
    size: usize,
    concurrency: usize,
) -> Vec<A> {
    enum Call<A> {
        Runs(Pin<Box<dyn Future<Output = A> + Send>>),
        Ended(Option<A>),
    }
    let most = ahead(size, concurrency);
    let mut calls = calls.fuse();
    let mut answers = Vec::with_capacity(calls.size_hint().0);
    let mut running: VecDeque<Call<A>> = VecDeque::new();
    poll_fn(move |cx| {
        loop {
            while running.len() < most
                && let Some(call) = calls.next()
            {
                running.push_back(Call::Runs(call));
            }
            for call in &mut running {
                if let Call::Runs(future) = call
                    && let Poll::Ready(answer) = future.as_mut().poll(cx)
                {
                    *call = Call::Ended(Some(answer));
                }
            }
            let before = answers.len();
            while let Some(Call::Ended(answer)) = running.front_mut() {
                answers.extend(answer.take());
                running.pop_front();
            }
            if running.is_empty() && answers.len() == before {
                return Poll::Ready(std::mem::take(&mut answers));
            }
            if answers.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await
}
