//! What an attribute stands around.
//!
//! The body gives an answer. A policy may give one in its place, and those further out must be able to tell: so policies
//! stand around an `Ended`, an expression that is the same for sync and async functions but for what it awaits. Nothing is
//! nested where an expression will do; a future is made where one is polled beside another, and where an attribute that
//! stands around answers is next.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::quote;

use crate::call::Call;

/// What stands further in, as an expression.
pub(crate) enum Inner {
    /// Gives the answer of a sync function: one expression, or statements that end in one.
    Block(TokenStream),
    /// A future of the answer.
    Future(TokenStream),
    /// An answer that nobody has given in place of the body; it may await in an async function.
    Answer(TokenStream),
    /// An `Ended`; it may await in an async function.
    Ended(TokenStream),
    /// A future of an `Ended`.
    Ending(TokenStream),
}

impl Inner {
    /// An expression that gives an `Ended`, and may await in an async function.
    pub(crate) fn ended(self, call: &Call<'_>) -> TokenStream {
        let private = call.private;
        match self {
            Self::Block(block) => {
                let made = call.made(&braced(block));
                quote!(#private::Ended::Answered(#made))
            }
            Self::Future(future) => quote!(#private::Ended::Answered(#future.await)),
            Self::Answer(answer) => quote!(#private::Ended::Answered(#answer)),
            Self::Ended(ended) => ended,
            Self::Ending(ending) => quote!(#ending.await),
        }
    }

    /// A future of an `Ended`. Of a sync function there is none.
    pub(crate) fn ending(self, call: &Call<'_>) -> TokenStream {
        let private = call.private;
        match self {
            Self::Future(future) => quote!(#private::answered(#future)),
            Self::Ending(ending) => ending,
            inner => {
                let ended = inner.ended(call);
                quote!(async move { #ended })
            }
        }
    }

    /// The same around the answer: a block, or a future.
    pub(crate) fn settled(self, call: &Call<'_>) -> Self {
        match self {
            Self::Answer(answer) if call.is_async => Self::Future(quote!(async move { #answer })),
            Self::Answer(answer) => Self::Block(answer),
            Self::Ended(ended) => {
                let settled = call.settled(&ended);
                if call.is_async {
                    Self::Future(quote!(async move { #settled }))
                } else {
                    Self::Block(settled)
                }
            }
            Self::Ending(ending) => {
                let private = call.private;
                if call.rejects_within {
                    let make = call.make();
                    Self::Future(quote!(#private::settled(#ending, #make)))
                } else {
                    let settled = call.settled(&quote!(#ending.await));
                    Self::Future(quote!(async move { #settled }))
                }
            }
            inner => inner,
        }
    }

    /// A future of the answer. Of a sync function there is none.
    pub(crate) fn future(self, call: &Call<'_>) -> TokenStream {
        match self.settled(call) {
            Self::Future(future) => future,
            inner => {
                let last = inner.last(call);
                quote!(async move { #last })
            }
        }
    }

    /// The answer as the block of a sync function.
    pub(crate) fn block(self, call: &Call<'_>) -> TokenStream {
        match self {
            Self::Block(block) | Self::Answer(block) => braced(block),
            inner => {
                let ended = inner.ended(call);
                braced(call.settled(&ended))
            }
        }
    }

    /// The answer as the last expression of a function; where it is async, of one that can await.
    pub(crate) fn last(self, call: &Call<'_>) -> TokenStream {
        match self {
            Self::Block(block) | Self::Answer(block) => block,
            Self::Future(future) => quote!(#future.await),
            inner => {
                let ended = inner.ended(call);
                call.settled(&ended)
            }
        }
    }
}

/// Braces around it, unless it is in some already: those of the user's stay as they are.
fn braced(block: TokenStream) -> TokenStream {
    let mut tokens = block.clone().into_iter();
    let is_braced = matches!(
        (tokens.next(), tokens.next()),
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Brace
    );
    if is_braced { block } else { quote!({ #block }) }
}
