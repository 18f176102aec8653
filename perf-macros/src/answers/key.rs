//! What an answer is found by: the arguments, or an expression over them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Type};

use crate::answers::{IGNORE, KEY, KEY_TYPE, types};
use crate::errors::Errors;
use crate::function::{Argument, span_of, spanned};
use crate::instruments::Annotated;
use crate::options::{Given, Value};

/// How many parts a key has at most: the longest tuple that is one.
const LONGEST: usize = 12;

/// What an answer is found by.
pub(crate) enum Key {
    /// Some of the arguments.
    Arguments(Vec<Argument>),
    /// An expression over them, and its type.
    Expression(Box<Value>, Option<Box<Value>>),
}

impl Key {
    /// Reads `key = …`, `key_type = …` and `ignore(…)`, and checks the arguments.
    pub(crate) fn read(given: &mut Given, on: &Annotated<'_>, errors: &mut Errors) -> Self {
        let mut arguments = on.function.arguments();
        refuse_mutable(&arguments, errors);
        let (key, ty, ignore) = (given.take(&KEY), given.take(&KEY_TYPE), given.take(&IGNORE));
        if let (Some(_), Some(_), Some(word)) = (&key, &ignore, given.word(&IGNORE)) {
            errors.at(
                word,
                "`key` says all that the answer depends on, so there is nothing left to ignore; write one of the two",
            );
        }
        if let (None, Some(_), Some(word)) = (&key, &ty, given.word(&KEY_TYPE)) {
            errors.at(
                word,
                "`key_type` is the type of `key = …`, which is not given; without it the key is made of the arguments",
            );
        }
        for name in ignore.iter().flat_map(Value::names) {
            let before = arguments.len();
            arguments.retain(|argument| argument.name != *name);
            if arguments.len() == before {
                errors.at(name, unknown(name, &arguments));
            }
        }
        let Some(key) = key else {
            if let Some(first_over) = arguments.get(LONGEST) {
                errors.at(
                    &first_over.name,
                    format!("a key has at most {LONGEST} parts; say what the answer depends on: `key = …`"),
                );
            }
            return Self::Arguments(arguments);
        };
        match key.expr().and_then(|expr| chosen(expr, &arguments)) {
            Some(chosen) if ty.is_none() => Self::Arguments(chosen),
            _ => Self::Expression(Box::new(key), ty.map(Box::new)),
        }
    }

