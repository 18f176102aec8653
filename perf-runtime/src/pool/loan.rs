//! A resource as a pool keeps it: with what it goes back to.
//!
//! It says itself whose it is, so that a guard is one word: the answer of every call is moved a few times, and a processor
//! waits for the parts of what it is to move as a whole (of 59 ns for a resource and back that was 25).

use super::Handle;
use super::core::Core;
use crate::parts::pool::entry::Entry;

/// See the module.
pub(crate) struct Loan<T: 'static> {
    pub(super) resource: T,
    /// Nothing while it is idle, in a pool that is not there for good: it would keep itself alive.
    pool: Option<Handle<T>>,
    pub(super) is_poisoned: bool,
}

/// What is moved.
pub(crate) type Lent<T> = Box<Entry<Loan<T>>>;

impl<T> Loan<T> {
    pub(super) const fn new(resource: T) -> Self {
        Self {
            resource,
            pool: None,
            is_poisoned: false,
        }
    }

    /// Somebody has it, and it goes back to this pool.
    #[inline]
    pub(super) fn begin(&mut self, pool: &Handle<T>) {
        if !matches!(self.pool, Some(Handle::ForGood(_))) {
            self.pool = Some(pool.clone());
        }
    }

    /// Whose it is, where that is there for good.
    #[inline]
    pub(super) fn for_good(&self) -> Option<&'static Core<T>> {
        match self.pool {
            Some(Handle::ForGood(core)) => Some(core),
            _ => None,
        }
    }

    /// Nobody has it any more; where it goes.
    #[inline]
    pub(super) fn end(&mut self) -> Option<Handle<T>> {
        match self.pool {
            Some(Handle::ForGood(core)) => Some(Handle::ForGood(core)),
            _ => self.pool.take(),
        }
    }
}
