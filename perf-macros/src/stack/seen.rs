//! How an attribute that has been taken off a function is told that it was, and what an expanded body begins with.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Attribute;

use crate::function;
use crate::stack::Layer;

/// The argument of an attribute that has been taken into account.
const SEEN: &str = "__perfkit_seen";

/// What every expanded body begins with: the type whose path is the function's, and the sign that we were here.
pub(super) fn marker() -> TokenStream {
    quote!(
        struct __PerfkitPlace;
    )
}

/// A neighbour's attribute again, saying that it has been taken into account.
pub(super) fn seen(layer: &Layer) -> Option<Attribute> {
    let mut attr = layer.attr.clone()?;
    let path = attr.path().clone();
    let span = function::span_of(&path.to_token_stream());
    let seen = Ident::new(SEEN, span);
    // Spanned at the path, so that a foreign attribute of this name complains where it stands.
    let list = quote_spanned!(span=> #path(#seen));
    attr.meta = syn::parse2(list).ok()?;
    Some(attr)
}

pub(super) fn is_seen(args: &TokenStream) -> bool {
    args.to_string() == SEEN
}

/// The complaint of an attribute that runs on a function we have already expanded.
pub(super) fn renamed(name: &str) -> String {
    let written = Span::call_site().source_text().unwrap_or_default();
    let written = written
        .trim_start_matches(['#', '['])
        .split(['(', ']'])
        .next()
        .unwrap_or_default()
        .trim();
    let known = format!(
        "the attribute above did not know it and was expanded without it; write `{name}` or `perfkit::{name}`, or say \
         `crate = …` above"
    );
    if written.is_empty() || written == name {
        format!("this is `{name}` under another name: {known}")
    } else {
        format!("`{written}` is `{name}` under another name: {known}")
    }
}
