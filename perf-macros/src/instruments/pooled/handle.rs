//! `connect_pool()` beside `connect`: a function that gives the pool.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Visibility;
use syn::ext::IdentExt;

use super::making::Making;
use crate::answers::HANDLE;
use crate::answers::handle::is_free;
use crate::function::spanned;
use crate::instruments::{Annotated, Beside};
use crate::options::Given;

/// Whether there is one. By default wherever it can stand: not in the implementation of a trait.
pub(super) fn wanted(given: &mut Given, on: &Annotated<'_>) -> bool {
    match given.take(&HANDLE) {
        Some(handle) => handle.is_on(),
        None => !matches!(on.function.vis(), Visibility::Inherited) || is_free(on.function),
    }
}

/// The function that gives the pool: with the arguments of the factory, where it has some.
pub(super) fn written(
    making: &Making,
    settings: &TokenStream,
    hooks: &TokenStream,
    at: &Beside<'_>,
) -> TokenStream {
    let Beside {
        private,
        function,
        name,
    } = at;
    let of = function.name();
    let (plain, vis) = (of.unraw().to_string(), function.vis());
    let handle = format_ident!("{plain}_pool", span = of.span());
    let handle_name = handle.to_string();
    let (generics, bounds) = (&function.sig.generics, &function.sig.generics.where_clause);
    let inputs = &function.sig.inputs;
    let conditions = function
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg"));
    let doc = format!("The pool behind `{plain}`. See `#[pooled]`.");
    let resource = making.resource(private);
    let pool = quote!(#private::pooled::Pool<#resource>);
    let (ty, give) = match making.key() {
        None => (pool, quote!(only(#hooks))),
        Some(key) => (
            quote!(::core::result::Result<#pool, #private::Rejected>),
            quote!(keyed(#key, #hooks)),
        ),
    };
    let here = spanned(private, of.span());
    let made = quote_spanned! {of.span()=>
        #here::pooled::Beside::here(
            "pooled", #name, ::core::any::type_name::<__PerfkitPlace>, (#handle_name, #plain), #settings
        )
    };
    quote! {
        #(#conditions)*
        #[doc = #doc]
        #[allow(
            dead_code, unreachable_pub, private_interfaces, private_bounds, clippy::type_complexity,
            clippy::extra_unused_lifetimes, clippy::extra_unused_type_parameters, clippy::needless_lifetimes,
            clippy::missing_errors_doc, clippy::double_must_use, clippy::needless_pass_by_value, unused_variables,
        )]
        #[must_use]
        #vis fn #handle #generics (#inputs) -> #ty #bounds {
            struct __PerfkitPlace;
            static __PERFKIT_BESIDE: #private::pooled::Beside = #made;
            __PERFKIT_BESIDE.#give
        }
    }
}
