//! `#[cfg_attr(predicate, …)]` with one of ours in it, below the topmost of ours.

use proc_macro2::{TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::{Attribute, Meta};

use crate::function::Function;
use crate::stack::ours;

/// The function twice, when `#[cfg_attr(predicate, …)]` below may put one of ours onto it.
///
/// The compiler hands a `cfg_attr` below the topmost attribute over as it is, so what it holds cannot be read here:
/// whether it applies is not known yet. It is known of an item under `#[cfg]`, so the function is written with the
/// attribute in its place for one answer and without it for the other, each below the topmost attribute again.
pub(super) fn conditional(
    name: &str,
    args: &TokenStream,
    facade: Option<&TokenStream>,
    function: &Function,
) -> Option<TokenStream> {
    let (at, (predicate, held)) = function
        .attrs
        .iter()
        .enumerate()
        .find_map(|(at, attr)| Some((at, held(attr, facade)?)))?;
    let (above, below) = (function.attrs.get(..at)?, function.attrs.get(at + 1..)?);
    let facade = facade.map_or_else(|| quote!(::perfkit), TokenStream::clone);
    let top = format_ident!("{name}");
    let mut bare = function.clone();
    bare.attrs.clear();
    Some(quote! {
        #[cfg(#predicate)]
        #[#facade::#top(#args)]
        #(#above)* #(#[#held])* #(#below)*
        #bare

        #[cfg(not(#predicate))]
        #[#facade::#top(#args)]
        #(#above)* #(#below)*
        #bare
    })
}

/// The predicate of a `cfg_attr` that holds one of ours, and the attributes it holds.
fn held(attr: &Attribute, facade: Option<&TokenStream>) -> Option<(TokenStream, Vec<TokenStream>)> {
    let Meta::List(list) = &attr.meta else {
        return None;
    };
    if !list.path.is_ident("cfg_attr") {
        return None;
    }
    let mut parts = split(list.tokens.clone()).into_iter();
    let predicate = parts.next()?;
    let held: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    held.iter()
        .any(|part| holds_ours(part, facade))
        .then_some((predicate, held))
}

fn holds_ours(attr: &TokenStream, facade: Option<&TokenStream>) -> bool {
    let Ok(meta) = syn::parse2::<Meta>(attr.clone()) else {
        return false;
    };
    ours(meta.path(), facade).is_some()
        || match &meta {
            Meta::List(list) if list.path.is_ident("cfg_attr") => split(list.tokens.clone())
                .iter()
                .skip(1)
                .any(|part| holds_ours(part, facade)),
            _ => false,
        }
}

/// The parts between top-level commas.
fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    for token in tokens {
        match (&token, parts.last_mut()) {
            (TokenTree::Punct(punct), _) if punct.as_char() == ',' => {
                parts.push(TokenStream::new());
            }
            (_, Some(part)) => part.extend([token]),
            (_, None) => {}
        }
    }
    parts
}
