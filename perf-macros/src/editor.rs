//! What makes option names complete and explain themselves in an editor.
//!
//! rust-analyzer knows an attribute only by its expansion. So, for it alone, every word that stands where an option's
//! name stands is written once more as an import out of a hidden module that has one documented item for each option:
//! the import is what is completed and what is hovered over. The compiler drops it before it resolves a name.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};

use crate::instruments::Entry;
use crate::options::Given;

/// The words once more, for an editor only; `number` tells the attributes of a function apart.
pub(crate) fn echo(entry: &Entry, given: &Given, number: usize) -> TokenStream {
    // A keyword, `crate`, is no name that could be imported.
    let is_name = |word: &&Ident| syn::parse2::<Ident>(word.to_token_stream()).is_ok();
    let words: Vec<_> = given.words.iter().filter(is_name).collect();
    if words.is_empty() {
        return TokenStream::new();
    }
    let facade = given
        .facade
        .as_ref()
        .map_or_else(|| quote!(::perfkit), ToTokens::to_token_stream);
    let attribute = format_ident!("{}", entry.grammar.attribute);
    let options = format_ident!("__perfkit_{attribute}_options_{number}");
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

#[cfg(test)]
mod tests {
    use crate::instruments::TABLE;

    #[test]
    fn every_option_is_explained_to_the_editor() {
        let explained = concat!(
            include_str!("../../perf-runtime/src/editor.rs"),
            include_str!("../../perf-runtime/src/editor/policies.rs"),
            include_str!("../../perf-runtime/src/editor/resources.rs")
        );
        for entry in TABLE {
            let attribute = entry.grammar.attribute;
            let (_, module) = explained
                .split_once(&format!("pub mod {attribute} {{\n"))
                .expect(attribute);
            let (module, _) = module.split_once("\n}\n").expect(attribute);
            let named = entry.grammar.options.iter().map(|spec| spec.name);
            for option in named.chain(["name"]) {
                // One is a keyword, `if`.
                let explained = ["", "r#"].map(|raw| format!("pub mod {raw}{option} {{}}"));
                assert!(
                    explained.iter().any(|explained| module.contains(explained)),
                    "`{option}` of `{attribute}`"
                );
            }
        }
    }
}
