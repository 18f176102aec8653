//! The arguments of a body that may run more than once: each run gets a copy of its own.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};

use crate::errors::Errors;
use crate::function::{Argument, Shape, span_of, spanned};
use crate::instruments::{Annotated, Call};

/// What of the arguments has to be copied.
pub(crate) struct Again {
    arguments: Vec<Argument>,
}

impl Again {
    /// Checks that the body can run again for `attribute`.
    pub(crate) fn read(attribute: &str, on: &Annotated<'_>, errors: &mut Errors) -> Self {
        let is_async = !matches!(on.shape, Shape::Sync);
        let arguments = on.function.arguments();
        for argument in &arguments {
            if argument.is_receiver() && !argument.is_reference {
                errors.at(
                    &argument.name,
                    format!(
                        "`#[{attribute}]` may run the body again, and the first run uses `self` up; take `&self`, or write \
                         it on a function that this method calls"
                    ),
                );
            } else if let (true, Some(mutable)) = (is_async, &argument.mutable) {
                errors.at(
                    mutable,
                    format!(
                        "`#[{attribute}]` may run the body again, and a run that is cancelled may leave this half changed; \
                         take `&` of something with a lock, or give the change back in the answer"
                    ),
                );
            }
        }
        Self { arguments }
    }

    /// Statements before all runs: what is taken by value is kept, as the compiler and clippy expect of it.
    pub(crate) fn kept(&self) -> TokenStream {
        let owned = self.named().filter(|argument| !argument.is_reference);
        owned
            .map(|argument| {
                let (kept, used) = (kept(argument), argument.used());
                quote!(let #kept = #used;)
            })
            .collect()
    }

    /// Statements that give the arguments of one run: copies of what is kept, and references to the same things.
    pub(crate) fn copies(&self, call: &Call<'_>) -> TokenStream {
        self.named()
            .map(|argument| {
                let name = &argument.name;
                match (argument.is_reference, &argument.mutable) {
                    (true, None) => TokenStream::new(),
                    (true, Some(_)) => {
                        let used = argument.used();
                        quote!(let #name = &mut *#used;)
                    }
                    (false, _) => {
                        let copy = copy(argument, kept(argument), call.private);
                        quote!(let #name = #copy;)
                    }
                }
            })
            .collect()
    }

    fn named(&self) -> impl Iterator<Item = &Argument> {
        let arguments = self.arguments.iter();
        arguments.filter(|argument| !argument.is_receiver())
    }
}

/// The local that an argument is kept in.
fn kept(argument: &Argument) -> Ident {
    format_ident!(
        "__perfkit_kept_{}",
        argument.name,
        span = Span::mixed_site()
    )
}

/// A copy of what an argument was given by value, and what is now in the local `of`.
///
/// What cannot be copied is reported at its type, as what the expansion needs: the compiler would propose a `&` in front of
/// what the user has written.
pub(crate) fn copy(argument: &Argument, mut of: Ident, private: &TokenStream) -> TokenStream {
    let span = span_of(&argument.ty.to_token_stream()).resolved_at(Span::mixed_site());
    let private = spanned(private, span);
    of.set_span(of.span().located_at(span));
    quote_spanned!(span=> #private::again(&#of))
}
