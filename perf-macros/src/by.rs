//! `by = …`: the key of a call, kept apart from the arguments.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

use crate::function::{span_of, spanned};
use crate::options::Value;

/// The statement that makes the key a local of its own, before any argument moves. What cannot be a key is reported where it
/// stands.
pub(crate) fn kept(by: &Value, local: &Ident, private: &TokenStream) -> TokenStream {
    let by = by.tokens();
    let span = span_of(&by).resolved_at(Span::mixed_site());
    let at = spanned(private, span);
    quote_spanned! {span=>
        let #local = {
            use #at::{ByStructure as _, ByValue as _};
            #at::owned(&#at::KeyOf(&(#by)).lookup())
        };
    }
}
