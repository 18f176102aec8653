//! What a user has a handle to: a thing of a function, which is there for good, or one that was made by hand.

use std::ops::Deref;
use std::sync::Arc;

/// See the module.
pub(crate) enum Held<C: 'static> {
    ForGood(&'static C),
    Shared(Arc<C>),
}

impl<C> Deref for Held<C> {
    type Target = C;

    #[inline]
    fn deref(&self) -> &C {
        match self {
            Self::ForGood(core) => core,
            Self::Shared(core) => core,
        }
    }
}

impl<C> Clone for Held<C> {
    fn clone(&self) -> Self {
        match self {
            Self::ForGood(core) => Self::ForGood(core),
            Self::Shared(core) => Self::Shared(Arc::clone(core)),
        }
    }
}
