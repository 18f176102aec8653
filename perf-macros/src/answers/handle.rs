//! `load_cache()` beside `load`: a function that gives what is kept.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Visibility;
use syn::ext::IdentExt;

use crate::answers::{Answers, HANDLE};
use crate::errors::Errors;
use crate::function::{Function, span_of, spanned};
use crate::instruments::{Annotated, Beside};
use crate::options::Given;

/// Whether there is one.
///
/// By default wherever it can stand: not in the implementation of a trait, which has no room for a function of its own.
/// What has a visibility is in none, and neither is, as good as always, what speaks of no `self` and no `Self`.
pub(crate) fn wanted(
    given: &mut Given,
    answers: &Answers,
    on: &Annotated<'_>,
    errors: &mut Errors,
) -> bool {
    let named = answers.key.ty(&TokenStream::new()).is_some();
    match given.take(&HANDLE) {
        Some(handle) if handle.is_on() && !named => {
            if let Some(word) = given.word(&HANDLE) {
                errors.at(
                    word,
                    "the handle has the type of the key in its signature; write it: `key_type = (u64, String)`",
                );
            }
            false
        }
        Some(handle) => handle.is_on(),
        None => named && stands(on.function),
    }
}

/// Whether it is sure that a function may stand beside this one.
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
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "Self" || word == "self",
        TokenTree::Group(group) => names_self(group.stream()),
        _ => false,
    })
}

/// What a handle gives.
#[derive(Clone, Copy)]
pub(crate) enum Gives {
    /// `load_cache()`, a value of each key.
    Cache,
    /// `load_lazy()`, one value.
    Lazy,
}

impl Gives {
    fn word(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Lazy => "lazy",
        }
    }

    fn doc(self, function: &str, attribute: &str) -> String {
        match self {
            Self::Cache => {
                format!("The answers that `{function}` keeps, by their key. See `#[{attribute}]`.")
            }
            Self::Lazy => format!("What `{function}` has loaded. See `#[{attribute}]`."),
        }
    }

    fn ty(self, private: &TokenStream, span: Span, types: &TokenStream) -> TokenStream {
        let handle = match self {
            Self::Cache => quote!(Cache),
            Self::Lazy => quote!(Lazy),
        };
        quote_spanned!(span=> #private::cache::#handle<#types>)
    }
}

/// What the handle of a function needs to know.
pub(crate) struct Handle<'h> {
    pub(crate) answers: &'h Answers,
    pub(crate) gives: Gives,
    pub(crate) attribute: &'static str,
    pub(crate) settings: TokenStream,
    pub(crate) hooks: TokenStream,
}

impl Handle<'_> {
    /// The function that gives the cache.
    pub(crate) fn written(&self, at: &Beside<'_>) -> Option<TokenStream> {
        let Beside {
            private,
            function,
            name,
        } = at;
        let key = self.answers.key.ty(private)?;
        let kept = super::types::without_lifetimes(self.answers.kept(private));
        // Spanned at the answer, as in the function: one complaint about it is enough.
        let span = span_of(&kept);
        let at = spanned(private, span);
        let value = quote_spanned!(span=> <#kept as #at::Kept>::Value);
        let Self {
            gives,
            attribute,
            settings,
            hooks,
            ..
        } = self;
        let of: &Ident = function.name();
        let (plain, vis) = (of.unraw().to_string(), function.vis());
        let handle = format_ident!("{plain}_{}", gives.word(), span = of.span());
        let handle_name = handle.to_string();
        let (generics, bounds) = (&function.sig.generics, &function.sig.generics.where_clause);
        let conditions = function
            .attrs
            .iter()
            .filter(|attr| attr.path().is_ident("cfg"));
        let doc = gives.doc(&plain, attribute);
        let types = match gives {
            Gives::Cache => quote!(#key, #value),
            Gives::Lazy => value,
        };
        let ty = gives.ty(&at, span, &types);
        let give = Ident::new(gives.word(), span);
        let here = spanned(private, of.span());
        let made = quote_spanned! {of.span()=>
            #here::cache::Beside::here(
                #attribute, #name, ::core::any::type_name::<__PerfkitPlace>, (#handle_name, #plain), #settings
            )
        };
        Some(quote! {
            #(#conditions)*
            #[doc = #doc]
            #[allow(
                dead_code, unreachable_pub, private_interfaces, private_bounds, clippy::type_complexity,
                clippy::extra_unused_lifetimes, clippy::extra_unused_type_parameters, clippy::needless_lifetimes,
            )]
            #[must_use]
            #vis fn #handle #generics () -> #ty #bounds {
                struct __PerfkitPlace;
                static __PERFKIT_BESIDE: #private::cache::Beside = #made;
                __PERFKIT_BESIDE.#give::<#types, _>(#hooks)
            }
        })
    }
}
