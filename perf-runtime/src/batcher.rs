//! Batchers: many callers ask for one thing each, and one run of a body answers them all.
//!
//! A call puts its item into the [line](crate::parts::batch) of its [group](group) and waits. Somebody [leads](lead): lets
//! callers arrive for as long as is [worth it](form), takes a batch, runs the [body](work), [divides](answers) what it gives,
//! and does so again while there is somebody in line. A call from [inside](inside) of a batch does not wait for that batch.
//!
//! What is shared by `#[batched]` and by batchers that are made by hand.

use std::any::{Any, TypeId};
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

mod admit;
mod answers;
mod ask;
mod books;
mod builder;
mod by_hand;
mod chunks;
mod deduped;
mod drain;
mod form;
mod group;
mod handle;
mod inside;
mod lead;
mod many;
mod report;
mod riders;
mod settings;
mod sync;
#[cfg(test)]
mod tests;
mod wave;
mod work;

pub use self::answers::{Answers, Flat};
use self::ask::Ask;
use self::books::Books;
pub use self::builder::BatcherBuilder;
pub use self::chunks::batch_operations;
pub use self::deduped::DedupedBuilder;
use self::group::{Common, Groups};
pub use self::handle::{Batcher, BatcherStats};
use self::handle::{Boxed, Calls};
pub(crate) use self::report::{SECTION, metrics};
use self::riders::Riders;
pub use self::settings::{Full, Settings};
use self::sync::block_on;
pub use self::work::{Deduped, Way, Work, blocking, tasked};
use crate::beside::{Places, Shared, instance};
use crate::carried::Answer;
use crate::parts::batch::Bounds;
use crate::rejected::Rejected;

/// What the instances of an annotated function have in common, and its handle.
pub(crate) struct Core {
    pub(crate) op: &'static str,
    settings: Settings,
    pub(crate) books: Books,
    /// The instance that called first, which is the only one of most functions.
    first: OnceLock<(TypeId, Typed)>,
    instances: Mutex<Vec<Instance>>,
}

type Typed = &'static (dyn Any + Send + Sync);

/// One instance of a generic function.
struct Instance {
    /// The type of its body; nothing while only a handle has asked.
    body: Option<TypeId>,
    name: String,
    typed: Typed,
}

impl Shared for Core {
    type Options = Settings;

    fn places() -> &'static Places<Self> {
        static PLACES: Places<Core> = Places::new();
        &PLACES
    }

    fn make(op: &'static str, settings: Settings) -> &'static Self {
        Self::new(op, settings)
    }
}

impl Core {
    pub(crate) fn new(op: &'static str, settings: Settings) -> &'static Self {
        Box::leak(Box::new(Self {
            op,
            settings,
            books: Books::new(),
            first: OnceLock::new(),
            instances: Mutex::new(Vec::new()),
        }))
    }

    /// The groups of the instance whose body is a `B`.
    #[inline]
    pub(crate) fn of_body<B, K, I, A>(
        &'static self,
        name: fn() -> &'static str,
    ) -> &'static Groups<K, I, A>
    where
        B: 'static,
        K: Hash + Eq + Clone + Send + Sync + 'static,
        I: Send + 'static,
        A: Send + 'static,
    {
        let body = TypeId::of::<B>();
        if let Some((first, typed)) = self.first.get()
            && *first == body
            && let Some(groups) = typed.downcast_ref()
        {
            return groups;
        }
        let groups = self.find(Some(body), instance(name()));
        let _ = self.first.set((body, groups));
        groups
    }

    /// The groups of the instance of that name; `body` becomes its body.
    pub(crate) fn find<K, I, A>(
        &'static self,
        body: Option<TypeId>,
        name: &str,
    ) -> &'static Groups<K, I, A>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        I: Send + 'static,
        A: Send + 'static,
    {
        let mut instances = self
            .instances
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for instance in instances.iter_mut() {
            let is_it = match (instance.body, body) {
                (Some(one), Some(other)) => one == other,
                _ => instance.name == name,
            };
            if is_it && let Some(groups) = instance.typed.downcast_ref() {
                instance.body = instance.body.or(body);
                return groups;
            }
        }
        let common = Common::new(self.op, self.settings, &self.books);
        let groups: &'static Groups<K, I, A> = Box::leak(Box::new(Groups::new(Arc::new(common))));
        instances.push(Instance {
            body,
            name: name.to_owned(),
            typed: groups,
        });
        groups
    }

    /// One item, of the instance that has this body.
    #[inline]
    pub(crate) fn ask<K, I, A, W>(&'static self, key: K, item: I, work: W) -> Ask<K, I, A, W>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        I: Send + 'static,
        A: Send + 'static,
        W: Work<K, I, A>,
    {
        let groups = self.of_body::<W, K, I, A>(W::name);
        Ask::new(groups.find(key), item, work)
    }

    /// One item, on a thread that blocks, and those that [ride](riders) along with it: `settle` makes answers of the
    /// function's own of what became of them.
    pub(crate) fn ask_with_riders<K, I, A, W, O>(
        &'static self,
        key: K,
        item: I,
        work: W,
        settle: impl Fn(Answer<A>) -> O,
    ) -> O
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        I: Send + 'static,
        A: Send + 'static,
        W: Work<K, I, A>,
        O: 'static,
    {
        let Some(mut riders) = Riders::<K, I, O>::take(self, &key) else {
            return settle(block_on(self.ask(key, item, work)));
        };
        let group = self.of_body::<W, K, I, A>(W::name).find(key);
        let mut items = std::mem::take(&mut riders.items);
        // In front of them, as it was asked for first.
        items.insert(0, item);
        let mut answers = block_on(many::many(group, items, work)).into_iter();
        let first = answers.next();
        riders.answers.extend(answers.map(&settle));
        riders.sit();
        // There is an answer for each item.
        settle(first.unwrap_or_else(|| Answer::Rejected(Rejected::batch_gone(self.op))))
    }

    /// What there is to ask of the instance of that name, whose batches give an `O`, and which is called so.
    pub(crate) fn handle<K, I, O, A>(
        &'static self,
        name: &str,
        call: Arc<Call<I, A, K>>,
    ) -> Batcher<I, A, K>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        I: Send + 'static,
        O: Send + 'static,
        A: Send + 'static,
    {
        let groups = self.find::<K, I, O>(None, name);
        Batcher {
            calls: Arc::new(Through {
                call,
                core: self,
                bounds: groups.common.bounds,
            }),
            drain: Arc::new(groups),
            op: self.op,
            books: &self.books,
        }
    }
}

/// Calls an annotated function.
type Call<I, A, K> = dyn Fn(K, I) -> Boxed<A> + Send + Sync;

/// A batcher that is called through its function, and all that stands around that.
struct Through<I, A, K> {
    call: Arc<Call<I, A, K>>,
    core: &'static Core,
    bounds: Bounds,
}

impl<I, A, K> Calls<I, A, K> for Through<I, A, K>
where
    K: Eq + Clone + Send + Sync + 'static,
    I: Send + 'static,
    A: Send + 'static,
{
    fn one(&self, key: K, item: I) -> Boxed<A> {
        (self.call)(key, item)
    }

    fn many(&self, key: K, items: Vec<I>) -> Boxed<Vec<A>> {
        let (call, bounds) = (Arc::clone(&self.call), self.bounds);
        if self.core.settings.blocks {
            return Box::pin(riders::many(self.core, call, key, items));
        }
        Box::pin(async move {
            let calls = items.into_iter().map(|item| call(key.clone(), item));
            many::all(calls, bounds).await
        })
    }
}
