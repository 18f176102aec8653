//! `user_by_id_batcher()` beside `user_by_id`: a function that gives the batcher.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{FnArg, GenericParam, Pat, Type, Visibility};

use super::answer::Given as Answers;
use super::group::Group;
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

/// See the module.
pub(super) struct Handle<'h> {
    pub(super) item: &'h Type,
    pub(super) items: &'h Ident,
    pub(super) group: &'h Group,
    pub(super) answers: &'h Answers,
    pub(super) settings: TokenStream,
    pub(super) is_async: bool,
}

impl Handle<'_> {
    pub(super) fn written(&self, at: &Beside<'_>) -> TokenStream {
        let Beside {
            private,
            function,
            name,
        } = at;
        let Self {
            item,
            group,
            settings,
            ..
        } = self;
        let of = function.name();
        let (plain, vis) = (of.unraw().to_string(), function.vis());
        let handle = format_ident!("{plain}_batcher", span = of.span());
        let handle_name = handle.to_string();
        let (generics, bounds) = (&function.sig.generics, &function.sig.generics.where_clause);
        let conditions = function
            .attrs
            .iter()
            .filter(|attr| attr.path().is_ident("cfg"));
        let doc = format!("The batcher in front of `{plain}`. See `#[batched]`.");
        let (key, one) = (group.ty(private), self.answers.one(&quote!(#item), private));
        let call = self.call(at);
        let here = spanned(private, of.span());
        let made = quote_spanned! {of.span()=>
            #here::batched::Beside::here(
                "batched", #name, ::core::any::type_name::<__PerfkitPlace>, (#handle_name, #plain), #settings
            )
        };
        quote! {
            #(#conditions)*
            #[doc = #doc]
            #[allow(
                dead_code, unreachable_pub, private_interfaces, private_bounds, clippy::type_complexity,
                clippy::extra_unused_lifetimes, clippy::extra_unused_type_parameters, clippy::needless_lifetimes,
            )]
            #[must_use]
            #vis fn #handle #generics () -> #private::batched::Batcher<#item, #one, #key> #bounds {
                struct __PerfkitPlace;
                static __PERFKIT_BESIDE: #private::batched::Beside = #made;
                __PERFKIT_BESIDE.batcher::<#key, #item, #one, #one, _, _>(|| (), #call)
            }
        }
    }

    /// A closure that calls the function.
    fn call(&self, at: &Beside<'_>) -> TokenStream {
        let (private, function) = (at.private, at.function);
        let (parts, mut values) = self.group.parts(private);
        let (key, item) = (self.group.ty(private), self.item);
        for input in &function.sig.inputs {
            if let FnArg::Typed(typed) = input
                && let Pat::Ident(pat) = &*typed.pat
            {
                let name = &pat.ident;
                values.push(quote!(#name));
            }
        }
        let name = function.name();
        let types: Vec<_> = function
            .sig
            .generics
            .params
            .iter()
            .filter_map(|parameter| match parameter {
                GenericParam::Type(ty) => Some(&ty.ident),
                GenericParam::Const(constant) => Some(&constant.ident),
                GenericParam::Lifetime(_) => None,
            })
            .collect();
        let turbofish = (!types.is_empty()).then(|| quote!(::<#(#types),*>));
        // Nothing tells what stands in an `impl` and speaks of no `Self`; it is taken for free.
        let path = if self.group.has_receiver() || !is_free(function) {
            quote!(Self::#name)
        } else {
            quote!(#name)
        };
        let awaited = self.is_async.then(|| quote!(.await));
        let items = self.items;
        quote! {
            |#parts: #key, #items: #item| ::std::boxed::Box::pin(async move { #path #turbofish (#(#values),*) #awaited })
        }
    }
}
