//! `load_cache()` beside `load`: a function that gives what is kept.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::answers::Answers;
use crate::errors::Errors;
use crate::function::{span_of, spanned};
use crate::handle::{self, HANDLE};
use crate::instruments::{Annotated, Beside};
use crate::options::Given;

/// Whether there is one: where its type can be written, too.
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
        None => named && handle::stands(on.function),
    }
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

    fn doc(self) -> &'static str {
        match self {
            Self::Cache => "The answers kept by",
            Self::Lazy => "What is loaded by",
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
    pub(crate) fn written(self, at: &Beside<'_>) -> Option<TokenStream> {
        let private = at.private;
        let Self {
            answers,
            gives,
            attribute,
            settings,
            hooks,
        } = self;
        let key = answers.key.ty(private)?;
        let kept = super::types::without_lifetimes(answers.kept(private));
        // Spanned at the answer, as in the function: one complaint about it is enough.
        let span = span_of(&kept);
        let of = spanned(private, span);
        let value = quote_spanned!(span=> <#kept as #of::Kept>::Value);
        let types = match gives {
            Gives::Cache => quote!(#key, #value),
            Gives::Lazy => value,
        };
        let give = Ident::new(gives.word(), span);
        let handle = handle::Handle {
            attribute,
            word: gives.word(),
            doc: gives.doc(),
            module: "cache",
            settings,
            is_generic: true,
            inputs: TokenStream::new(),
            ty: gives.ty(&of, span, &types),
            give: quote!(#give::<#types, _>(#hooks)),
        };
        Some(handle.written(at))
    }
}
