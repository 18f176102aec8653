//! `by = …`: the key of a call, kept apart from the arguments.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

use crate::function::{span_of, spanned};
use crate::options::Value;

/// The statement that makes the key a local of its own, before any argument moves. What cannot be a key is reported where it
/// stands.
pub(crate) fn kept(by: &Value, local: &Ident, private: &TokenStream) -> TokenStream {
    let (by, span) = (by.tokens(), span(by));
    let at = spanned(private, span);
    quote_spanned! {span=>
        let #local = {
            use #at::{ByStructure as _, ByValue as _};
            #at::key_of_call(&#at::KeyOf(&(#by)).lookup())
        };
    }
}

/// A name of an expansion where the key is written. With all of a call there, what is wrong with the key is said once.
pub(crate) fn moved(name: &Ident, by: &Value) -> Ident {
    let mut name = name.clone();
    name.set_span(span(by).resolved_at(name.span()));
    name
}

/// Where the key is written.
pub(crate) fn span(by: &Value) -> Span {
    span_of(&by.tokens()).resolved_at(Span::mixed_site())
}
