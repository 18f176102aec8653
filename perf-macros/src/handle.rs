//! `load_cache()` beside `load`: a function that gives what an attribute has for the function it stands on.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Visibility;
use syn::ext::IdentExt;

use crate::errors::Errors;
use crate::function::{Function, spanned};
use crate::instruments::{Annotated, Beside};
use crate::options::{Given, Kind, Spec};

/// `handle`: whether there is one.
pub(crate) const HANDLE: Spec = Spec {
    name: "handle",
    kind: Kind::Flag,
    example: " = false",
};

/// Whether there is one. By default wherever it can stand.
pub(crate) fn wanted(given: &mut Given, on: &Annotated<'_>) -> bool {
    let handle = given.take(&HANDLE);
    handle.map_or_else(|| stands(on.function), |handle| handle.is_on())
}

/// The same for a handle that has the generics of the function, to find the instance of the same name: it cannot where an
/// argument is an `impl Trait`, which only the function itself is generic over.
pub(crate) fn of_instance(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> bool {
    let inputs = &on.function.sig.inputs;
    if !names(inputs.to_token_stream(), &["impl"]) {
        return wanted(given, on);
    }
    let asked = given.take(&HANDLE).is_some_and(|handle| handle.is_on());
    if let (true, Some(word)) = (asked, given.word(&HANDLE)) {
        errors.at(
            word,
            "the handle has the generic parameters of the function, and an `impl Trait` is one without a name; write \
             `fn f<T: …>(…: T)`, or leave `handle` out",
        );
    }
    false
}

/// Whether it is sure that a function may stand beside this one: not in the implementation of a trait, which has no room
/// for it. What has a visibility is in none, and neither is, as good as always, what speaks of no `self` and no `Self`.
pub(crate) fn stands(function: &Function) -> bool {
    !matches!(function.vis(), Visibility::Inherited) || is_free(function)
}

/// Whether a function stands in no `impl`, as far as its words tell.
pub(crate) fn is_free(function: &Function) -> bool {
    function.sig.receiver().is_none()
        && !names_self(function.sig.to_token_stream())
        && !names_self(function.body().to_token_stream())
}

fn names_self(tokens: TokenStream) -> bool {
    names(tokens, &["Self", "self"])
}

/// Whether one of these words stands anywhere in it.
pub(crate) fn names(tokens: TokenStream, words: &[&str]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => words.iter().any(|wanted| word == wanted),
        TokenTree::Group(group) => names(group.stream(), words),
        _ => false,
    })
}

/// What there is to know of one.
pub(crate) struct Handle {
    /// The attribute it belongs to.
    pub(crate) attribute: &'static str,
    /// What its name has behind that of the function: `cache`.
    pub(crate) word: &'static str,
    /// What it gives, up to the name of the function: `The cache of`.
    pub(crate) doc: &'static str,
    /// The module of `__private` with the `Beside` that it asks.
    pub(crate) module: &'static str,
    /// A `fn() -> Settings`.
    pub(crate) settings: TokenStream,
    /// Whether it has the generics of the function.
    pub(crate) is_generic: bool,
    /// What it takes.
    pub(crate) inputs: TokenStream,
    pub(crate) ty: TokenStream,
    /// What is asked of the `Beside`.
    pub(crate) give: TokenStream,
}

impl Handle {
    /// The function.
    pub(crate) fn written(&self, at: &Beside<'_>) -> TokenStream {
        let Beside {
            private,
            function,
            name,
        } = at;
        let Self {
            attribute,
            word,
            doc,
            settings,
            inputs,
            ty,
            give,
            ..
        } = self;
        let of = function.name();
        let (plain, vis) = (of.unraw().to_string(), function.vis());
        let handle = format_ident!("{plain}_{word}", span = of.span());
        let handle_name = handle.to_string();
        let doc = format!("{doc} `{plain}`. See `#[{attribute}]`.");
        let (generics, bounds) = match &function.sig.generics {
            generics if self.is_generic => (Some(generics), generics.where_clause.as_ref()),
            _ => (None, None),
        };
        let conditions = function
            .attrs
            .iter()
            .filter(|attr| attr.path().is_ident("cfg"));
        let module = format_ident!("{}", self.module, span = Span::mixed_site());
        let here = spanned(private, of.span());
        let named = quote_spanned! {of.span()=>
            #here::Named::here(#attribute, #name, ::core::any::type_name::<__PerfkitPlace>, (#handle_name, #plain))
        };
        quote! {
            #(#conditions)*
            #[doc = #doc]
            #[allow(
                dead_code, unreachable_pub, private_interfaces, private_bounds, unused_variables,
                clippy::double_must_use, clippy::extra_unused_lifetimes, clippy::extra_unused_type_parameters,
                clippy::missing_errors_doc, clippy::needless_lifetimes, clippy::needless_pass_by_value,
                clippy::type_complexity,
            )]
            #[must_use]
            #vis fn #handle #generics (#inputs) -> #ty #bounds {
                struct __PerfkitPlace;
                static __PERFKIT_BESIDE: #private::#module::Beside = #private::#module::Beside::new(#named, #settings);
                __PERFKIT_BESIDE.#give
            }
        }
    }
}
