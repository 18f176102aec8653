//! Options that mean the same for every attribute that has them.

use super::{Kind, Spec};

const fn expression(name: &'static str, example: &'static str) -> Spec {
    Spec {
        name,
        kind: Kind::Expression,
        example,
    }
}

/// `by`: what keeps calls apart.
pub(crate) const BY: Spec = expression("by", "tenant");
/// `clock`: what the time is read from.
pub(crate) const CLOCK: Spec = expression("clock", "&CLOCK");
/// `reject`: what becomes of a rejection.
pub(crate) const REJECT: Spec = expression("reject", "|rejected| MyError::Busy");
/// `when`: which errors are meant.
pub(crate) const WHEN: Spec = expression("when", "|error| error.is_transient()");