    /// An expression that can be looked for: it borrows the arguments.
    pub(crate) fn lookup(&self, private: &TokenStream) -> TokenStream {
        match self {
            Self::Arguments(arguments) => {
                let parts = arguments.iter().map(|argument| part(argument, private));
                if arguments.len() == 1 {
                    quote!(#(#parts)*)
                } else {
                    quote!((#(#parts),*))
                }
            }
            Self::Expression(key, _) => match key.expr() {
                // Each element in its own way: one may have to be taken apart, another one cannot.
                Some(Expr::Tuple(tuple)) if (2..=LONGEST).contains(&tuple.elems.len()) => {
                    let parts = tuple.elems.iter().map(|part| value(part, private));
                    quote!((#(#parts),*))
                }
                _ => value(&key.tokens(), private),
            },
        }
    }

    /// Where a complaint about it belongs; nothing when its parts have places of their own.
    pub(crate) fn span(&self) -> Option<Span> {
        match self {
            Self::Arguments(_) => None,
            Self::Expression(key, _) => Some(span_of(&key.tokens())),
        }
    }

    /// The type of the key for the function itself, which knows what its arguments become.
    pub(crate) fn own_type(&self, private: &TokenStream) -> TokenStream {
        match self {
            Self::Arguments(_) => None,
            Self::Expression(..) => self.ty(private),
        }
        .unwrap_or_else(|| quote!(_))
    }

    /// The traits that [`Key::lookup`] needs in scope.
    pub(crate) fn imports(&self, private: &TokenStream) -> Option<TokenStream> {
        matches!(self, Self::Expression(..))
            .then(|| quote!(use #private::{ByStructure as _, ByValue as _};))
    }

    /// The type of the key, where it can be named outside of the function.
    pub(crate) fn ty(&self, private: &TokenStream) -> Option<TokenStream> {
        match self {
            Self::Arguments(arguments) => {
                let types: Option<Vec<_>> = arguments
                    .iter()
                    .map(|argument| owned(&argument.ty, argument.is_reference, private))
                    .collect();
                let types = types?;
                Some(match types.as_slice() {
                    [ty] => ty.clone(),
                    types => quote!((#(#types),*)),
                })
            }
            Self::Expression(_, ty) => {
                let ty = syn::parse2(ty.as_ref()?.tokens()).ok()?;
                owned(&ty, false, private)
            }
        }
    }
}

/// The value of an expression, to be looked for.
fn value(expr: &impl ToTokens, private: &TokenStream) -> TokenStream {
    let expr = expr.to_token_stream();
    let span = span_of(&expr);
    let private = spanned(private, span.resolved_at(Span::mixed_site()));
    quote_spanned!(span=> #private::KeyOf(&(#expr)).lookup())
}

/// One argument, to be looked for. Spanned at its type, because it is that which cannot be a key.
fn part(argument: &Argument, private: &TokenStream) -> TokenStream {
    let Argument {
        ty, is_reference, ..
    } = argument;
    let name = argument.used();
    let span = span_of(&ty.to_token_stream());
    let private = spanned(private, span);
    let part = Ident::new(
        if types::needs_structure(ty) {
            "deep_part"
        } else {
            "part"
        },
        span,
    );
    if *is_reference {
        quote_spanned!(span=> #private::#part(#name))
    } else {
        quote_spanned!(span=> #private::#part(&#name))
    }
}

/// The type of the key that a value becomes.
fn owned(ty: &Type, is_reference: bool, private: &TokenStream) -> Option<TokenStream> {
    if let Type::ImplTrait(_) = ty {
        return None;
    }
    if types::needs_structure(ty) {
        let ty = types::without_lifetimes(ty.to_token_stream());
        return Some(quote!(<#ty as #private::CacheKey>::Owned));
    }
    Some(if is_reference {
        quote!(<#ty as ::std::borrow::ToOwned>::Owned)
    } else {
        ty.to_token_stream()
    })
}

/// The arguments that an expression is made of, when it is nothing but one of them or a tuple of some.
fn chosen(expr: &Expr, arguments: &[Argument]) -> Option<Vec<Argument>> {
    let named = |expr: &Expr| {
        let Expr::Path(path) = expr else {
            return None;
        };
        let name = path.path.get_ident()?;
        arguments.iter().find(|a| a.name == *name).cloned()
    };
    match expr {
        Expr::Tuple(tuple) if (2..=LONGEST).contains(&tuple.elems.len()) => {
            tuple.elems.iter().map(named).collect()
        }
        Expr::Paren(paren) => chosen(&paren.expr, arguments),
        other => Some(vec![named(other)?]),
    }
}

/// What a call writes is lost when its answer is found.
fn refuse_mutable(arguments: &[Argument], errors: &mut Errors) {
    for argument in arguments {
        let span = argument
            .mutable
            .map(|mutable| span_of(&mutable.to_token_stream()))
            .or_else(|| types::mutable(argument.ty.to_token_stream()));
        let Some(span) = span else {
            continue;
        };
        errors.at_span(
            span,
            if argument.is_receiver() {
                "what a call changes in `self` would not happen when its answer is found; take `&self`, or annotate the \
                 part that only reads"
            } else {
                "what a call writes through a `&mut` would not happen when its answer is found; return it as part of the \
                 answer"
            },
        );
    }
}

fn unknown(name: &Ident, arguments: &[Argument]) -> String {
    // One that is a pattern has no name that the user wrote.
    let known: Vec<_> = arguments
        .iter()
        .filter(|argument| !argument.name.to_string().starts_with("__perfkit"))
        .map(|argument| format!("`{}`", argument.name))
        .collect();
    if known.is_empty() {
        format!("no argument is called `{name}`")
    } else {
        format!(
            "no argument is called `{name}`; there is {}",
            known.join(", ")
        )
    }
}
