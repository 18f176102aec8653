//! What a body that runs more than once is called with.

/// An argument that every run gets a copy of.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is used up by the body, and is needed once more",
    label = "not `Clone`, so there is only one",
    note = "derive `Clone` for it, take a reference, or take an `Arc` of it"
)]
pub trait Again: Sized {
    /// One for another run.
    #[must_use]
    fn again(&self) -> Self;
}

// Else the compiler would speak of the missing `Clone`, and not of the ways out.
#[diagnostic::do_not_recommend]
impl<T: Clone> Again for T {
    #[inline]
    fn again(&self) -> Self {
        self.clone()
    }
}

/// One for another run. Expansions name it where the argument's type is written, so that a missing bound is reported there.
#[inline]
#[must_use]
pub fn again<T: Again>(argument: &T) -> T {
    argument.again()
}
