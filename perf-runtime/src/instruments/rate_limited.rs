//! `#[rate_limited]` at run time: a limit on how often a function is called.
//!
//! All there is to it is in [`limiter`](crate::limiter), which the limits made by hand share.
//!
//! # What is counted
//! `calls` are those that the limit has decided on; each is `allowed`, `rejected` or `cancelled` (dropped while it waited).
//! `waited` are those of the allowed that did, `wait` is how long, `waiting` how many do now. With keys, `keys` have a bucket
//! of their own, and `overflowed` are the calls for whose key there was no room.

use std::borrow::Cow;
use std::ops::Deref;

use crate::limiter::{self, Book, Core};
use crate::site::Instrument;
use crate::snapshot::{Meta, Metric, Section};

pub use crate::limiter::Settings;

/// The options of `#[rate_limited]`.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What the limit is told.
    pub settings: Settings,
    /// Whether calls have keys.
    pub has_keys: bool,
}

/// The instrument.
pub struct RateLimited {
    book: &'static Book,
    core: Core,
}

impl Deref for RateLimited {
    type Target = Core;

    #[inline]
    fn deref(&self) -> &Core {
        &self.core
    }
}

impl Instrument for RateLimited {
    type Options = Options;
    const SECTION: &'static Section = limiter::SECTION;

    fn new(meta: &'static Meta, options: Options) -> Self {
        let op = match meta.op() {
            Cow::Borrowed(op) => op,
            // Once per site, which is there for good anyway; so is the book.
            Cow::Owned(op) => op.leak(),
        };
        let book: &'static Book = Box::leak(Box::new(Book::new(op)));
        Self {
            book,
            core: Core::new(book, options.settings, options.has_keys),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        let core = this.map(|this| &this.core);
        limiter::metrics(this.map(|this| this.book), core.as_slice())
    }

    fn reset(&self) {
        self.book.reset();
    }
}
