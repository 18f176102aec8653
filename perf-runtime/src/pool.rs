//! Pools of resources: what `#[pooled]` keeps, and what is made by hand.
//!
//! The decisions are in `parts/pool`; here is what waits, runs the user's code and is shown. Nobody who wants a resource
//! makes or checks one: that is done by [`jobs`] beside him, so his wait has one end, and his being cancelled spoils
//! nothing.

mod acquire;
mod beside;
mod builder;
mod by_name;
mod core;
mod drain;
mod error;
mod guard;
mod jobs;
mod lent;
mod loan;
mod lock;
mod machines;
mod report;
mod settings;
#[cfg(test)]
mod tests;
mod told;
mod user;

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

pub(crate) use self::acquire::{Acquire, Refusal, at_once, blocking, wait_blocking};
pub use self::beside::Beside;
pub use self::builder::PoolBuilder;
pub use self::by_name::get_pool;
pub(crate) use self::core::Core;
pub use self::drain::{Straggler, Stragglers};
pub use self::error::PoolError;
pub use self::guard::Pooled;
use self::loan::Loan;
pub(crate) use self::machines::{Machine, Machines};
pub(crate) use self::report::{SECTION, metrics};
pub use self::settings::Settings;
pub use self::user::{
    Boxed, ByDebug, ByDisplay, ByName, Failed, Hooks, Makes, Told, Verdict, hand, hand_over,
    is_good, verdict,
};
use crate::clock;
use crate::held::Held;
use crate::parts::pool::Taken;
use crate::parts::pool::failure::Failure;
use crate::rejected::{Reason, Rejected};

/// How a pool is held.
pub(crate) type Handle<T> = Held<Core<T>>;

/// Resources that are made once and used by many: connections, parsers, buffers.
///
/// That of a function with `#[pooled]` is given by its handle, `connect_pool()`; one without an attribute is made by
/// [`Pool::builder`]. Clones are the same pool. Threads and tasks wait in one line, first come, first served; whoever is
/// dropped while he waits leaves it, and what he was given is for the next.
///
/// ```
/// use perfkit::Pool;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let pool = Pool::builder("pool: numbers")
///     .max_size(2)
///     .build(|| async { Ok::<_, std::io::Error>(7_u32) })?;
/// let (one, other) = (pool.acquire().await?, pool.acquire().await?);
/// assert_eq!(*one + *other, 14);
/// assert!(pool.try_acquire().is_none());
/// drop(one);
/// assert!(pool.try_acquire().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Pool<T: Send + 'static> {
    handle: Handle<T>,
}

/// The numbers of a [`Pool`] at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Resources that there are.
    pub size: usize,
    /// Those that wait to be used.
    pub idle: usize,
    /// Those that somebody has.
    pub in_use: usize,
    /// Who waits for one.
    pub waiting: usize,
    /// Those that are being made.
    pub creating: usize,
    /// How many are kept.
    pub min: usize,
    /// How many there may be.
    pub max: usize,
}

