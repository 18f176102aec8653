//! Batchers without a function.

use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use super::answers::Answers;
use super::ask::Ask;
use super::by_hand::Row;
use super::deduped::DedupedBuilder;
use super::group::{Common, Groups};
use super::handle::{Batcher, Boxed, Calls};
use super::many::many;
use super::settings::{Full, Settings};
use super::work::{Way, Work, blocking, tasked};
use crate::carried::Answer;
use crate::kept::Share;
use crate::rejected::Rejected;

/// How a batcher is made by hand; see [`Batcher::builder`].
///
/// ```
/// use std::time::Duration;
///
/// use perfkit::Batcher;
///
/// // Threads that write lines: the first of them writes those of all.
/// let log = Batcher::builder("builder: log")
///     .max_size(500)
///     .linger(Duration::from_millis(2))
///     .build_blocking(|lines: Vec<String>| -> Result<(), String> {
///         // … one write, one sync …
///         # drop(lines);
///         Ok(())
///     });
/// assert_eq!(log.call_blocking("started".to_owned()), Ok(Ok(())));
/// ```
#[derive(Debug, Clone)]
#[must_use = "`build` makes the batcher"]
pub struct BatcherBuilder {
    name: String,
    settings: Settings,
}

impl BatcherBuilder {
    pub(super) const fn new(name: String) -> Self {
        Self {
            name,
            settings: Settings::new(),
        }
    }

    /// Items of a batch at most; 100, and not less than 1.
    pub const fn max_size(mut self, items: u64) -> Self {
        self.settings.max_size = items;
        self
    }

    /// How long the first item of a batch waits for others. Without, a batcher with nothing to do sends at once, and after a
    /// batch it waits for as long as is worth it: a sixteenth of what batches take.
    pub const fn linger(mut self, time: Duration) -> Self {
        self.settings.linger = Some(time);
        self
    }

    /// Batches of one key that run at once; 1, and not less.
    pub const fn concurrency(mut self, batches: u64) -> Self {
        self.settings.concurrency = batches;
        self
    }

    /// Items of one key that may wait, and what becomes of a call when so many do; 10,000, and it waits, too.
    pub const fn max_queue(mut self, items: u64, full: Full) -> Self {
        self.settings.max_queue = items;
        self.settings.full = full;
        self
    }

    /// Equal items of one batch are one for the body, and have the same answer. Without, each is its own.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    ///
    /// use perfkit::Batcher;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// static ASKED: AtomicUsize = AtomicUsize::new(0);
    ///
    /// let lengths = Batcher::builder("builder: deduped")
    ///     .dedupe()
    ///     .build(|words: Vec<&'static str>| async move {
    ///         ASKED.fetch_add(words.len(), Relaxed);
    ///         words.into_iter().map(str::len).collect::<Vec<_>>()
    ///     });
    /// assert_eq!(lengths.many(["one", "three", "one"]).await, [Ok(3), Ok(5), Ok(3)]);
    /// assert_eq!(ASKED.load(Relaxed), 2);
    /// # });
    /// # std::io::Result::Ok(())
    /// ```
    pub const fn dedupe(self) -> DedupedBuilder {
        DedupedBuilder::new(self)
    }

    /// Of a body that is `async`; it runs as a task, on the runtime of one of its callers, or on a thread of ours where they
    /// have none.
    pub fn build<I, R, F, Fut>(self, body: F) -> Batcher<I, Result<R::One, Rejected>>
    where
        I: Send + 'static,
        R: Answers<I, Given = R> + 'static,
        R::Error: Clone,
        F: Fn(Vec<I>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
    {
        self.build_keyed(move |(): (), items| body(items))
    }

    /// Of a body that blocks; it runs on the thread of one of its callers.
    pub fn build_blocking<I, R, F>(self, body: F) -> Batcher<I, Result<R::One, Rejected>>
    where
        I: Send + 'static,
        R: Answers<I, Given = R> + 'static,
        R::Error: Clone,
        F: Fn(Vec<I>) -> R + Send + Sync + 'static,
    {
        self.made(of_threads(body))
    }

    /// As [`build`](Self::build), with a batch for each key.
    pub fn build_keyed<K, I, R, F, Fut>(self, body: F) -> Batcher<I, Result<R::One, Rejected>, K>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        I: Send + 'static,
        R: Answers<I, Given = R> + 'static,
        R::Error: Clone,
        F: Fn(K, Vec<I>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
    {
        self.made(of_tasks(body))
    }

    pub(super) fn made<K, I, A, W>(self, work: W) -> Batcher<I, Result<A, Rejected>, K>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        I: Send + 'static,
        A: Send + 'static,
        W: Work<K, I, A> + Sync,
    {
        let row = Row::of(&self.name);
        let common = Common::new(row.op, self.settings, row.books);
        let groups = Arc::new(Groups::new(Arc::new(common)));
        Batcher {
            calls: Arc::new(Own {
                groups: Arc::clone(&groups),
                work,
            }),
            drain: groups,
            op: row.op,
            books: row.books,
        }
    }
}

/// The work of a body that is `async`.
pub(super) fn of_tasks<K, I, R, F, Fut>(body: F) -> impl Work<K, I, R::One> + Sync
where
    K: Send + 'static,
    I: Send + 'static,
    R: Answers<I, Given = R> + 'static,
    R::Error: Clone,
    F: Fn(K, Vec<I>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = R> + Send + 'static,
{
    let body = Arc::new(body);
    let run = move |key, items| body(key, items);
    tasked::<K, I, R, _, _>(run, Way::new(Some(Share::cloned()), |_| false))
}

/// The work of a body that blocks.
pub(super) fn of_threads<I, R, F>(body: F) -> impl Work<(), I, R::One> + Sync
where
    I: Send + 'static,
    R: Answers<I, Given = R> + 'static,
    R::Error: Clone,
    F: Fn(Vec<I>) -> R + Send + Sync + 'static,
{
    let body = Arc::new(body);
    let run = move |(): (), items| body(items);
    blocking::<(), I, R, _>(run, Way::new(Some(Share::cloned()), |_| false))
}

/// The batcher calls itself.
struct Own<K, I, A, W> {
    groups: Arc<Groups<K, I, A>>,
    work: W,
}

impl<K, I, A, W> Calls<I, Result<A, Rejected>, K> for Own<K, I, A, W>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    I: Send + 'static,
    A: Send + 'static,
    W: Work<K, I, A> + Sync,
{
    fn one(&self, key: K, item: I) -> Boxed<Result<A, Rejected>> {
        let ask = Ask::new(self.groups.find(key), item, self.work.clone());
        Box::pin(async move { result(ask.await) })
    }

    fn many(&self, key: K, items: Vec<I>) -> Boxed<Vec<Result<A, Rejected>>> {
        let many = many(self.groups.find(key), items, self.work.clone());
        Box::pin(async move { many.await.into_iter().map(result).collect() })
    }
}

fn result<A>(answer: Answer<A>) -> Result<A, Rejected> {
    match answer {
        Answer::Given(answer) => Ok(answer),
        Answer::Rejected(rejected) | Answer::Panicked(rejected, _) => Err(rejected),
    }
}
