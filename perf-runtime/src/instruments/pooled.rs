//! `#[pooled]` at run time: a [pool](crate::Pool) behind an annotated factory.

use std::any::Any;
use std::hash::Hash;
use std::panic::Location;

use crate::beside::Shared;
use crate::clock::Start;
use crate::ended::Ended;
use crate::parts::known::Known;
use crate::pool::{self, Acquire, Core, Handle, Machine, Machines, metrics};
use crate::rejected::Rejected;
use crate::site::Instrument;
use crate::snapshot::{Meta, Metric, Section};

pub use crate::pool::{
    Beside, Boxed, ByDebug, ByDisplay, ByName, Failed, Hooks, Makes, Pool, Pooled, Settings, Told,
    Verdict, hand, hand_over, is_good, verdict,
};

/// The instrument.
pub struct Factory {
    machines: &'static Machines,
    /// The pool, or pools, of the instance that called first, which is the only one of most functions. Here, in the static
    /// itself: each step further would be one more that a call waits for.
    known: Known,
}

impl Factory {
    /// The pool of a function without arguments. `hooks` is a closure inside of the function, by which its instances are
    /// told apart.
    #[inline]
    pub fn only<T, F>(&self, hooks: F) -> Only<T>
    where
        T: Send + 'static,
        F: FnOnce() -> Hooks<T> + 'static,
    {
        if let Some(core) = self.known.get::<F, _>() {
            return Only(core);
        }
        let core = self.machines.only(hooks);
        self.known.set::<F, _>(core);
        Only(core)
    }

    /// The pool of these arguments.
    #[inline]
    pub fn keyed<K, T, F>(&self, key: K, hooks: F) -> Source<T>
    where
        K: Eq + Hash + Clone + Send + Sync + 'static,
        T: Send + 'static,
        F: Fn(&K) -> Hooks<T> + Send + Sync + 'static,
    {
        if let Some(machine) = self.known.get::<F, Machine<K, T>>() {
            return Source(machine.pool(key));
        }
        let machine = self.machines.keyed(hooks);
        self.known.set::<F, _>(machine);
        Source(machine.pool(key))
    }
}

/// The pool of a function that has one: known to be there, which spares a call a fifth of its time.
#[must_use]
pub struct Only<T: Send + 'static>(&'static Core<T>);

impl<T: Send + 'static> Only<T> {
    /// A resource that is there: the usual way, which does not lead through the memory of a future, nor of an answer that is
    /// large because a rejection is.
    ///
    /// # Errors
    /// Somebody who has to wait.
    #[inline]
    pub fn at_once(self, at: &'static Location<'static>) -> Result<Pooled<T>, Waiter<T>> {
        let pool = Handle::ForGood(self.0);
        pool::at_once(&pool, at).map_err(|came| Waiter {
            source: Source(Ok(pool)),
            at,
            came,
        })
    }

    /// A resource that is there.
    ///
    /// # Errors
    /// A place for one that the caller makes.
    #[inline]
    pub fn overflow(self, at: &'static Location<'static>) -> Result<Pooled<T>, Extra<T>> {
        Source(Ok(Handle::ForGood(self.0))).overflow(at)
    }
}

/// The pool that a call gets its resource from, unless there are too many of them.
#[must_use]
pub struct Source<T: Send + 'static>(Result<Handle<T>, Rejected>);

impl<T: Send + 'static> Source<T> {
    /// A resource that is there.
    ///
    /// # Errors
    /// Somebody who has to wait, or is told that he cannot.
    #[inline]
    pub fn at_once(self, at: &'static Location<'static>) -> Result<Pooled<T>, Waiter<T>> {
        let acquired = match &self.0 {
            Ok(pool) => pool::at_once(pool, at),
            Err(_) => Err(Start::now()),
        };
        acquired.map_err(|came| Waiter {
            source: self,
            at,
            came,
        })
    }

    /// A resource that is there.
    ///
    /// # Errors
    /// A place for one that the caller makes.
    #[inline]
    pub fn overflow(self, at: &'static Location<'static>) -> Result<Pooled<T>, Extra<T>> {
        let pool = self.0.unwrap_or_else(|_| Handle::Shared(Core::nobodys()));
        pool::take(&pool, at).ok_or(Extra(pool))
    }
}

/// One who found nothing when he came.
#[must_use]
pub struct Waiter<T: Send + 'static> {
    source: Source<T>,
    at: &'static Location<'static>,
    came: Start,
}

impl<T: Send + 'static> Waiter<T> {
    /// A resource; or the error of a creation, where that is to be had.
    pub async fn acquire<E: Any>(self) -> Ended<Result<Pooled<T>, E>> {
        match self.source.0 {
            Ok(pool) => {
                let acquired = Acquire::after(&pool, self.at, self.came).await;
                ended(pool.op(), acquired)
            }
            Err(rejected) => Ended::Rejected(rejected),
        }
    }

    /// The same for a thread, which it blocks.
    #[expect(clippy::inline_always, reason = "see `ended`")]
    #[inline(always)]
    #[must_use]
    pub fn acquire_blocking<E: Any>(self) -> Ended<Result<Pooled<T>, E>> {
        match self.source.0 {
            Ok(pool) => {
                let acquired = pool::wait_blocking(&pool, self.at, self.came);
                ended(pool.op(), acquired)
            }
            Err(rejected) => Ended::Rejected(rejected),
        }
    }
}

#[expect(
    clippy::inline_always,
    reason = "an answer in a function of its own is in memory, and then so is that of a call which did not wait"
)]
#[inline(always)]
fn ended<T, E>(
    op: &'static str,
    acquired: Result<Pooled<T>, pool::Refusal>,
) -> Ended<Result<Pooled<T>, E>>
where
    T: Send + 'static,
    E: Any,
{
    match acquired {
        Ok(guard) => Ended::Answered(Ok(guard)),
        Err(refusal) => match pool::error(op, refusal) {
            Ok(error) => Ended::Answered(Err(error)),
            Err(rejected) => Ended::Rejected(rejected),
        },
    }
}

/// A place for a resource beyond the limit.
#[must_use]
pub struct Extra<T: Send + 'static>(Handle<T>);

impl<T: Send + 'static> Extra<T> {
    /// The resource in it.
    pub fn with(self, resource: T, at: &'static Location<'static>) -> Pooled<T> {
        pool::extra(&self.0, resource, at)
    }
}

impl Instrument for Factory {
    type Options = fn() -> Settings;

    const SECTION: &'static Section = pool::SECTION;

    fn new(meta: &'static Meta, settings: fn() -> Settings) -> Self {
        Self {
            machines: Machines::of_function(meta, settings),
            known: Known::new(),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        metrics(this.map(|this| this.machines.own_sum()).as_ref())
    }

    fn reset(&self) {
        self.machines.reset();
    }
}
