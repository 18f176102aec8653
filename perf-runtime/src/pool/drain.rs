//! Filling a pool before it is needed, and emptying it in good order.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::panic::Location;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::Pool;
use super::told::duration;
use crate::clock;
use crate::rejected::{Reason, Rejected};
use crate::rt;

/// Somebody who has not given back a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Straggler {
    /// Where it was acquired.
    pub at: &'static Location<'static>,
    /// For how long it has been held.
    pub held_for: Duration,
}

/// Those whom a [`drain`](Pool::drain) has not waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stragglers {
    op: &'static str,
    all: Vec<Straggler>,
    unfinished: usize,
}

impl Stragglers {
    /// Who still has a resource.
    #[must_use]
    pub fn holders(&self) -> &[Straggler] {
        &self.all
    }

    /// How many resources are still being made or checked.
    #[must_use]
    pub const fn unfinished(&self) -> usize {
        self.unfinished
    }
}

impl fmt::Display for Stragglers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` still has {} resources in use and {} being made or checked",
            self.op,
            self.all.len(),
            self.unfinished
        )?;
        for Straggler { at, held_for } in &self.all {
            write!(f, "; one for {held_for:.1?} since {at}")?;
        }
        Ok(())
    }
}

impl Error for Stragglers {}

impl<T: Send + 'static> Pool<T> {
    /// Makes the lowest number of resources that are to be kept, and waits for them: at the start of a program, to find out
    /// whether that works.
    ///
    /// Cancel safe; what is being made goes on.
    ///
    /// # Errors
    /// [`Reason::PoolFailed`] when one of them could not be made; [`Reason::PoolClosed`] after a [`drain`](Self::drain).
    pub async fn warm(&self) -> Result<(), Rejected> {
        let core = &**self.handle();
        let before = core.lock().books.create_failures;
        core.keep();
        poll_fn(|cx| {
            let waker = cx.waker().clone();
            let mut state = core.lock();
            let levels = state.levels();
            if !state.is_open() {
                let text = "is closed".to_owned();
                return Poll::Ready(Err(Rejected::pool(core.op, Reason::PoolClosed, text)));
            }
            if state.books.create_failures > before {
                let cause = state.making.last().cloned();
                drop(state);
                let cause = cause.as_deref().unwrap_or("no cause is known");
                let text = format!("could not be filled: making one failed with: {cause}");
                return Poll::Ready(Err(Rejected::pool(core.op, Reason::PoolFailed, text)));
            }
            if levels.size >= levels.min {
                return Poll::Ready(Ok(()));
            }
            state.watch(waker);
            drop(state);
            core.make();
            Poll::Pending
        })
        .await
    }

    /// Closes the pool: whoever waits or comes is told so, what is idle goes at once, and the rest is waited for.
    ///
    /// Cancel safe; the pool stays closed. By the time of the runtime.
    ///
    /// # Errors
    /// Who still has a resource when the time is up.
    pub async fn drain(&self, within: Duration) -> Result<(), Stragglers> {
        let core = &**self.handle();
        let mut late = pin!(rt::now().checked_add(within).map(rt::sleep_until));
        let after = core.lock().shut();
        core.finish(after);
        poll_fn(|cx| {
            let waker = cx.waker().clone();
            let mut state = core.lock();
            if state.is_at_rest() {
                return Poll::Ready(Ok(()));
            }
            state.watch(waker);
            drop(state);
            match late.as_mut().as_pin_mut() {
                Some(late) => late.poll(cx).map(|()| Err(self.stragglers())),
                None => Poll::Pending,
            }
        })
        .await
    }

    fn stragglers(&self) -> Stragglers {
        let core = &**self.handle();
        let now = clock::ticks();
        let state = core.lock();
        let levels = state.levels();
        let all = state.holders().map(|holder| Straggler {
            at: holder.at,
            held_for: duration(now.saturating_sub(holder.since)),
        });
        Stragglers {
            op: core.op,
            all: all.collect(),
            unfinished: levels.creating + levels.checking,
        }
    }
}