impl<T: Send + 'static> Pool<T> {
    /// A pool without an attribute, which the report and [`get_pool`] know by this name.
    pub fn builder(name: impl Into<String>) -> PoolBuilder<T> {
        PoolBuilder::new(name.into())
    }

    pub(crate) const fn of(handle: Handle<T>) -> Self {
        Self { handle }
    }

    pub(crate) const fn handle(&self) -> &Handle<T> {
        &self.handle
    }

    /// The name in the report.
    #[must_use]
    pub fn name(&self) -> &str {
        self.handle.op
    }

    /// A resource: at once where one is idle, else as soon as one comes back or is made.
    ///
    /// Cancel safe: dropped while it waits, it leaves the line, and what it was given goes to the next.
    ///
    /// # Errors
    /// [`Reason::PoolTimeout`] when there is none within the acquire timeout, which covers waiting, making and checking
    /// one together; the text has the pool's numbers, the last error of a creation and, in debug builds, who has held one
    /// for the longest time. [`Reason::PoolClosed`] after a [`drain`](Self::drain). [`Reason::PoolFailed`] when one could
    /// not be made and the pool is to [fail fast](PoolBuilder::fail_fast).
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<Pooled<T>, Rejected>> + Send {
        Acquiring(Acquire::new(&self.handle, Location::caller()))
    }

    /// The same for a thread, which it blocks. Not for async code.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    #[track_caller]
    pub fn acquire_blocking(&self) -> Result<Pooled<T>, Rejected> {
        let core = &*self.handle;
        let acquired = blocking(&self.handle, Location::caller());
        acquired.map_err(|refusal| rejected(core.op, refusal))
    }

    /// A resource that is idle now, and of which that is known to be good: waits for nothing, and makes none.
    #[track_caller]
    #[must_use]
    pub fn try_acquire(&self) -> Option<Pooled<T>> {
        let taken = take(&self.handle, Location::caller());
        if taken.is_none() {
            let mut state = self.handle.lock();
            state.books.came += 1;
            state.books.empty += 1;
        }
        taken
    }

    /// A resource that is idle now, as [`try_acquire`](Self::try_acquire) gives it; else one of your own making, beyond the
    /// limit if there is no room. It waits for nothing and never fails, and is what `#[pooled(overflow)]` does. What was made
    /// stays in the pool if there is room when it comes back, and is discarded otherwise.
    ///
    /// `make` runs on this thread, without a lock; what it panics with is the caller's.
    ///
    /// ```
    /// use perfkit::Pool;
    ///
    /// let buffers = Pool::builder("pool: buffers")
    ///     .min_size(0)
    ///     .max_size(1)
    ///     .build_blocking(|| Ok::<_, String>(Vec::<u8>::new()))?;
    /// let one = buffers.acquire_or(Vec::new);
    /// let other = buffers.acquire_or(Vec::new);
    /// assert_eq!(buffers.stats().in_use, 2);
    /// drop((one, other));
    /// assert_eq!(buffers.stats().size, 1);
    /// # Ok::<(), perfkit::PoolError>(())
    /// ```
    #[track_caller]
    pub fn acquire_or(&self, make: impl FnOnce() -> T) -> Pooled<T> {
        let at = Location::caller();
        match take(&self.handle, at) {
            Some(guard) => guard,
            None => extra(&self.handle, make(), at),
        }
    }

    /// Adds a resource of your own making. Given back when there is no room, or the pool is closed.
    ///
    /// # Errors
    /// The resource.
    pub fn put(&self, resource: T) -> Result<(), T> {
        let core = &*self.handle;
        let added = core.lock().add(Loan::new(resource), clock::ticks());
        let after = added.map_err(|loan| loan.resource)?;
        core.finish(after);
        Ok(())
    }

    /// Other limits from now on. What is too much goes: the idle ones now, those in use when they come back. The lower
    /// limit is lowered with the upper one.
    ///
    /// # Errors
    /// When `max` is 0.
    pub fn resize(&self, max: usize) -> Result<(), PoolError> {
        if max == 0 {
            return Err(PoolError::NoRoom);
        }
        let core = &*self.handle;
        let after = core.lock().resize(max);
        core.finish(after);
        Ok(())
    }

    /// Discards what is idle now: after a change of a password or a schema, say. The lower limit is made again by and by.
    pub fn evict_idle(&self) {
        let core = &*self.handle;
        let after = core.lock().evict();
        core.finish(after);
    }

    /// Its numbers now.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        let levels = self.handle.lock().levels();
        PoolStats {
            size: levels.size,
            idle: levels.idle,
            in_use: levels.in_use,
            waiting: levels.waiting,
            creating: levels.creating,
            min: levels.min,
            max: levels.max,
        }
    }
}

/// For one who is told of every refusal as a rejection.
struct Acquiring<'p, T: Send + 'static>(Acquire<'p, T>);

impl<T: Send + 'static> Future for Acquiring<'_, T> {
    type Output = Result<Pooled<T>, Rejected>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let op = self.0.op();
        let acquired = Pin::new(&mut self.0).poll(cx);
        acquired.map_err(|refusal| rejected(op, refusal))
    }
}

/// A refusal as the one error of the framework.
pub(crate) fn rejected(op: &'static str, refusal: Refusal) -> Rejected {
    match refusal {
        Refusal::Rejected(rejected) => rejected,
        Refusal::Failed(failure) => {
            let text = format!(
                "could not be given: making one failed with: {}",
                failure.text
            );
            Rejected::pool(op, Reason::PoolFailed, text)
        }
    }
}

impl<T: Send + 'static> Clone for Pool<T> {
    fn clone(&self) -> Self {
        Self::of(self.handle.clone())
    }
}

impl<T: Send + 'static> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("name", &self.name())
            .field("stats", &self.stats())
            .finish()
    }
}

/// A resource that is there now, for one who makes one himself when there is none.
#[inline]
pub(crate) fn take<T: Send + 'static>(
    pool: &Handle<T>,
    at: &'static Location<'static>,
) -> Option<Pooled<T>> {
    let core = &**pool;
    loop {
        match core.take(at) {
            Taken::Entry(entry) => return Some(Pooled::new(entry, pool)),
            Taken::Nothing | Taken::Closed => return None,
            taken => core.undo(taken),
        }
    }
}

/// A resource that was made beyond the limit; it stays if there is room for it when it comes back.
pub(crate) fn extra<T: Send + 'static>(
    pool: &Handle<T>,
    resource: T,
    _at: &'static Location<'static>,
) -> Pooled<T> {
    let resource = Loan::new(resource);
    let entry = pool.lock().extra(resource, clock::ticks());
    Pooled::new(entry, pool)
}

/// The error of a creation, if that is why there is no resource and it is of this type.
pub(crate) fn error<E: Any>(op: &'static str, refusal: Refusal) -> Result<E, Rejected> {
    match refusal {
        Refusal::Failed(Failure {
            text,
            error: Some(error),
        }) => match error.downcast() {
            Ok(error) => Ok(*error),
            Err(_) => Err(rejected(op, Refusal::Failed(Failure { text, error: None }))),
        },
        refusal => Err(rejected(op, refusal)),
    }
}
