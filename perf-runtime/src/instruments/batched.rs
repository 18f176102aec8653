//! `#[batched]` at run time: a [batcher](crate::batcher) in front of an annotated function.

use std::any::type_name;
use std::future::Future;
use std::hash::Hash;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use crate::batcher::{self, Core};
use crate::beside::{self, Named, Shared};
use crate::rt;
use crate::site::Instrument;
use crate::snapshot::{Meta, Metric, Section};

pub use crate::batcher::{
    Answers, Batcher, Deduped, Flat, Full, Settings, Way, Work, blocking, tasked,
};
pub use crate::carried::{Answer, Carries, CarriesNone, Carry};

/// Asks the user, once.
pub type GiveSettings = fn() -> Settings;

/// The instrument.
pub struct Batched {
    core: &'static Core,
}

impl Batched {
    /// One item, in a batch with those of others.
    #[inline]
    pub fn ask<K, I, A, W>(
        &self,
        key: K,
        item: I,
        work: W,
    ) -> impl Future<Output = Answer<A>> + Send + use<K, I, A, W>
    where
        K: GroupKey,
        I: Item,
        A: Send + 'static,
        W: Work<K, I, A>,
    {
        self.core.ask(key, item, work)
    }

    /// The same on a thread that blocks, where nothing else stands around the call: those that ride along with it are
    /// handed in, too. `settle` makes an answer of the function's own.
    #[inline]
    pub fn ask_with_riders<K, I, A, W, O>(
        &self,
        key: K,
        item: I,
        work: W,
        settle: impl Fn(Answer<A>) -> O,
    ) -> O
    where
        K: GroupKey,
        I: Item,
        A: Send + 'static,
        W: Work<K, I, A>,
        O: 'static,
    {
        self.core.ask_with_riders(key, item, work, settle)
    }

    /// The same on a thread that blocks.
    #[inline]
    pub fn ask_now<K, I, A, W>(&self, key: K, item: I, work: W) -> Answer<A>
    where
        K: GroupKey,
        I: Item,
        A: Send + 'static,
        W: Work<K, I, A>,
    {
        rt::park::block_on(self.core.ask(key, item, work))
    }
}

impl Instrument for Batched {
    // Asked for them only if the handle of the function has not made the batcher.
    type Options = GiveSettings;

    const SECTION: &'static Section = batcher::SECTION;

    fn new(meta: &'static Meta, settings: GiveSettings) -> Self {
        Self {
            core: Core::of_function(meta, settings),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        batcher::metrics(this.map(|this| &this.core.books))
    }

    fn reset(&self) {
        self.core.books.reset();
    }
}

/// What may be handed in.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be batched",
    label = "an item goes to where the batch runs, so it is `Send + 'static`",
    note = "hand in an owned value, or an `Arc`"
)]
pub trait Item: Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Item for T {}

/// What may be handed in where items are compared.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compared with other items",
    label = "with `dedupe`, an item is `Hash + Eq + Clone + Send + 'static`",
    note = "derive them: `#[derive(Clone, PartialEq, Eq, Hash)]`, or leave `dedupe` out"
)]
pub trait DedupedItem: Hash + Eq + Clone + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Hash + Eq + Clone + Send + 'static> DedupedItem for T {}

/// What may keep items apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot keep items apart",
    label = "arguments besides the items are compared: `Hash + Eq + Clone + Send + Sync + 'static`",
    note = "derive them: `#[derive(Clone, PartialEq, Eq, Hash)]`"
)]
pub trait GroupKey: Hash + Eq + Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Hash + Eq + Clone + Send + Sync + 'static> GroupKey for T {}

/// Asks a type whether it may be handed in.
#[inline]
pub fn item<I: Item>() {}

/// Asks a type whether it may be handed in where items are compared.
#[inline]
pub fn deduped_item<I: DedupedItem>() {}

/// Asks a type whether it may keep items apart.
#[inline]
pub fn key<K: GroupKey>() {}

/// A receiver that is the same as another one when it is the same place in memory.
#[derive(Debug)]
pub struct Same<P>(pub P);

impl<P: Deref> Same<P> {
    fn place(&self) -> *const () {
        std::ptr::from_ref::<P::Target>(&*self.0).cast()
    }
}

impl<P: Clone> Clone for Same<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P: Deref> PartialEq for Same<P> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.place(), other.place())
    }
}

impl<P: Deref> Eq for Same<P> {}

impl<P: Deref> Hash for Same<P> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.place().hash(state);
    }
}

/// The static of a handle.
pub struct Beside(beside::Beside<Core>);

impl Beside {
    /// The handle of `named`.
    #[must_use]
    pub const fn new(named: Named, settings: GiveSettings) -> Self {
        Self(beside::Beside::new(named, settings))
    }

    /// The batcher of the function's instance that `instance` is a closure of; `O` is what its batches give one caller, and
    /// `call` calls the function.
    pub fn batcher<K, I, O, A, H, C>(&'static self, _instance: H, call: C) -> Batcher<I, A, K>
    where
        K: GroupKey,
        I: Item,
        O: Send + 'static,
        A: Send + 'static,
        H: FnOnce() + 'static,
        C: Fn(K, I) -> Pin<Box<dyn Future<Output = A> + Send>> + Send + Sync + 'static,
    {
        let name = self.0.instance(type_name::<H>());
        self.0.core().handle::<K, I, O, A>(&name, Arc::new(call))
    }
}
