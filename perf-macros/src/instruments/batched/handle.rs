//! `user_by_id_batcher()` beside `user_by_id`: a function that gives the batcher.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{FnArg, GenericParam, Pat, Type};

use super::answer::Given as Answers;
use super::group::Group;
use crate::handle::{self, is_free};
use crate::instruments::Beside;

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
        let private = at.private;
        let item = self.item;
        let (key, one) = (
            self.group.ty(private),
            self.answers.one(&quote!(#item), private),
        );
        let call = self.call(at);
        let handle = handle::Handle {
            attribute: "batched",
            word: "batcher",
            doc: "The batcher in front of",
            module: "batched",
            settings: self.settings.clone(),
            is_generic: true,
            inputs: TokenStream::new(),
            ty: quote!(#private::batched::Batcher<#item, #one, #key>),
            give: quote!(batcher::<#key, #item, #one, #one, _, _>(|| (), #call)),
        };
        handle.written(at)
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
