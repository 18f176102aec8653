//! Batchers without a function whose bodies are given each item once.

use std::future::Future;
use std::hash::Hash;

use super::answers::Answers;
use super::builder::{BatcherBuilder, of_tasks, of_threads};
use super::handle::Batcher;
use super::work::Deduped;
use crate::rejected::Rejected;

/// How a batcher is made by hand that hands equal items on as one; see [`BatcherBuilder::dedupe`].
///
/// Its items can be compared and copied, and their answers copied.
#[derive(Debug, Clone)]
#[must_use = "`build` makes the batcher"]
pub struct DedupedBuilder(BatcherBuilder);

impl DedupedBuilder {
    pub(super) const fn new(builder: BatcherBuilder) -> Self {
        Self(builder)
    }

    /// As [`BatcherBuilder::build`].
    pub fn build<I, R, F, Fut>(self, body: F) -> Batcher<I, Result<R::One, Rejected>>
    where
        I: Hash + Eq + Clone + Send + 'static,
        R: Answers<I, Given = R, One: Clone> + 'static,
        R::Error: Clone,
        F: Fn(Vec<I>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
    {
        self.build_keyed(move |(): (), items| body(items))
    }

    /// As [`BatcherBuilder::build_blocking`].
    pub fn build_blocking<I, R, F>(self, body: F) -> Batcher<I, Result<R::One, Rejected>>
    where
        I: Hash + Eq + Clone + Send + 'static,
        R: Answers<I, Given = R, One: Clone> + 'static,
        R::Error: Clone,
        F: Fn(Vec<I>) -> R + Send + Sync + 'static,
    {
        self.0.made(Deduped(of_threads(body)))
    }

    /// As [`BatcherBuilder::build_keyed`].
    pub fn build_keyed<K, I, R, F, Fut>(self, body: F) -> Batcher<I, Result<R::One, Rejected>, K>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        I: Hash + Eq + Clone + Send + 'static,
        R: Answers<I, Given = R, One: Clone> + 'static,
        R::Error: Clone,
        F: Fn(K, Vec<I>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
    {
        self.0.made(Deduped(of_tasks(body)))
    }
}
