//! What an editor shows for the options of each attribute: one documented item for each of them.
//!
//! For rust-analyzer alone, an expansion imports the words that stand where the name of an option stands out of the
//! module of its attribute. So an option completes like any import, and hovering over it shows the words here.

/// The options of `#[measured]`.
pub mod measured {
    /// `name = "users"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `slow = "250ms"`, or an expression that gives a `Duration`: calls at least this long are slow calls, counted apart.
    /// Default: none is.
    pub mod slow {}

    /// `sample = 10`, or an expression that gives a `u64`: one call in this many is timed, by chance; every call is counted.
    /// Default: 1, every call.
    pub mod sample {}

    /// `by = tenant`, an expression over the arguments whose value can be shown: the numbers are also kept for each label.
    /// Evaluated at the start of every call. Default: no labels.
    pub mod by {}
}

/// The options of `#[timeout]`.
pub mod timeout {
    /// `name = "users"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `reject = |rejected| MyError::Busy`, a closure or the path of a function from `perfkit::Rejected` to the function's
    /// error: what a call that took too long gives. Default: `From<perfkit::Rejected>` of the error, `None` for an `Option`.
    pub mod reject {}
}
