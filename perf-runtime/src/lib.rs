//! The runtime of perfkit. Use it through the `perfkit` crate.

mod by_hand;
mod clock;
mod editor;
mod instruments;
mod outcome;
mod parts;
mod registry;
mod rejected;
pub mod report;
mod rt;
mod site;
pub mod snapshot;

pub use crate::by_hand::{Span, measure, measure_async, span, try_measure, try_measure_async};
pub use crate::outcome::Outcome;
pub use crate::parts::deadline::{deadline, remaining};
pub use crate::rejected::{Chain, Reason, Rejected, rejection};
pub use crate::report::{Report, report, report_on_exit, reset};

/// The options of every attribute, for editors.
#[doc(hidden)]
pub mod __ide {
    pub use crate::editor::*;
}

/// The whole contract with the expansions of `perf-macros`. Not for users: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use linkme;

    pub use crate::instruments::{measured, timeout};
    pub use crate::outcome::{Answer, WithOutcome, WithoutOutcome};
    pub use crate::registry::{Observed, SITES};
    pub use crate::rejected::{FromRejected, Rejectable, Rejected, rejected, rejected_with};
    pub use crate::site::{Instrument, Site};
    pub use crate::snapshot::Meta;

    /// Gives an async block its type: `if false { return never::<T>(); }`, because the compiler expects none of it.
    #[must_use]
    pub fn never<T>() -> T {
        unreachable!("written behind `if false`")
    }

    /// What a function's body gives, which may return early; the closure goes straight to an `FnOnce`, so that it may
    /// hand out what it borrows from its arguments.
    #[inline]
    pub fn made<T>(body: impl FnOnce() -> T) -> T {
        body()
    }

    /// Asks of a label what the instrument asks of it, where nothing is measured.
    #[inline]
    pub fn label(_: &(impl core::fmt::Display + ?Sized)) {}
}
