//! A resource while somebody has it.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::Handle;
use super::loan::Lent;
use crate::clock;
use crate::parts::pool::entry::End;

/// A resource out of a [`Pool`](crate::Pool); goes back when it is dropped.
///
/// May be sent to another thread and dropped anywhere, inside a runtime or not: nothing waits for the return. Dropped
/// while its thread panics, the resource is discarded, because nobody knows in what state it is; so is one that was
/// [poisoned](Self::poison). What is forgotten (`mem::forget`) never comes back, and its place in the pool neither.
///
/// ```
/// use perfkit::{Pool, PoolError, Rejected};
///
/// let words = Pool::builder("guard: words").build_blocking(|| Ok::<_, String>(Vec::<&str>::new()))?;
/// let mut guard = words.acquire_blocking()?;
/// guard.push("kept");
/// drop(guard);
/// assert_eq!(*words.acquire_blocking()?, ["kept"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a resource that is not used goes back at once"]
pub struct Pooled<T: Send + 'static> {
    /// Gone only when it is taken for good.
    entry: Option<Lent<T>>,
}

impl<T: Send + 'static> Pooled<T> {
    #[inline]
    pub(crate) fn new(mut entry: Lent<T>, pool: &Handle<T>) -> Self {
        entry.resource.begin(pool);
        Self { entry: Some(entry) }
    }

    /// Says that the resource is broken: it is discarded when the guard is dropped, and another one is made when somebody
    /// needs it.
    pub fn poison(&mut self) {
        if let Some(entry) = &mut self.entry {
            entry.resource.is_poisoned = true;
        }
    }

    /// Takes the resource out of the pool for good; another one may be made in its place.
    ///
    /// Not a method, so that it does not hide one of the resource's.
    #[must_use]
    pub fn take(mut this: Self) -> T {
        match this
            .entry
            .take()
            .map(|mut entry| (entry.resource.end(), entry))
        {
            Some((Some(pool), entry)) => pool.let_go(entry),
            _ => unreachable!("it is taken once, by value, and belongs to a pool"),
        }
    }
}

impl<T: Send + 'static> super::core::Core<T> {
    fn let_go(&self, entry: Lent<T>) -> T {
        let now = clock::ticks();
        let after = self.lock().give_back(entry, Some(now), Some(End::Taken));
        let mut gone = after.gone;
        let entry = gone.pop();
        self.finish(crate::parts::pool::After {
            first: after.first,
            more: after.more,
            gone,
        });
        match entry {
            Some(entry) => entry.resource.resource,
            None => unreachable!("what goes for good is handed out"),
        }
    }
}

impl<T: Send + 'static> Deref for Pooled<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match &self.entry {
            Some(entry) => &entry.resource.resource,
            None => unreachable!("it is taken with the guard"),
        }
    }
}

impl<T: Send + 'static> DerefMut for Pooled<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.entry {
            Some(entry) => &mut entry.resource.resource,
            None => unreachable!("it is taken with the guard"),
        }
    }
}

impl<T: Send + 'static> Drop for Pooled<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            go_back(entry);
        }
    }
}

/// Gives it to whom it belongs.
#[inline]
fn go_back<T: Send + 'static>(entry: Lent<T>) {
    match entry.resource.for_good() {
        Some(core) => core.give_back(entry),
        None => go_back_to_shared(entry),
    }
}

/// The same for a pool that may be gone after that.
#[inline(never)]
fn go_back_to_shared<T: Send + 'static>(mut entry: Lent<T>) {
    if let Some(pool) = entry.resource.end() {
        pool.give_back(entry);
    }
}

impl<T: fmt::Debug + Send + 'static> fmt::Debug for Pooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: fmt::Display + Send + 'static> fmt::Display for Pooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
