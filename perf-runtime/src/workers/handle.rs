//! What there is to ask of workers.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::Core;
use super::books::{Count, ENDS};
use crate::rejected::Rejected;
use crate::rt;

/// The threads behind a function with `#[offloaded]`, given by `<function>_workers()`.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use perfkit::offloaded;
///
/// #[offloaded(threads = 2)]
/// fn checksum(bytes: Vec<u8>) -> u64 {
///     bytes.iter().map(|byte| u64::from(*byte)).sum()
/// }
///
/// assert_eq!(checksum(vec![1, 2, 3]).await, 6);
/// assert_eq!(checksum_workers().stats().ok, 1);
/// # });
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy)]
pub struct Workers {
    core: &'static Core,
}

/// What workers have done since the last [`reset`](crate::reset), and do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkersStats {
    /// Calls that have ended, one way or the other.
    pub calls: u64,
    /// Of these, those with an answer that is no error.
    pub ok: u64,
    /// Calls that wait now.
    pub queued: usize,
    /// Threads there are now, those with nothing to do included.
    pub threads: usize,
    /// Bodies that run now.
    pub busy: u64,
}

impl Workers {
    pub(crate) const fn of(core: &'static Core) -> Self {
        Self { core }
    }

    /// The name in the report.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.core.op
    }

    /// What they have done, and do.
    #[must_use]
    pub fn stats(&self) -> WorkersStats {
        let books = &self.core.books;
        let (queued, threads) = {
            let line = self.core.lock();
            (line.jobs.len(), line.threads)
        };
        WorkersStats {
            calls: ENDS.iter().map(|(_, end)| books.since_reset(*end)).sum(),
            ok: books.since_reset(Count::Ok),
            queued,
            threads,
            busy: books.busy(),
        }
    }

    /// Takes no calls any more: they are rejected with [`Reason::ShutDown`](crate::Reason::ShutDown). Who is there already
    /// is answered, if that is done before the deadline, counted from now; who still waits then is rejected, too, and a
    /// body that runs goes on without being waited for. Gives how many calls were without an answer then.
    pub async fn shutdown(&self, deadline: Duration) -> usize {
        let until = rt::now().checked_add(deadline);
        self.close(async move {
            match until {
                Some(until) => rt::sleep_until(until).await,
                None => pending().await,
            }
        })
        .await
    }

    /// The same with a deadline that is there when this is ready.
    pub(super) async fn close(&self, deadline: impl Future<Output = ()>) -> usize {
        let core = self.core;
        core.lock().is_closed = true;
        let mut deadline = pin!(deadline);
        poll_fn(|cx| {
            let waker = cx.waker().clone();
            let is_over = {
                let mut line = core.lock();
                let is_over = line.jobs.is_empty() && core.books.busy() == 0;
                if !is_over {
                    line.watchers.push(waker);
                }
                is_over
            };
            if is_over {
                return Poll::Ready(());
            }
            deadline.as_mut().poll(cx)
        })
        .await;
        let waiting = std::mem::take(&mut core.lock().jobs);
        let running = usize::try_from(core.books.busy()).unwrap_or(usize::MAX);
        running.saturating_add(core.refuse(waiting, Rejected::shut_down(core.op)))
    }
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workers")
            .field("name", &self.core.op)
            .finish_non_exhaustive()
    }
}
