//! Why a resource could not be made.

use std::any::Any;
use std::sync::Arc;

/// See the module.
pub(crate) struct Failure {
    /// In words.
    pub(crate) text: Arc<str>,
    /// The error itself, where somebody is to get it.
    pub(crate) error: Option<Box<dyn Any + Send>>,
}

impl Failure {
    pub(crate) fn told(text: &str) -> Self {
        Self {
            text: text.into(),
            error: None,
        }
    }
}
