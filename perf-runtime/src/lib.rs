//! The runtime of perfkit. Use it through the `perfkit` crate.

mod instruments;
mod outcome;
mod parts;
mod registry;
mod rejected;
mod rt;
mod site;
pub mod snapshot;

pub use crate::outcome::Outcome;
pub use crate::parts::deadline::{deadline, remaining};
pub use crate::rejected::{Chain, Reason, Rejected, rejection};

/// The whole contract with the expansions of `perf-macros`. Not for users: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use linkme;

    pub use crate::instruments::{measured, timeout};
    pub use crate::outcome::{Answer, WithOutcome, WithoutOutcome};
    pub use crate::registry::{Observed, SITES};
    pub use crate::rejected::{
        FromRejected, Rejectable, Rejected, can_be_rejected, carries_rejection,
    };
    pub use crate::site::Site;
    pub use crate::snapshot::Meta;

    /// Gives an async block its type: `if false { return never::<T>(); }`, because the compiler expects none of it.
    pub fn never<T>() -> T {
        unreachable!("written behind `if false`")
    }
}
