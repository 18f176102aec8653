//! The body of a function, as what the innermost attribute stands around.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use crate::function::{self, Answer, Function, Shape};
use crate::instruments::{Annotated, Inner};

/// The body, and statements that stand before the call. Made when the function is called, as without us; unless it has to
/// be made more than once.
pub(super) fn of_body(
    on: &Annotated<'_>,
    private: &TokenStream,
    arrow: &TokenStream,
    repeats: bool,
) -> (TokenStream, Inner) {
    let body = innermost(on, private, arrow);
    match on.shape {
        Shape::Sync => (TokenStream::new(), Inner::Block(body)),
        Shape::Future { .. } if !repeats => {
            let local = Ident::new("__perfkit_made", Span::mixed_site());
            let made = quote!(let #local = #body;);
            (made, Inner::Future(local.into_token_stream()))
        }
        _ => (TokenStream::new(), Inner::Future(body)),
    }
}

/// The body of a function as it was written, for an attribute that runs it elsewhere.
pub(crate) fn written(function: &Function, private: &TokenStream) -> TokenStream {
    let (shape, answer) = function.shape();
    let on = Annotated {
        function,
        shape: &shape,
        answer: &answer,
    };
    innermost(&on, private, &function.closure_type())
}

/// What the innermost attribute wraps: the body, or the future it makes.
fn innermost(on: &Annotated<'_>, private: &TokenStream, arrow: &TokenStream) -> TokenStream {
    let body = match on.shape {
        Shape::Sync => {
            let body = on.function.body();
            let body = match on.answer {
                Answer::Type(_) => body.clone(),
                Answer::Unit | Answer::Never | Answer::Opaque => function::nested(body),
            };
            return on.function.unpacked(body).to_token_stream();
        }
        Shape::Future { .. } => {
            let body = on.function.unpacked(on.function.body().clone());
            return quote!(#private::made(move || -> #arrow #body));
        }
        Shape::Async => on.function.body(),
        Shape::Pinned { block, .. } => block,
    };
    let body = on.function.unpacked(function::nested(body));
    // An async block has no expected type; a return that never happens gives it one, where the user wrote it.
    let (answer, span) = match on.answer {
        Answer::Type(answer) => (answer.clone(), function::span_of(answer)),
        Answer::Unit => (quote!(()), on.function.name().span()),
        Answer::Never => (quote!(::core::convert::Infallible), Span::call_site()),
        Answer::Opaque => (quote!(_), Span::call_site()),
    };
    let never = quote_spanned!(span=> return #private::never::<#answer>(););
    quote!(async move { if false { #never } #body })
}
