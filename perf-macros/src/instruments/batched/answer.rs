//! What a body gives, and what a caller gets of it.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{GenericArgument, PathArguments, ReturnType, Type, TypePath};

use crate::answers::types;
use crate::errors::Errors;
use crate::function::{span_of, spanned};
use crate::instruments::Annotated;

/// What a body gives.
pub(super) struct Given {
    /// Its type.
    pub(super) given: TokenStream,
    shape: Shape,
}

/// As far as the words tell; aliases are asked by their type.
enum Shape {
    /// `Vec<U>`, and the `U` is no `Result`.
    Plain(Type),
    /// `Vec<Result<U, E>>`: the `Result`.
    Each(Type),
    /// `Result<Vec<U>, E>`: the `Result<U, E>` of a caller.
    Whole(TypePath),
    /// `Result<Vec<Result<U, E>>, E>`: the inner `Result`.
    Both(Type),
    /// `Result<…, E>` of something else.
    Result,
    /// Something else.
    Other,
}

impl Given {
    pub(super) fn read(on: &Annotated<'_>, errors: &mut Errors) -> Self {
        let ReturnType::Type(_, ty) = &on.function.sig.output else {
            return Self {
                given: quote!(()),
                shape: Shape::Other,
            };
        };
        let given = on.function.closure_type();
        let given =
            if on.function.sig.asyncness.is_none() || types::placeholder(given.clone()).is_none() {
                given
            } else {
                ty.to_token_stream()
            };
        if let Some(span) = types::placeholder(given.clone()) {
            errors.at_span(
                span,
                "callers get what other tasks and threads have made, so its type needs a name; give the type itself",
            );
        } else if let Some(borrow) = types::borrowed(ty) {
            errors.at_span(
                borrow,
                "callers get what a batch has made somewhere else, and what this borrows is not there any more; give it owned",
            );
        }
        Self {
            given,
            shape: shape(ty),
        }
    }

    /// Whether its words tell that it is a `Result`, of all or of each.
    pub(super) fn is_result(&self) -> bool {
        !matches!(self.shape, Shape::Plain(_) | Shape::Other)
    }

    /// Whether its words tell that it has no place for an error.
    pub(super) fn is_sure(&self) -> bool {
        matches!(&self.shape, Shape::Plain(ty) if types::cannot_fail(ty))
    }

    /// The type that knows how it is divided.
    pub(super) fn kind(&self, private: &TokenStream) -> TokenStream {
        let given = &self.given;
        match self.shape {
            Shape::Both(_) => {
                let at = spanned(private, span_of(given));
                quote_spanned!(span_of(given)=> #at::batched::Flat<#given>)
            }
            _ => given.clone(),
        }
    }

    /// What a caller gets.
    pub(super) fn one(&self, item: &TokenStream, private: &TokenStream) -> TokenStream {
        match &self.shape {
            Shape::Plain(ty) | Shape::Each(ty) | Shape::Both(ty) => ty.to_token_stream(),
            Shape::Whole(result) => result.to_token_stream(),
            Shape::Result | Shape::Other => {
                let given = &self.given;
                let at = spanned(private, span_of(given));
                quote_spanned!(span_of(given)=> <#given as #at::batched::Answers<#item>>::One)
            }
        }
    }
}

fn shape(ty: &Type) -> Shape {
    if let Some(one) = of("Vec", ty) {
        return match of("Result", one) {
            Some(_) => Shape::Each(one.clone()),
            None => Shape::Plain(one.clone()),
        };
    }
    let Some(all) = of("Result", ty) else {
        return Shape::Other;
    };
    match of("Vec", all) {
        Some(one) if of("Result", one).is_some() => Shape::Both(one.clone()),
        Some(one) => match path(ty).cloned() {
            Some(mut result) => {
                if let Some(first) = types::first_type(&mut result) {
                    *first = one.clone();
                }
                Shape::Whole(result)
            }
            None => Shape::Result,
        },
        None => Shape::Result,
    }
}

/// Whether the words of a type tell that it is a `Result`.
pub(in crate::instruments) fn is_result(ty: &Type) -> bool {
    of("Result", ty).is_some()
}

/// `T` of `Name<T, …>`, whatever path leads to the name.
pub(super) fn of<'t>(name: &str, ty: &'t Type) -> Option<&'t Type> {
    let last = path(ty)?.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.next().filter(|_| last.ident == name)
}

fn path(ty: &Type) -> Option<&TypePath> {
    match ty {
        Type::Path(path) if path.qself.is_none() => Some(path),
        Type::Group(group) => path(&group.elem),
        Type::Paren(paren) => path(&paren.elem),
        _ => None,
    }
}
