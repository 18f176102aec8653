//! How long a leader lets callers arrive.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

use super::books::Trigger;
use super::group::Group;
use super::work::By;
use crate::clock;
use crate::parts::batch::Ripe;
use crate::parts::batch::linger::Lull;
use crate::rt;

/// Lets callers arrive.
pub(super) async fn form<K, I, A>(group: &Group<K, I, A>, by: By) -> Trigger {
    // Always once: those that have just been answered, or started together, come in one batch.
    yield_now().await;
    let common = &group.common;
    match common.settings.linger {
        None => lull(group).await,
        Some(_) => window(group, by).await,
    }
}

async fn lull<K, I, A>(group: &Group<K, I, A>) -> Trigger {
    let common = &group.common;
    let mut lull = None;
    loop {
        let (ripe, cost, arrivals) = {
            let line = group.lock();
            (line.is_ripe(common.bounds), line.cost(), line.arrivals())
        };
        if let Some(ripe) = ripe {
            return trigger(ripe);
        }
        if cost < common.worth.cost {
            return Trigger::Idle;
        }
        let now = clock::ticks();
        let begun = match &mut lull {
            Some(lull) => lull,
            none => match Lull::of(cost, common.worth, now, arrivals) {
                Some(new) => none.insert(new),
                None => return Trigger::Idle,
            },
        };
        if begun.is_over(now, arrivals) {
            return Trigger::Idle;
        }
        yield_now().await;
    }
}

async fn window<K, I, A>(group: &Group<K, I, A>, by: By) -> Trigger {
    let mut sleep = None;
    loop {
        let (ripe, due) = {
            let line = group.lock();
            (line.is_ripe(group.common.bounds), line.due())
        };
        if let Some(ripe) = ripe {
            return trigger(ripe);
        }
        let Some(due) = due.filter(|due| *due > by.now()) else {
            // One that never ends is longer than the clock goes: it waits until it is full, or flushed.
            if due.is_some() {
                return Trigger::Window;
            }
            woken(group).await;
            continue;
        };
        // Who was first may have gone, and the window of the next one ends later.
        let sleep = match &mut sleep {
            Some((of, sleep)) if *of == due => sleep,
            other => &mut other.insert((due, Box::pin(by.sleep_until(due)))).1,
        };
        let mut woken = pin!(woken(group));
        poll_fn(|cx| {
            if sleep.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            woken.as_mut().poll(cx)
        })
        .await;
    }
}

/// Until the line says that something has changed.
async fn woken<K, I, A>(group: &Group<K, I, A>) {
    let mut is_first = true;
    poll_fn(|cx| {
        if !std::mem::take(&mut is_first) {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        let (old, is_ripe) = {
            let mut line = group.lock();
            let is_ripe = line.is_ripe(group.common.bounds).is_some();
            (line.sleep(waker), is_ripe)
        };
        drop(old);
        if is_ripe {
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
}

fn trigger(ripe: Ripe) -> Trigger {
    match ripe {
        Ripe::Full => Trigger::Full,
        Ripe::Flushed => Trigger::Flush,
        Ripe::Empty => Trigger::Idle,
    }
}

impl By {
    /// The time that windows go by.
    pub(super) fn now(self) -> Instant {
        match self {
            Self::Task => rt::now(),
            Self::Caller => clock::instant(),
        }
    }

    fn sleep_until(self, deadline: Instant) -> rt::Sleep {
        match self {
            Self::Task => rt::sleep_until(deadline),
            // The thread that blocks may be the one that drives the timers of its runtime.
            Self::Caller => rt::sleep_apart(deadline),
        }
    }
}

/// Lets all others have their turn.
fn yield_now() -> impl Future<Output = ()> {
    let mut is_first = true;
    poll_fn(move |cx| {
        if !std::mem::take(&mut is_first) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}
