//! What makes option names complete and explain themselves in an editor.
//!
//! rust-analyzer knows an attribute only by its expansion. So, for it alone, every word that stands where an option's
//! name stands is written once more as an import out of a hidden module that has one documented item for each option:
//! the import is what is completed and what is hovered over. The compiler drops it before it resolves a name.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};

use crate::instruments::Entry;
use crate::options::Given;

/// The words once more, for an editor only.
pub(crate) fn echo(entry: &Entry, given: &Given) -> TokenStream {
    let words = &given.words;
    if words.is_empty() {
        return TokenStream::new();
    }
    let facade = given
        .facade
        .as_ref()
        .map_or_else(|| quote!(::perfkit), ToTokens::to_token_stream);
    let attribute = format_ident!("{}", entry.grammar.attribute);
    let options = format_ident!("__perfkit_{attribute}_options");
    quote! {
        // The module is empty for the compiler, which does not know the name of the `cfg` either.
        #[allow(unexpected_cfgs)]
        mod #options {
            #[cfg(rust_analyzer)]
            use #facade::__ide::#attribute::*;
            #[cfg(rust_analyzer)]
            use self::{#(#words as _),*};
        }
    }
}
