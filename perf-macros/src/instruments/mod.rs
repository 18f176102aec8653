//! The attributes, one file each, and the table that lists them.
//!
//! An attribute says what it may be given, checks it against the function, and writes how it wraps one call. It knows
//! neither its neighbours nor where in the stack it stands.
//!
//! Most stand around an answer: they are told what a call gave, and give it on. A policy may answer in place of the call,
//! and others have to know that it did: it stands around an `Ended`, see [`Inner`].

mod batched;
mod breaker;
mod bulkhead;
mod cached;
mod debounced;
mod fallback;
mod hedged;
mod lazy;
mod measured;
mod memoized;
mod offloaded;
mod pooled;
mod rate_limited;
mod retry;
mod throttled;
mod timeout;

use proc_macro2::TokenStream;

pub(crate) use crate::call::{Call, Inner, start};
use crate::errors::Errors;
use crate::function::{Answer, Function, Shape};
use crate::options::{Given, Grammar};

/// Every attribute of the framework.
pub(crate) const TABLE: &[Entry] = &[
    batched::ENTRY,
    breaker::ENTRY,
    bulkhead::ENTRY,
    cached::ENTRY,
    debounced::ENTRY,
    fallback::ENTRY,
    hedged::ENTRY,
    lazy::ENTRY,
    measured::ENTRY,
    memoized::ENTRY,
    offloaded::ENTRY,
    pooled::ENTRY,
    rate_limited::ENTRY,
    retry::ENTRY,
    throttled::ENTRY,
    timeout::ENTRY,
];

/// One attribute.
pub(crate) struct Entry {
    /// Its name and what it may be given.
    pub(crate) grammar: Grammar,
    /// Whether a call may be answered without the body, by what its arguments are. One is enough for a function.
    pub(crate) keeps_answers: bool,
    /// Whether it speaks of the arguments, so that each has to have a name.
    pub(crate) names_arguments: bool,
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

    /// Changes what a call of the function is: its answer, its arguments, whether it is async. Only the innermost attribute
    /// can; those further out are read when this has been done.
    fn signature(&self, _: &mut Function, _private: &TokenStream) {}

    /// What stands in the place of the body, of an attribute that runs it some other way.
    fn body(&self, _: &Call<'_>) -> Option<Inner> {
        None
    }

    /// Statements at the start of a call, before any argument moves.
    fn before(&self, _: &Call<'_>) -> TokenStream {
        TokenStream::new()
    }

    /// One call around what stands further in. A policy has its own; others stand around the answer.
    fn wrap(&self, call: &Call<'_>, inner: Inner) -> Inner {
        match inner.settled(call) {
            Inner::Future(future) => Inner::Future(self.around_future(call, future)),
            inner => Inner::Block(self.around(call, inner.block(call))),
        }
    }

    /// One call around `body`, which is a block: an expression, or statements that end in one.
    fn around(&self, _: &Call<'_>, body: TokenStream) -> TokenStream {
        body
    }

    /// One call around `future`, which is an expression: another future.
    fn around_future(&self, _: &Call<'_>, future: TokenStream) -> TokenStream {
        future
    }

    /// Whether it may answer with a rejection that it leaves to others to make an answer of.
    fn rejects(&self) -> bool {
        false
    }

    /// Whether it makes an answer of every rejection from further in.
    fn covers_rejections(&self) -> bool {
        false
    }

    /// Whether it may run what stands further in more than once.
    fn repeats(&self) -> bool {
        false
    }

    /// Whether it needs a `&mut self` after the body of a sync function has had it.
    fn lends_self(&self) -> bool {
        self.repeats()
    }

    /// Whether it asks when the call began.
    fn needs_start(&self) -> bool {
        false
    }

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

/// The attribute of that name.
pub(crate) fn entry(name: &str) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.grammar.attribute == name)
}
