//! The factory: what it makes, out of what, and what a call of it answers with.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{ReturnType, Type, parse_quote};

use super::answer::{Gives, check, gives, opaque};
use super::{refuse_receiver, refuse_shape};
use crate::answers::types;
use crate::errors::Errors;
use crate::function::{Answer, Argument, Function, Shape, span_of, spanned};
use crate::instruments::Annotated;
use crate::stack;

/// See the module.
pub(super) struct Making {
    /// As written.
    function: Function,
    answer: TokenStream,
    gives: Gives,
    pub(super) arguments: Vec<Argument>,
    pub(super) is_async: bool,
    pub(super) overflow: bool,
}

impl Making {
    pub(super) fn read(overflow: bool, on: &Annotated<'_>, errors: &mut Errors) -> Self {
        refuse_receiver(on, errors);
        let is_odd = refuse_shape(on, errors);
        let arguments = on.function.arguments();
        for argument in &arguments {
            check(argument, errors);
        }
        let answer = match on.answer {
            Answer::Type(answer) => answer.clone(),
            Answer::Unit | Answer::Never => {
                errors.at(
                    on.function.name(),
                    "`#[pooled]` keeps what this function makes, and it makes nothing; return the resource in a `Result`",
                );
                quote!(())
            }
            Answer::Opaque => quote!(_),
        };
        if let Some(span) = opaque(&on.function.sig.output).filter(|_| !is_odd) {
            errors.at_span(
                span,
                "a pool keeps resources of one type, which needs a name; return the type itself, or `Box<dyn …>`",
            );
        }
        let written = match &on.function.sig.output {
            ReturnType::Type(_, ty) => Some(&**ty),
            ReturnType::Default => None,
        };
        let gives = match written {
            Some(ty) => gives(ty, overflow),
            None => Gives::Alias,
        };
        if let (Gives::Alias, Some(ty)) = (&gives, written)
            && types::cannot_fail(ty)
            && !is_odd
        {
            errors.at(
                ty,
                "a call that waits too long for a resource has no answer of this type; return a `Result` whose error implements \
                 `From<perfkit::Rejected>`, or let whoever comes when all are in use make one more: `#[pooled(overflow)]`",
            );
        }
        Self {
            function: on.function.clone(),
            answer,
            gives,
            arguments,
            is_async: matches!(on.shape, Shape::Async),
            overflow,
        }
    }

    /// The type of what is kept.
    pub(super) fn resource(&self, private: &TokenStream) -> TokenStream {
        let answer = &self.answer;
        match &self.gives {
            Gives::Result(result) => result.resource.to_token_stream(),
            Gives::Alias => self.of_alias("Resource", private),
            Gives::Resource => answer.clone(),
        }
    }

    /// The type of the error.
    pub(super) fn error(&self, private: &TokenStream) -> TokenStream {
        self.of_alias("Error", private)
    }

