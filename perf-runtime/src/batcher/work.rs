//! The body of a batch: how it is called, and what of its answers the books have to know.
//!
//! Each call brings the body along, which is why a method can be batched: whoever leads a batch runs it with the body, and
//! the `self`, of its own call. All calls of a group have the same.

use std::any::type_name;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::Future;
use std::hash::Hash;
use std::marker::PhantomData;

use super::answers::{Answered, Answers, Asked, Shared};
use crate::kept::Share;
use crate::parts::batch::Outcome;

/// The items of a batch, and later their answers.
pub struct Batch<A> {
    pub(super) outcomes: Vec<Outcome<A>>,
    /// Items that have the answer of another one.
    pub(super) deduped: usize,
    pub(super) op: &'static str,
}

/// Who runs a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A task, or a thread of ours where there is no runtime.
    Task,
    /// The thread of a caller.
    Caller,
}

/// See the module.
pub trait Work<K, I, A>: Clone + Send + 'static {
    /// Who runs it.
    const BY: By;

    /// The name of the user's part of it.
    fn name() -> &'static str;

    /// Runs it.
    fn run(self, key: K, items: Vec<I>, batch: Batch<A>) -> impl Future<Output = Batch<A>> + Send;

    /// Whether an answer is an error.
    fn is_error(&self, answer: &A) -> bool;
}

/// What is known of the answers of a body.
pub struct Way<R, I>
where
    R: Answers<I>,
{
    share: Option<Share<Result<(), R::Error>>>,
    is_error: fn(&R::One) -> bool,
    items: PhantomData<fn(I)>,
}

impl<R: Answers<I>, I> Way<R, I> {
    /// How an error that all share is given to each, and whether an answer is one.
    #[must_use]
    pub fn new(share: Option<Share<Result<(), R::Error>>>, is_error: fn(&R::One) -> bool) -> Self {
        Self {
            share,
            is_error,
            items: PhantomData,
        }
    }

    fn divide(
        &self,
        given: R::Given,
        asked: (usize, R::Kept),
        mut batch: Batch<R::One>,
    ) -> Batch<R::One> {
        let shared = Shared {
            way: self.share,
            op: batch.op,
        };
        let (items, kept) = asked;
        let asked = Asked {
            items,
            kept,
            shared: &shared,
        };
        R::divide(given, asked, Answered(&mut batch.outcomes));
        batch
    }
}

impl<R: Answers<I>, I> Clone for Way<R, I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: Answers<I>, I> Copy for Way<R, I> {}

/// An `async` body.
pub struct Tasked<F, R: Answers<I>, I> {
    run: F,
    way: Way<R, I>,
}

/// A body that blocks.
pub struct Blocking<F, R: Answers<I>, I> {
    run: F,
    way: Way<R, I>,
}

/// The body of an `async fn`.
pub fn tasked<K, I, R, F, Fut>(run: F, way: Way<R, I>) -> Tasked<F, R, I>
where
    R: Answers<I>,
    F: FnOnce(K, Vec<I>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = R::Given> + Send + 'static,
{
    Tasked { run, way }
}

/// The body of a function that is not `async`.
pub fn blocking<K, I, R, F>(run: F, way: Way<R, I>) -> Blocking<F, R, I>
where
    R: Answers<I>,
    F: FnOnce(K, Vec<I>) -> R::Given + Clone + Send + 'static,
{
    Blocking { run, way }
}

impl<F: Clone, R: Answers<I>, I> Clone for Tasked<F, R, I> {
    fn clone(&self) -> Self {
        Self {
            run: self.run.clone(),
            way: self.way,
        }
    }
}

impl<F: Clone, R: Answers<I>, I> Clone for Blocking<F, R, I> {
    fn clone(&self) -> Self {
        Self {
            run: self.run.clone(),
            way: self.way,
        }
    }
}

impl<K, I, R, F, Fut> Work<K, I, R::One> for Tasked<F, R, I>
where
    K: Send,
    I: Send + 'static,
    R: Answers<I> + 'static,
    F: FnOnce(K, Vec<I>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = R::Given> + Send,
{
    const BY: By = By::Task;

    fn name() -> &'static str {
        type_name::<F>()
    }

    async fn run(self, key: K, items: Vec<I>, batch: Batch<R::One>) -> Batch<R::One> {
        let asked = (items.len(), R::keep(&items));
        let given = (self.run)(key, items).await;
        self.way.divide(given, asked, batch)
    }

    fn is_error(&self, answer: &R::One) -> bool {
        (self.way.is_error)(answer)
    }
}

impl<K, I, R, F> Work<K, I, R::One> for Blocking<F, R, I>
where
    K: Send,
    I: Send + 'static,
    R: Answers<I> + 'static,
    F: FnOnce(K, Vec<I>) -> R::Given + Clone + Send + 'static,
{
    const BY: By = By::Caller;

    fn name() -> &'static str {
        type_name::<F>()
    }

    async fn run(self, key: K, items: Vec<I>, batch: Batch<R::One>) -> Batch<R::One> {
        let asked = (items.len(), R::keep(&items));
        let given = (self.run)(key, items);
        self.way.divide(given, asked, batch)
    }

    fn is_error(&self, answer: &R::One) -> bool {
        (self.way.is_error)(answer)
    }
}

/// A body that is given each item once, however many callers ask for it.
#[derive(Clone, Copy)]
pub struct Deduped<W>(pub W);

impl<K, I, A, W> Work<K, I, A> for Deduped<W>
where
    K: Send,
    I: Hash + Eq + Clone + Send + 'static,
    A: Clone + Send + 'static,
    W: Work<K, I, A>,
{
    const BY: By = W::BY;

    fn name() -> &'static str {
        W::name()
    }

    async fn run(self, key: K, items: Vec<I>, mut batch: Batch<A>) -> Batch<A> {
        let asked = items.len();
        let (items, whose) = unique(items);
        batch.deduped = asked - items.len();
        let mut batch = self.0.run(key, items, batch).await;
        if batch.deduped > 0 {
            batch.outcomes = spread(&whose, &batch.outcomes);
        }
        batch
    }

    fn is_error(&self, answer: &A) -> bool {
        self.0.is_error(answer)
    }
}

/// The items without repetition, and for each that was there the place of the one that stands for it.
fn unique<I: Hash + Eq + Clone>(items: Vec<I>) -> (Vec<I>, Vec<usize>) {
    let mut known: HashMap<I, usize> = HashMap::with_capacity(items.len());
    let mut all = Vec::with_capacity(items.len());
    let mut whose = Vec::with_capacity(items.len());
    for item in items {
        let next = all.len();
        whose.push(match known.entry(item) {
            Entry::Occupied(one) => *one.get(),
            Entry::Vacant(new) => {
                all.push(new.key().clone());
                *new.insert(next)
            }
        });
    }
    (all, whose)
}

/// The outcome of each item, of those that stand for them.
fn spread<A: Clone>(whose: &[usize], outcomes: &[Outcome<A>]) -> Vec<Outcome<A>> {
    let copy = |outcome: &Outcome<A>| match outcome {
        Outcome::Answered(answer) => Some(Outcome::Answered(answer.clone())),
        Outcome::Lost(loss) => Some(Outcome::Lost(loss.clone())),
        // A body that panicked has given nothing at all.
        Outcome::Panicked(_) => None,
    };
    whose
        .iter()
        .filter_map(|&one| outcomes.get(one).and_then(copy))
        .collect()
}
