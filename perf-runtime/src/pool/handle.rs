//! How a pool is held: that of a function is there for good, one that is made by hand as long as somebody has it.

use std::sync::Arc;

use super::core::Core;
use super::settings::Settings;
use super::user::Hooks;

/// See the module.
pub(crate) enum Handle<T: 'static> {
    /// Holding it costs nothing.
    ForGood(&'static Arc<Core<T>>),
    Shared(Arc<Core<T>>),
}

impl<T> Handle<T> {
    /// A pool that keeps nothing, for a resource that belongs to none.
    pub(crate) fn nobodys() -> Self
    where
        T: Send,
    {
        Self::Shared(Core::new("", Settings::new(), Hooks::of_callers(false)))
    }

    #[inline]
    pub(crate) fn core(&self) -> &Core<T> {
        match self {
            Self::ForGood(core) => core,
            Self::Shared(core) => core,
        }
    }
}

impl<T> Clone for Handle<T> {
    #[inline]
    fn clone(&self) -> Self {
        match self {
            Self::ForGood(core) => Self::ForGood(core),
            Self::Shared(core) => Self::Shared(Arc::clone(core)),
        }
    }
}
