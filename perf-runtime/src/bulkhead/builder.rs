//! What a bulkhead that is made by hand is told, and what of that is wrong.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::Settings;
use super::by_hand::Bulkhead;

/// Makes a [`Bulkhead`]; see [`Bulkhead::builder`].
///
/// Nothing is checked before [`build`](Self::build), which says what is wrong and never panics.
#[derive(Debug, Clone)]
#[must_use = "a bulkhead is made by `build`"]
pub struct BulkheadBuilder {
    name: String,
    settings: Settings,
}

impl BulkheadBuilder {
    pub(super) fn new(name: String, max: u32) -> Self {
        Self {
            name,
            settings: Settings::new(max.into()),
        }
    }

    /// How many may wait for a permit. Default: none, who finds no permit is rejected.
    pub fn queue(mut self, places: u64) -> Self {
        self.settings.queue = places;
        self
    }

    /// How long each of them waits; `Duration::MAX` is for ever. Default: 30 seconds.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.settings.wait = wait;
        self
    }

    /// The bulkhead.
    ///
    /// # Errors
    /// When there are no permits.
    pub fn build(self) -> Result<Bulkhead, BulkheadError> {
        if self.settings.max == 0 {
            return Err(BulkheadError(
                "without a permit nobody would ever get in; `max` is at least 1",
            ));
        }
        Ok(Bulkhead::new(&self.name, self.settings))
    }
}

/// Why there is no bulkhead; the text says what to write.
///
/// ```
/// let error = perfkit::Bulkhead::builder("none", 0).build().unwrap_err();
/// assert!(error.to_string().contains("at least 1"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkheadError(&'static str);

impl fmt::Display for BulkheadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no bulkhead: {}", self.0)
    }
}

impl Error for BulkheadError {}
