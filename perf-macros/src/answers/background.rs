//! A body that also runs in the background, when the call is over: with copies of the arguments.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::Type;

use crate::answers::types;
use crate::errors::Errors;
use crate::function::{Argument, Shape};
use crate::instruments::{Annotated, Call};

/// The arguments to be copied.
pub(crate) struct Background {
    arguments: Vec<Argument>,
    /// Whether the call itself runs it as well.
    runs_first: bool,
}

impl Background {
    /// Checks that the body of a function can run again; `option`, at `word`, asks for it.
    pub(crate) fn read(
        option: &str,
        word: &Ident,
        on: &Annotated<'_>,
        errors: &mut Errors,
    ) -> Self {
        let arguments = on.function.arguments();
        if !matches!(on.shape, Shape::Sync | Shape::Async) {
            errors.at(
                word,
                format!("`{option}` runs the body again in the background; make this an `async fn` for it"),
            );
        }
        for argument in &arguments {
            if argument.is_receiver() {
                if let Some(borrowed) = types::borrowed_receiver(&on.function.sig) {
                    errors.at(
                        borrowed,
                        format!(
                            "`{option}` runs the body again when the call is over, and what `self` borrows is not there any \
                             more; take `self: Arc<Self>`, `&'static self`, or `self` itself if it can be cloned"
                        ),
                    );
                }
            } else if let Type::ImplTrait(ty) = &argument.ty {
                errors.at(
                    ty,
                    format!(
                        "`{option}` runs the body again with copies of its arguments, whose types need names; write a \
                         generic parameter: `fn f<T: …>(…: T)`"
                    ),
                );
            } else if let Some(borrow) = types::borrowed(&argument.ty) {
                errors.at_span(
                    borrow,
                    format!(
                        "`{option}` runs the body again when the call is over, and what this borrows is not there any \
                         more; take it owned, or as a plain `&T`"
                    ),
                );
            }
        }
        Self {
            arguments,
            runs_first: true,
        }
    }

    /// A body that runs in the background and nowhere else; the call answers `()`.
    pub(crate) fn alone(self) -> Self {
        Self {
            runs_first: false,
            ..self
        }
    }

    /// What the body is given: all but `self`, which the closure around it has, and a copy of the closure a copy of it.
    fn given(&self) -> impl Iterator<Item = &Argument> {
        let all = self.arguments.iter();
        all.filter(|argument| !argument.is_receiver())
    }

    /// The parameters of the body, as a closure has them.
    fn parameters(&self) -> impl Iterator<Item = TokenStream> {
        self.given().map(|argument| {
            let Argument {
                name,
                ty,
                is_reference,
                ..
            } = argument;
            let reference = is_reference.then(|| quote!(&));
            // It may be used by the key alone.
            quote!(#[allow(unused_variables)] #name: #reference #ty)
        })
    }

    fn names(&self) -> impl Iterator<Item = Ident> {
        self.given().map(Argument::used)
    }

    /// The body as a closure, called by the call itself and, through `refresh`, in the background.
    pub(crate) fn around(&self, call: &Call<'_>, parts: &Parts<'_>) -> TokenStream {
        let Call { arrow, local, .. } = call;
        let Parts {
            looked,
            judge,
            shared,
            body,
            is_async,
        } = parts;
        let mixed = |name: &str| Ident::new(name, Span::mixed_site());
        let (refresh, run, once_more) = (
            mixed("__perfkit_refresh"),
            mixed("__perfkit_body"),
            mixed("__perfkit_again"),
        );
        let (parameters, names) = (self.parameters(), self.names());
        let copies: Vec<_> = (0..self.given().count())
            .map(|n| format_ident!("__perfkit_copy_{n}", span = Span::mixed_site()))
            .collect();
        let values = self.given().map(|argument| {
            let (name, ty) = (argument.used(), &argument.ty);
            if argument.is_reference {
                quote!(<#ty as ::std::borrow::ToOwned>::to_owned(#name))
            } else {
                quote!(<#ty as ::core::clone::Clone>::clone(&#name))
            }
        });
        let given = self.given().zip(&copies).map(|(argument, copy)| {
            if argument.is_reference {
                quote!(::core::borrow::Borrow::borrow(&#copy))
            } else {
                copy.to_token_stream()
            }
        });
        let (closure, start, first, or_load) = if *is_async {
            (
                quote!(async move |#(#parameters),*| -> #arrow { #body.await }),
                quote!(start_async(#judge, #shared, async move { #once_more(#(#given),*).await })),
                quote!(async move { #run(#(#names),*).await }),
                format_ident!("or_load_async"),
            )
        } else {
            (
                quote!(move |#(#parameters),*| -> #arrow #body),
                quote!(start(#judge, #shared, move || #once_more(#(#given),*))),
                quote!(move || #run(#(#names),*)),
                format_ident!("or_load"),
            )
        };
        let first = match (self.runs_first, is_async) {
            (true, _) => first,
            (false, true) => quote!(async move {}),
            (false, false) => quote!(move || ()),
        };
        quote! {
            let (#local, #refresh) = #looked;
            let #run = #closure;
            if let ::core::option::Option::Some(#refresh) = #refresh {
                #(let #copies = #values;)*
                let #once_more = ::core::clone::Clone::clone(&#run);
                #refresh.#start;
            }
            #local.#or_load(#judge, #shared, #first)
        }
    }
}

/// What the closure stands between.
pub(crate) struct Parts<'p> {
    /// What a call has found, and its refresh.
    pub(crate) looked: TokenStream,
    /// Whether an answer is an error.
    pub(crate) judge: &'p TokenStream,
    /// How an error is shared.
    pub(crate) shared: &'p TokenStream,
    /// A block, or a future.
    pub(crate) body: TokenStream,
    pub(crate) is_async: bool,
}
