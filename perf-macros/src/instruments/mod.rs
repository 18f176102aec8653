//! The attributes, one file each, and the table that lists them.
//!
//! An attribute says what it may be given, checks it against the function, and writes how it wraps one call. It knows
//! neither its neighbours nor where in the stack it stands.

mod cached;
mod lazy;
mod measured;
mod memoized;
mod timeout;

use proc_macro2::{Ident, TokenStream};

use crate::errors::Errors;
use crate::function::{Answer, Function, Shape};
use crate::options::{Given, Grammar};

/// Every attribute of the framework.
pub(crate) const TABLE: &[Entry] = &[
    cached::ENTRY,
    lazy::ENTRY,
    measured::ENTRY,
    memoized::ENTRY,
    timeout::ENTRY,
];

/// One attribute.
pub(crate) struct Entry {
    /// Its name and what it may be given.
    pub(crate) grammar: Grammar,
    /// Whether a call may be answered without the body, by what its arguments are. One is enough for a function, and its
    /// arguments get names.
    pub(crate) keeps_answers: bool,
    /// Checks what it was given against the function it stands on.
    pub(crate) read: fn(&mut Given, &Annotated<'_>, &mut Errors) -> Box<dyn Instrument>,
}

/// The function an attribute stands on.
pub(crate) struct Annotated<'f> {
    /// As written.
    pub(crate) function: &'f Function,
    /// What calling it gives.
    pub(crate) shape: &'f Shape,
    /// What that answers with.
    pub(crate) answer: &'f Answer,
}

/// An attribute whose options have been read: how it takes part in the expansion.
pub(crate) trait Instrument {
    /// The type behind its static and its options; nothing when it leaves calls as they are.
    fn site(&self, private: &TokenStream) -> Option<Site>;

    /// Statements at the start of a call, before any argument moves.
    fn before(&self, call: &Call<'_>) -> TokenStream;

    /// One call around `body`, which is a block: an expression, or statements that end in one.
    fn around(&self, call: &Call<'_>, body: TokenStream) -> TokenStream;

    /// One call around `future`, which is an expression: another future.
    fn around_future(&self, call: &Call<'_>, future: TokenStream) -> TokenStream;

    /// Items beside the function.
    fn beside(&self, _: &Beside<'_>) -> TokenStream {
        TokenStream::new()
    }
}

/// The place beside an annotated function.
pub(crate) struct Beside<'b> {
    /// `::perfkit::__private`.
    pub(crate) private: &'b TokenStream,
    /// The function.
    pub(crate) function: &'b Function,
    /// The `name` option, as an `Option`.
    pub(crate) name: &'b TokenStream,
}

/// The static behind an annotation.
pub(crate) struct Site {
    /// Its instrument.
    pub(crate) ty: TokenStream,
    /// A `fn() -> Options`.
    pub(crate) options: TokenStream,
}

/// One call of an annotated function, as one of its attributes sees it.
pub(crate) struct Call<'c> {
    /// `::perfkit::__private`.
    pub(crate) private: &'c TokenStream,
    /// The static.
    pub(crate) site: &'c Ident,
    /// A local of this attribute's own.
    pub(crate) local: &'c Ident,
    /// The function's arrow, for a closure in place of it.
    pub(crate) arrow: &'c TokenStream,
    /// What the call answers with.
    pub(crate) answer: &'c Answer,
}

/// The attribute of that name.
pub(crate) fn entry(name: &str) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.grammar.attribute == name)
}
