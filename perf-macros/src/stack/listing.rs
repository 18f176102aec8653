//! The static of an attribute, and how a report finds it.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use crate::function::{self, Function};
use crate::instruments;

/// What the list has of an annotation.
pub(super) struct Listing<'l> {
    pub(super) attribute: &'static str,
    /// What tells it from another one of that attribute on the same function.
    pub(super) part: Option<&'static str>,
    /// The `name` option.
    pub(super) name: &'l TokenStream,
}

/// The static of one attribute, and its entry in the list that the linker makes of all of them.
pub(super) fn listing(
    listing: &Listing<'_>,
    function: &Function,
    private: &TokenStream,
    place: &Ident,
    site: &instruments::Site,
) -> TokenStream {
    let Listing {
        attribute,
        part,
        name,
    } = listing;
    let instruments::Site { ty, options } = site;
    // Spanned at the function's name from its first token on: that is the line which the site finds itself at.
    let span = function.name().span();
    let at = function::spanned(private, span);
    let within = part.map(|part| quote_spanned!(span=> .within(#part)));
    let made = quote_spanned! {span=>
        #at::Site::here(#attribute, #name, ::core::any::type_name::<__PerfkitPlace>, #options) #within
    };
    let listed = format_ident!("{place}_LISTED");
    quote! {
        static #place: #private::Site<#ty> = #made;
        #[cfg(any(
            target_os = "none", target_os = "linux", target_os = "macos", target_os = "ios", target_os = "tvos",
            target_os = "windows", target_os = "uefi", target_os = "android", target_os = "fuchsia",
            target_os = "illumos", target_os = "freebsd", target_os = "openbsd", target_os = "psp",
        ))]
        #[#private::linkme::distributed_slice(#private::SITES)]
        #[linkme(crate = #private::linkme)]
        static #listed: &(dyn #private::Observed) = &#place;
    }
}
