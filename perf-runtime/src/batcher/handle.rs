//! What there is to ask of a batcher.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::books::{Books, ENDS, Item, TRIGGERS};
use super::builder::BatcherBuilder;
use super::drain::Drain;
use crate::rt;

pub(super) type Boxed<A> = Pin<Box<dyn Future<Output = A> + Send>>;

/// How a batcher is called.
pub(crate) trait Calls<I, A, K>: Send + Sync {
    fn one(&self, key: K, item: I) -> Boxed<A>;
    fn many(&self, key: K, items: Vec<I>) -> Boxed<Vec<A>>;
}

/// Answers many callers, who ask for one thing each, with one run of a body.
///
/// That of a function with `#[batched]` is given by `<function>_batcher()`; one without a function is
/// [made by hand](Batcher::builder). It is a handle: clones are the same batcher.
///
/// `I` is what callers hand in, `A` what they get, and `K` what keeps their items apart: the other arguments of a function,
/// `()` if there are none.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use perfkit::Batcher;
///
/// let squares = Batcher::builder("handle: squares").build(|numbers: Vec<u64>| async move {
///     numbers.into_iter().map(|n| n * n).collect::<Vec<_>>()
/// });
/// assert_eq!(squares.call(7).await, Ok(49));
/// assert_eq!(squares.many([1, 2, 3]).await, [Ok(1), Ok(4), Ok(9)]);
/// assert_eq!(squares.stats().batches, 2);
/// # });
/// # std::io::Result::Ok(())
/// ```
pub struct Batcher<I, A, K = ()> {
    pub(super) calls: Arc<dyn Calls<I, A, K>>,
    pub(super) drain: Arc<dyn Drain>,
    pub(super) op: &'static str,
    pub(super) books: &'static Books,
}

/// What a batcher has done since the last [`reset`](crate::reset).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatcherStats {
    /// Items that have ended, one way or the other.
    pub items: u64,
    /// Of these, those with an answer that is no error.
    pub ok: u64,
    /// Items that wait now.
    pub queued: u64,
    /// Batches that were begun.
    pub batches: u64,
    /// Items in those batches.
    pub batched: u64,
    /// Items that had the answer of another one of their batch.
    pub deduped: u64,
}

impl BatcherStats {
    /// Items of a batch, on average; nothing before the first.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an average")]
    pub fn mean_size(&self) -> Option<f64> {
        (self.batches > 0).then(|| self.batched as f64 / self.batches as f64)
    }
}

impl Batcher<(), ()> {
    /// A batcher without a function; `name` is that of its row in the report.
    pub fn builder(name: impl Into<String>) -> BatcherBuilder {
        BatcherBuilder::new(name.into())
    }
}

impl<I, A> Batcher<I, A> {
    /// One item, in a batch with those of others.
    ///
    /// The future can be dropped at any time. Before its batch begins, the item is left out of it.
    ///
    /// # Panics
    /// When the batch panics and this is the first of its callers.
    pub async fn call(&self, item: I) -> A {
        self.call_in((), item).await
    }

    /// The same on a thread that may block: not inside of `async` code.
    ///
    /// # Panics
    /// As [`call`](Self::call).
    #[must_use]
    pub fn call_blocking(&self, item: I) -> A {
        rt::park::block_on(self.call(item))
    }

    /// Many items, in batches with those of others; their answers, in the same order. It keeps enough of them on the way for
    /// four times the batches that may run, and never all of a long list. What is on the way at once comes into the line
    /// together, and a batch is not sent with a part of it because it is idle.
    ///
    /// Of an annotated function this is a call for each item, with all that stands around it. Calls of a function that is not
    /// `async` come one after the other: where nothing but `#[batched]` stands around it, they are in batches all the same,
    /// run by the thread that asks, and where something does, each is a batch of its own.
    ///
    /// # Panics
    /// As [`call`](Self::call).
    pub async fn many(&self, items: impl IntoIterator<Item = I>) -> Vec<A> {
        self.many_in((), items).await
    }

    /// The same on a thread that may block: not inside of `async` code.
    ///
    /// # Panics
    /// As [`call`](Self::call).
    #[must_use]
    pub fn many_blocking(&self, items: impl IntoIterator<Item = I>) -> Vec<A> {
        rt::park::block_on(self.many(items))
    }
}

impl<I, A, K> Batcher<I, A, K> {
    /// One item, in a batch with those of others with the same key; see [`call`](Batcher::call).
    ///
    /// # Panics
    /// As [`call`](Batcher::call).
    pub async fn call_in(&self, key: K, item: I) -> A {
        self.calls.one(key, item).await
    }

    /// Many items; see [`many`](Batcher::many).
    ///
    /// # Panics
    /// As [`call`](Batcher::call).
    pub async fn many_in(&self, key: K, items: impl IntoIterator<Item = I>) -> Vec<A> {
        self.calls.many(key, items.into_iter().collect()).await
    }

    /// Sends all who wait now without letting others arrive, and waits until they are answered.
    pub async fn flush(&self) {
        self.drain.flush().await;
    }

    /// Takes no calls any more: they are rejected with [`Reason::ShutDown`](crate::Reason::ShutDown). Who is there already
    /// is answered, if that is done before the deadline, counted from now; who still waits then is rejected, too, and a
    /// batch that runs goes on without being waited for. Gives how many items were without an answer then.
    pub async fn shutdown(&self, deadline: Duration) -> usize {
        self.drain.shutdown(deadline).await
    }

    /// Items that wait now.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.drain.queued()
    }

    /// The name in the report.
    #[must_use]
    pub fn name(&self) -> &str {
        self.op
    }

    /// What all batchers of its name have done.
    #[must_use]
    pub fn stats(&self) -> BatcherStats {
        let books = self.books;
        BatcherStats {
            items: ENDS.iter().map(|(_, end)| books.since_reset(*end)).sum(),
            ok: books.since_reset(Item::Ok),
            queued: books.queued(),
            batches: TRIGGERS
                .iter()
                .map(|(_, trigger)| books.triggered(*trigger))
                .sum(),
            batched: books.since_reset(Item::Taken),
            deduped: books.since_reset(Item::Deduped),
        }
    }
}

impl<I, A, K> Clone for Batcher<I, A, K> {
    fn clone(&self) -> Self {
        Self {
            calls: Arc::clone(&self.calls),
            drain: Arc::clone(&self.drain),
            op: self.op,
            books: self.books,
        }
    }
}

impl<I, A, K> std::fmt::Debug for Batcher<I, A, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batcher")
            .field("name", &self.op)
            .finish_non_exhaustive()
    }
}
