//! The answer of a fallback that may have to be waited for.

use std::future::{Future, Ready, ready};

/// What the fallback of an async function may give: an answer, or a future of one. `M` is for the compiler, which finds it.
#[diagnostic::on_unimplemented(
    message = "this fallback does not answer as the function does",
    label = "gives `{Self}`, neither the function's answer nor a future of it",
    note = "a fallback gives `{A}`, or is an `async fn` that does"
)]
pub trait Eventually<A, M> {
    /// What is waited for.
    type Future: Future<Output = A>;
    /// The answer, sooner or later.
    fn eventually(self) -> Self::Future;
}

/// An answer that is there.
#[derive(Debug)]
pub struct Now;

/// An answer that is still to come.
#[derive(Debug)]
pub struct Later;

#[diagnostic::do_not_recommend]
impl<A> Eventually<A, Now> for A {
    type Future = Ready<A>;

    #[inline]
    fn eventually(self) -> Ready<A> {
        ready(self)
    }
}

#[diagnostic::do_not_recommend]
impl<A, F: Future<Output = A>> Eventually<A, Later> for F {
    type Future = F;

    #[inline]
    fn eventually(self) -> F {
        self
    }
}

/// The answer of a fallback, whose type is that of what the function gave.
#[inline]
pub fn eventually<A, M, F: Eventually<A, M>>(answer: F) -> F::Future {
    answer.eventually()
}