    fn of_alias(&self, what: &str, private: &TokenStream) -> TokenStream {
        let answer = &self.answer;
        let span = span_of(answer);
        let (at, what) = (spanned(private, span), Ident::new(what, span));
        quote::quote_spanned!(span=> <#answer as #at::pooled::Makes>::#what)
    }

    /// What a call answers with.
    fn given(&self, private: &TokenStream) -> TokenStream {
        let span = span_of(&self.answer);
        let at = spanned(private, span);
        let guard =
            |resource: &TokenStream| quote::quote_spanned!(span=> #at::pooled::Pooled<#resource>);
        match &self.gives {
            Gives::Result(result) => {
                let guard = guard(&result.resource.to_token_stream());
                let mut path = result.path.clone();
                if let Some(first) = types::first_type(&mut path) {
                    *first = Type::Verbatim(guard);
                }
                path.to_token_stream()
            }
            Gives::Alias => self.of_alias("Given", private),
            Gives::Resource => guard(&self.answer),
        }
    }

    /// Changes the signature to what a call of it is.
    ///
    /// An `async fn` cannot say where it was called. Where nothing is borrowed, the same can be said without `async`.
    pub(super) fn sign(&self, function: &mut Function, private: &TokenStream) {
        let given = self.given(private);
        let borrows = !self.function.sig.generics.params.is_empty()
            || self
                .arguments
                .iter()
                .any(|argument| argument.is_reference || types::borrowed(&argument.ty).is_some());
        let sig = &mut function.sig;
        if self.is_async && borrows {
            sig.output = parse_quote!(-> #given);
            return;
        }
        if self.is_async {
            sig.asyncness = None;
            sig.output = parse_quote!(-> impl ::core::future::Future<Output = #given>);
            function
                .attrs
                .push(parse_quote!(#[allow(clippy::manual_async_fn)]));
        } else {
            sig.output = parse_quote!(-> #given);
        }
        let is_known = |attr: &syn::Attribute| attr.path().is_ident("track_caller");
        if !function.attrs.iter().any(is_known) {
            function.attrs.push(parse_quote!(#[track_caller]));
        }
    }

    /// The body, as a block of a sync function or a future.
    fn body(&self, private: &TokenStream) -> TokenStream {
        let body = stack::body_of(&self.function, private);
        if self.is_async {
            body
        } else {
            let answer = &self.answer;
            quote!(#private::made(move || -> #answer { #body }))
        }
    }

    /// The key of the pool, by which the arguments are owned; nothing without arguments.
    pub(super) fn key(&self) -> Option<TokenStream> {
        if self.arguments.is_empty() {
            return None;
        }
        let values = self.arguments.iter().map(|argument| {
            let (name, ty) = (argument.used(), &argument.ty);
            if argument.is_reference {
                quote!(<#ty as ::std::borrow::ToOwned>::to_owned(#name))
            } else if self.overflow {
                // The body may be run here as well.
                quote!(<#ty as ::core::clone::Clone>::clone(&#name))
            } else {
                quote!(#name)
            }
        });
        Some(quote!((#(#values,)*)))
    }

    fn key_type(&self) -> TokenStream {
        let types = self.arguments.iter().map(|argument| {
            let ty = &argument.ty;
            if argument.is_reference {
                quote!(<#ty as ::std::borrow::ToOwned>::Owned)
            } else {
                ty.to_token_stream()
            }
        });
        quote!((#(#types,)*))
    }

    /// The hooks of one pool, without those of the options.
    pub(super) fn hooks(&self, fails_fast: bool, private: &TokenStream) -> TokenStream {
        let resource = self.resource(private);
        let hooks = quote!(#private::pooled::Hooks::<#resource>);
        if self.overflow {
            let blocks = !self.is_async;
            return quote!(#hooks::of_callers(#blocks));
        }
        let body = self.body(private);
        let body = if self.is_async {
            quote!(#body.await)
        } else {
            body
        };
        let told = quote! {
            {
                use #private::pooled::{ByDebug as _, ByDisplay as _, ByName as _};
                (&&&#private::pooled::Told(&__perfkit_error)).text()
            }
        };
        let failed = if fails_fast {
            quote!({
                let __perfkit_text = #told;
                #private::pooled::Failed::whole(__perfkit_error, &__perfkit_text)
            })
        } else {
            quote!(#private::pooled::Failed::told(&#told))
        };
        let make = quote! {
            match #private::pooled::Makes::made(#body) {
                ::core::result::Result::Ok(__perfkit_made) => ::core::result::Result::Ok(__perfkit_made),
                ::core::result::Result::Err(__perfkit_error) => ::core::result::Result::Err(#failed),
            }
        };
        let (arguments, borrowed) = (self.unpacked(), self.borrowed());
        if self.is_async {
            quote!(#hooks::of_tasks(move || { #arguments ::std::boxed::Box::pin(async move { #borrowed #make }) }))
        } else {
            quote!(#hooks::of_threads(move || { #arguments #borrowed #make }))
        }
    }

    /// The arguments out of a copy of the key.
    fn unpacked(&self) -> Option<TokenStream> {
        if self.arguments.is_empty() {
            return None;
        }
        let names = self.arguments.iter().map(|argument| &argument.name);
        Some(quote!(let (#(#names,)*) = ::core::clone::Clone::clone(&__perfkit_key);))
    }

    /// Those that the body wants borrowed, where the owned ones live.
    fn borrowed(&self) -> TokenStream {
        let borrowed = self
            .arguments
            .iter()
            .filter(|argument| argument.is_reference);
        let borrow = |argument: &Argument| {
            let (name, ty) = (argument.used(), &argument.ty);
            quote!(let #name: &#ty = ::core::borrow::Borrow::borrow(&#name);)
        };
        borrowed.map(borrow).collect()
    }

    /// A closure that gives `hooks`, over the key where there is one.
    pub(super) fn closure(&self, hooks: &TokenStream) -> TokenStream {
        if self.arguments.is_empty() {
            return quote!(|| #hooks);
        }
        let key = self.key_type();
        quote! {
            |__perfkit_key: &#key| {
                let __perfkit_key = ::core::clone::Clone::clone(__perfkit_key);
                #hooks
            }
        }
    }

    /// An `Ended` of a resource that is there, or of one that the caller makes.
    pub(super) fn overflowing(
        &self,
        source: &TokenStream,
        at: &Ident,
        private: &TokenStream,
    ) -> TokenStream {
        let body = self.body(private);
        let body = if self.is_async {
            quote!(#body.await)
        } else {
            body
        };
        let (there, made) = match self.gives {
            Gives::Resource => (
                quote!(__perfkit_guard),
                quote!(__perfkit_extra.with(#body, #at)),
            ),
            _ => (
                quote!(::core::result::Result::Ok(__perfkit_guard)),
                quote!(::core::result::Result::map(#body, |__perfkit_made| __perfkit_extra.with(__perfkit_made, #at))),
            ),
        };
        quote! {
            match #source.overflow(#at) {
                ::core::result::Result::Ok(__perfkit_guard) => #private::Ended::Answered(#there),
                ::core::result::Result::Err(__perfkit_extra) => #private::Ended::Answered(#made),
            }
        }
    }
}
