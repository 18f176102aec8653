//! Functions whose answers are kept: what an answer is found by, how much of it is kept, and who may look at it.
//!
//! `#[cached]` and `#[memoized]` differ in their options and share everything else, which is here: the key is made of the
//! arguments ([`key`]), or of an expression over them; of a `Result` the success is kept; and a function beside the
//! annotated one gives the kept answers by their key ([`handle`]).

pub(crate) mod background;
pub(crate) mod handle;
pub(crate) mod key;
mod look;
pub(crate) mod persist;
pub(crate) mod types;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{PathArguments, PathSegment, Type};

use crate::answers::key::Key;
pub(crate) use crate::answers::look::Look;
use crate::errors::Errors;
use crate::function::{Answer, span_of, spanned};
use crate::instruments::{Annotated, Call};
use crate::options::{Kind, Spec};

/// `key = …`: what the answer depends on.
pub(crate) const KEY: Spec = Spec {
    name: "key",
    kind: Kind::Expression,
    example: "(self.id, name)",
};
/// `key_type = …`: the type of that.
pub(crate) const KEY_TYPE: Spec = Spec {
    name: "key_type",
    kind: Kind::Type,
    example: "(u64, String)",
};
/// `ignore(…)`: what it does not depend on.
pub(crate) const IGNORE: Spec = Spec {
    name: "ignore",
    kind: Kind::Names,
    example: "(self)",
};
/// `max_size = …`: how many answers.
pub(crate) const MAX_SIZE: Spec = Spec {
    name: "max_size",
    kind: Kind::Count,
    example: "10_000",
};
/// How the answers of one function are kept.
pub(crate) struct Answers {
    pub(crate) key: Key,
    /// The type of an answer; nothing only after a complaint.
    answer: Option<Type>,
    keeps: Keeps,
}

/// How much of an answer is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// The success of a `Result` and of an `Option`.
    Success,
    /// That of a `Result`; an `Option` as it is.
    SuccessOfResult,
    /// All of it.
    Whole,
}

impl Answers {
    /// Checks the answer.
    pub(crate) fn new(key: Key, keeps: Keeps, on: &Annotated<'_>, errors: &mut Errors) -> Self {
        let answer = match on.answer {
            Answer::Unit => {
                errors.at(
                    on.function.name(),
                    "there is no answer to keep: this function gives none; return what it finds out, or take the \
                     attribute away",
                );
                None
            }
            Answer::Never => {
                errors.at(
                    &on.function.sig.output,
                    "there is no answer to keep: this function does not return",
                );
                None
            }
            Answer::Opaque => {
                errors.at(
                    &on.function.sig.output,
                    "an `impl Trait` cannot be kept, because its type has no name; return a type that has one, such as \
                     `Vec<T>` or `Arc<dyn Trait>`",
                );
                None
            }
            Answer::Type(answer) => checked(answer, errors),
        };
        Self { key, answer, keeps }
    }

    /// Those of a function that gives none: that it has run is what is kept.
    pub(crate) fn of_none(key: Key) -> Self {
        Self {
            key,
            answer: Some(syn::parse_quote!(())),
            keeps: Keeps::Whole,
        }
    }

    /// Whether it is known by its name that an answer is never an error.
    pub(crate) fn cannot_fail(&self) -> bool {
        self.answer.as_ref().is_some_and(types::cannot_fail)
    }

    /// Whether what is kept may be an error.
    pub(crate) fn keeps_errors(&self) -> bool {
        self.keeps == Keeps::Whole
    }

    /// The type that says how much of an answer is kept.
    pub(crate) fn kept(&self, private: &TokenStream) -> TokenStream {
        let Some(answer) = &self.answer else {
            return quote!(_);
        };
        // Missing bounds are reported at the answer.
        let span = span_of(&answer.to_token_stream());
        let private = spanned(private, span);
        let success = match self.keeps {
            Keeps::Success => is_result(answer) || is_option(answer),
            Keeps::SuccessOfResult => is_result(answer),
            Keeps::Whole => false,
        };
        if success {
            quote_spanned!(span=> #private::Success<#answer>)
        } else {
            quote_spanned!(span=> #private::Whole<#answer>)
        }
    }

    /// Types of the key and of what is kept, each at the place of the user's, where they can be written.
    pub(crate) fn stored(&self, private: &TokenStream) -> (TokenStream, TokenStream) {
        let key = self.key.ty(private).unwrap_or_else(|| quote!(_));
        let kept = self.kept(private);
        let span = span_of(&kept);
        (key, quote_spanned!(span=> <#kept as #private::Kept>::Value))
    }

    /// How an answer that is not kept becomes that of the callers who waited for it.
    pub(crate) fn shared(&self, call: &Call<'_>) -> TokenStream {
        let private = call.private;
        let answer = &self.answer;
        quote!({
            use #private::{ByClone as _, ByRejection as _, ByText as _, NoWay as _};
            (&&&&#private::Sharing::<#answer>::NEW).way()
        })
    }
}

/// The type of an answer that lives long enough to be kept.
fn checked(answer: &TokenStream, errors: &mut Errors) -> Option<Type> {
    let ty: Type = syn::parse2(answer.clone()).ok()?;
    if let Some(placeholder) = types::placeholder(answer.clone()) {
        errors.at_span(
            placeholder,
            "an `impl Trait` cannot be kept, because its type has no name; return a type that has one, such as `Vec<T>` \
             or `Arc<dyn Trait>`",
        );
        return None;
    }
    if let Some(borrow) = types::borrowed(&ty) {
        errors.at_span(
            borrow,
            "an answer that is borrowed cannot be kept, because it ends with the call; return it owned, or as an \
             `Arc<T>`, which is as cheap to hand out",
        );
        return None;
    }
    Some(ty)
}

/// Whether it is known by its name that the type is a `Result`.
///
/// A name that only ends in `Result` is an alias of it when it has arguments; without, it may as well be a type of its own
/// (`QueryResult`).
fn is_result(ty: &Type) -> bool {
    last(ty).is_some_and(|last| {
        let name = last.ident.to_string();
        let has_arguments = !matches!(last.arguments, PathArguments::None);
        name == "Result" || (name.ends_with("Result") && has_arguments)
    })
}

fn is_option(ty: &Type) -> bool {
    last(ty).is_some_and(|last| last.ident == "Option")
}

/// The name of a type, with what it is written over.
fn last(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        Type::Group(group) => last(&group.elem),
        Type::Paren(paren) => last(&paren.elem),
        _ => None,
    }
}

/// Asks an answer whether it is an error. By autoref, the method of a type that has `Outcome` is found before the one of
/// every type.
pub(crate) fn judge(private: &TokenStream) -> TokenStream {
    quote! {
        |__perfkit_answer| {
            use #private::{WithOutcome as _, WithoutOutcome as _};
            (&#private::Answer(__perfkit_answer)).is_error()
        }
    }
}

/// A function that gives `settings`, which is one too: the options of a site whose handle may have been there before.
pub(crate) fn function_of(settings: &TokenStream, private: &TokenStream) -> TokenStream {
    quote!(|| -> #private::cache::GiveSettings { #settings })
}
