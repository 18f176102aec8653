//! Whether this thread is in an attempt that repeats another one.
//!
//! Retries inside each other would multiply: three layers of three attempts ask 27 times. So a retry that is called by an
//! attempt that is a repetition itself does not repeat: in the first pass the innermost may use up its attempts, and then
//! each layer above adds its own, one for one; three layers ask seven times.
//!
//! Like the [`deadline`](crate::parts::deadline), it is said while the attempt runs or is polled and taken back after it, so
//! it follows a task on any executor, and what the attempt spawns does not see it. A first attempt says nothing and pays
//! for nothing.

use std::cell::Cell;
use std::marker::PhantomData;

thread_local! {
    static REPEATING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the caller stands in a repetition.
pub(crate) fn is_repeating() -> bool {
    REPEATING.try_with(Cell::get).unwrap_or(false)
}

/// What the thread runs is a repetition from here on, until it [leaves](leave); gives what it was before.
pub(crate) fn enter() -> bool {
    // A thread that is coming to its end may have lost the cell: then a retry in it repeats.
    let outer = REPEATING.try_with(|repeating| repeating.replace(true));
    outer.unwrap_or(false)
}

/// What the thread runs is what it was before.
pub(crate) fn leave(outer: bool) {
    let _ = REPEATING.try_with(|repeating| repeating.set(outer));
}

/// While it lives, what this thread runs is a repetition.
pub(crate) struct Scope {
    outer: bool,
    // It must end on the thread where it began.
    not_send: PhantomData<*const ()>,
}

impl Scope {
    pub(crate) fn enter() -> Self {
        Self {
            outer: enter(),
            not_send: PhantomData,
        }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        leave(self.outer);
    }
}

#[cfg(test)]
mod tests {
    use super::{Scope, is_repeating};

    #[test]
    fn a_scope_takes_back_what_it_said_even_by_a_panic() {
        let outer = Scope::enter();
        drop(Scope::enter());
        assert!(is_repeating());
        drop(outer);
        assert!(!is_repeating());
        let panicked = std::panic::catch_unwind(|| {
            let _scope = Scope::enter();
            std::panic::resume_unwind(Box::new("body"));
        });
        assert!(panicked.is_err() && !is_repeating());
    }
}
