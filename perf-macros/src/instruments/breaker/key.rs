//! `by = …`: the key whose breaker a call has.
//!
//! The body runs between admission and verdict, and the key is asked for in both. What the body may take with it, an
//! argument that is no shared reference, the key cannot borrow: it is copied before. Else it is looked for as it is, and
//! nothing is allocated.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::Expr;

use crate::function::{Argument, Shape, span_of, spanned};
use crate::instruments::Annotated;
use crate::options::Value;

/// See the module.
pub(super) struct Key {
    by: Value,
    holds: Holds,
}

/// What a call has of its key.
#[derive(Clone, Copy)]
enum Holds {
    /// An argument that is a shared reference: the same one.
    Argument,
    /// A reference to what `by` gives.
    Borrowed,
    /// The key itself.
    Owned,
}

impl Key {
    pub(super) fn read(by: Value, on: &Annotated<'_>) -> Self {
        let arguments = on.function.arguments();
        let is_shared = |argument: &Argument| argument.is_reference && argument.mutable.is_none();
        let named = |name: &Ident| arguments.iter().find(|argument| argument.name == *name);
        let is_argument = match by.expr() {
            Some(Expr::Path(path)) => path.path.get_ident().and_then(named).is_some_and(is_shared),
            _ => false,
        };
        let holds = if is_argument {
            Holds::Argument
        } else if matches!(on.shape, Shape::Sync | Shape::Async)
            && !names(by.tokens(), &|name| {
                named(name).is_some_and(|argument| !is_shared(argument))
            })
        {
            Holds::Borrowed
        } else {
            // A future that is made elsewhere outlives what it could borrow from.
            Holds::Owned
        };
        Self { by, holds }
    }

    /// The statement that evaluates it, before any argument moves.
    pub(super) fn kept(&self, local: &Ident, private: &TokenStream) -> TokenStream {
        let by = self.by.tokens();
        // What cannot be a key is reported where it stands.
        let span = span_of(&by).resolved_at(Span::mixed_site());
        let at = spanned(private, span);
        match self.holds {
            Holds::Argument => quote_spanned!(span=> let #local = #by;),
            Holds::Borrowed => quote_spanned!(span=> let #local = &(#by);),
            Holds::Owned => quote_spanned! {span=>
                let #local = {
                    use #at::{ByStructure as _, ByValue as _};
                    #at::breaker::owned(&#at::KeyOf(&(#by)).lookup())
                };
            },
        }
    }

    /// What it is looked for by.
    pub(super) fn lookup(&self, local: &Ident, private: &TokenStream) -> TokenStream {
        let span = span_of(&self.by.tokens()).resolved_at(Span::mixed_site());
        let at = spanned(private, span);
        match self.holds {
            Holds::Argument | Holds::Borrowed => quote_spanned! {span=> {
                use #at::{ByStructure as _, ByValue as _};
                #at::KeyOf(#local).lookup()
            }},
            Holds::Owned => quote!(&#local),
        }
    }
}

/// Whether an expression has a word in it that is wanted.
fn names(tokens: TokenStream, wanted: &dyn Fn(&Ident) -> bool) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => wanted(&word),
        TokenTree::Group(group) => names(group.stream(), wanted),
        _ => false,
    })
}
