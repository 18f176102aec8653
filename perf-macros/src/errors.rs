//! Every complaint about one stack of attributes, so that one build shows them all.
//!
//! Reading goes on after a mistake: what is wrong is written down with the token it stands at, and the next thing is
//! read. The messages say what is wrong, why if that is not plain, and what to write instead; lower case, no full stop.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The complaints so far.
#[derive(Debug, Default)]
pub(crate) struct Errors(Vec<syn::Error>);

impl Errors {
    /// Underlines everything that `tokens` spans.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.0.push(syn::Error::new_spanned(tokens, message));
    }

    /// Underlines one place.
    pub(crate) fn at_span(&mut self, span: Span, message: impl Display) {
        self.0.push(syn::Error::new(span, message));
    }

    /// Takes over what the parser said.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.0.push(error);
    }

    /// Says what others have to say, after what was said.
    pub(crate) fn append(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// True when nothing is wrong so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One `compile_error!` for each complaint, in the order of reading.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.0.iter().map(syn::Error::to_compile_error).collect()
    }

    /// What was said, for tests that look at the words.
    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}
