//! `#[bulkhead]` at run time: a limit on how many calls of a function run at once.
//!
//! All there is to it is in [`bulkhead`](crate::bulkhead), which those made by hand share.
//!
//! # What is counted
//! `calls` are those that were decided on; each is `entered`, `rejected` (by reason: `full`, `timed_out`) or `cancelled`
//! (dropped while it waited). Of those that entered, `waited` had to wait, `wait` is how long, and `reentrant` went through
//! without a permit, because their own callers held them all. `in_use`, `waiting` and `peak` are levels.

use std::borrow::Cow;

use crate::bulkhead::{self, Book, Core};
pub use crate::bulkhead::{Here, Inside, Permit, Settings};
use crate::rejected::Rejected;
use crate::site::Instrument;
use crate::snapshot::{Meta, Metric, Section};

/// The instrument.
pub struct Bulkhead {
    book: &'static Book,
    core: Core,
}

impl Bulkhead {
    /// A permit for who does not wait.
    ///
    /// # Errors
    /// When there is none.
    #[inline]
    pub fn try_enter(&'static self) -> Result<Permit<&'static Core>, Rejected> {
        Core::try_enter(&self.core)
    }

    /// A permit; waits for it as the settings say, asleep.
    ///
    /// # Errors
    /// When the queue is full, at once; when it has waited for too long.
    #[inline]
    pub fn enter(&'static self) -> Result<Permit<&'static Core>, Rejected> {
        Core::enter(&self.core)
    }

    /// The same in a future. Cancel safe: who is dropped while it waits leaves the queue.
    ///
    /// # Errors
    /// When the queue is full, at once; when it has waited for too long.
    #[inline]
    pub async fn enter_async(&'static self) -> Result<Permit<&'static Core>, Rejected> {
        Core::enter_async(&self.core).await
    }
}

impl Instrument for Bulkhead {
    type Options = Settings;
    const SECTION: &'static Section = bulkhead::SECTION;

    fn new(meta: &'static Meta, settings: Settings) -> Self {
        let op = match meta.op() {
            Cow::Borrowed(op) => op,
            // Once per site, which is there for good anyway; so is the book.
            Cow::Owned(op) => op.leak(),
        };
        let book: &'static Book = Box::leak(Box::new(Book::new(op)));
        Self {
            book,
            core: Core::new(book, settings),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        let core = this.map(|this| &this.core);
        bulkhead::metrics(this.map(|this| this.book), core.as_slice())
    }

    fn reset(&self) {
        self.book.reset();
        self.core.reset_peak();
    }
}
