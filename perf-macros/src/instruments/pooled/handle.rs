//! `connect_pool()` beside `connect`: a function that gives the pool.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::making::Making;
use crate::handle::Handle;
use crate::instruments::Beside;

/// The function that gives the pool: with the arguments of the factory, where it has some.
pub(super) fn written(
    making: &Making,
    settings: TokenStream,
    hooks: &TokenStream,
    at: &Beside<'_>,
) -> TokenStream {
    let Beside {
        private, function, ..
    } = at;
    let resource = making.resource(private);
    let pool = quote!(#private::pooled::Pool<#resource>);
    let (ty, give) = match making.key() {
        None => (pool, quote!(only(#hooks))),
        Some(key) => (
            quote!(::core::result::Result<#pool, #private::Rejected>),
            quote!(keyed(#key, #hooks)),
        ),
    };
    let handle = Handle {
        attribute: "pooled",
        word: "pool",
        doc: "The pool behind",
        module: "pooled",
        settings,
        is_generic: true,
        inputs: function.sig.inputs.to_token_stream(),
        ty,
        give,
    };
    handle.written(at)
}
