//! `persist = …`: the file that outlives the program.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Expr, Lit};

use crate::answers::Answers;
use crate::errors::Errors;
use crate::instruments::Annotated;
use crate::options::{Given, Kind, Spec, Value};

/// Where.
pub(crate) const PERSIST: Spec = Spec {
    name: "persist",
    kind: Kind::Path,
    example: "\"users.cache\"",
};

/// Reads it, and checks that there is one file for each cache.
pub(crate) fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Option<Value> {
    let path = given.take(&PERSIST)?;
    if !cfg!(feature = "persist")
        && let Some(word) = given.word(&PERSIST)
    {
        errors.at(
            word,
            "a cache is kept in a file by perfkit's feature `persist`, which is not on; switch it on in Cargo.toml: \
             `features = [\"persist\"]`",
        );
        return None;
    }
    if let Some(Expr::Lit(literal)) = path.expr()
        && matches!(literal.lit, Lit::Str(_))
        && is_generic(on)
    {
        errors.at(
            literal,
            "a generic function has a cache for each of its types, and they cannot share one file; give an expression over \
             the types: `persist = format!(\"{}.cache\", T::NAME)`",
        );
        return None;
    }
    Some(path)
}

/// Whether there may be several instances of the function, so far as it says so itself: the `impl` around it is not seen.
fn is_generic(on: &Annotated<'_>) -> bool {
    let sig = &on.function.sig;
    let of_types = sig.generics.type_params().next().is_some();
    let of_constants = sig.generics.const_params().next().is_some();
    of_types || of_constants || says_impl(sig.inputs.to_token_stream())
}

fn says_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "impl",
        TokenTree::Group(group) => says_impl(group.stream()),
        _ => false,
    })
}

/// The file as the runtime wants it.
pub(crate) fn written(path: &Value, answers: &Answers, private: &TokenStream) -> TokenStream {
    let (key, value) = answers.stored(private);
    let path = path.tokens();
    quote!(#private::cache::persisted::<#key, #value>(#path))
}
