//! Waiting until a batcher has answered, and shutting it down.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::books::Item;
use super::group::{Group, Groups};
use crate::parts::batch::{Given, Loss};
use crate::rt::{self, wake_all};

/// What can be done to a batcher whatever its items are.
pub(crate) trait Drain: Send + Sync {
    /// Sends all who wait now, and is ready when they have their answers.
    fn flush(&self) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Takes no calls any more, and gives those who are there so long. Gives how many of them have no answer by then.
    fn shutdown(&self, deadline: Duration) -> Pin<Box<dyn Future<Output = usize> + Send>>;

    /// Items that wait now.
    fn queued(&self) -> usize;
}

impl<K, I, A> Drain for Groups<K, I, A>
where
    K: std::hash::Hash + Eq + Clone + Send + Sync + 'static,
    I: Send + 'static,
    A: Send + 'static,
{
    fn flush(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let flushed = flush(self.all());
        Box::pin(past(flushed))
    }

    fn shutdown(&self, deadline: Duration) -> Pin<Box<dyn Future<Output = usize> + Send>> {
        self.common.close();
        let groups = self.all();
        let flushed = flush(groups.clone());
        Box::pin(async move {
            let until = rt::now().checked_add(deadline);
            let mut past = pin!(past(flushed));
            let mut sleep = pin!(until.map(rt::sleep_until));
            poll_fn(|cx| {
                if past.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
                match sleep.as_mut().as_pin_mut() {
                    Some(sleep) => sleep.poll(cx),
                    None => Poll::Pending,
                }
            })
            .await;
            groups.iter().map(|group| refuse(group)).sum()
        })
    }

    fn queued(&self) -> usize {
        self.all().iter().map(|group| group.lock().queued()).sum()
    }
}

/// Of a function, whose batcher is there for good.
impl<D: Drain + ?Sized> Drain for &'static D {
    fn flush(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        (**self).flush()
    }

    fn shutdown(&self, deadline: Duration) -> Pin<Box<dyn Future<Output = usize> + Send>> {
        (**self).shutdown(deadline)
    }

    fn queued(&self) -> usize {
        (**self).queued()
    }
}

/// A group, and the number up to which all have to be answered.
type Flushed<K, I, A> = (Arc<Group<K, I, A>>, u64);

fn flush<K, I, A>(groups: Vec<Arc<Group<K, I, A>>>) -> Vec<Flushed<K, I, A>> {
    let flush = |group: Arc<Group<K, I, A>>| {
        let (until, leader) = group.lock().flush();
        wake_all(leader);
        (group, until)
    };
    groups.into_iter().map(flush).collect()
}

async fn past<K, I, A>(flushed: Vec<Flushed<K, I, A>>) {
    for (group, until) in flushed {
        poll_fn(|cx| {
            let mut waker = Some(cx.waker().clone());
            let is_past = group.lock().is_past(until, &mut waker);
            drop(waker);
            if is_past {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

/// Answers who still waits.
fn refuse<K, I, A>(group: &Group<K, I, A>) -> usize {
    let mut given = Given::new();
    let (unanswered, items) = {
        let mut line = group.lock();
        let unanswered = line.unanswered();
        (unanswered, line.refuse(&Loss::ShutDown, &mut given))
    };
    for _ in &items {
        group.common.books.count(Item::Left);
        group.common.books.count(Item::Rejected);
    }
    wake_all(given.wakers);
    unanswered
}
