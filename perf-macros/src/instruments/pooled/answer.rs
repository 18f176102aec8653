//! What a factory answers with and what it is given, as far as the words tell.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{ReturnType, Type};

use crate::answers::types;
use crate::errors::Errors;
use crate::function::Argument;

/// What the function answers with as written.
pub(super) enum Gives {
    /// `Result<T, E>`, `io::Result<T>`, …: its path up to the `T`, which is `resource`.
    Result(Box<Fallible>),
    /// Another name of a `Result`.
    Alias,
    /// The resource itself.
    Resource,
}

pub(super) struct Fallible {
    pub(super) path: syn::TypePath,
    pub(super) resource: Type,
}

/// What the function answers with.
pub(super) fn gives(ty: &Type, overflow: bool) -> Gives {
    match ty {
        Type::Group(group) => gives(&group.elem, overflow),
        Type::Paren(paren) => gives(&paren.elem, overflow),
        Type::Path(path) if is_result(path) => {
            let mut found = path.clone();
            match types::first_type(&mut found).cloned() {
                Some(resource) => Gives::Result(Box::new(Fallible {
                    path: path.clone(),
                    resource,
                })),
                None => Gives::Alias,
            }
        }
        _ if overflow => Gives::Resource,
        _ => Gives::Alias,
    }
}

fn is_result(path: &syn::TypePath) -> bool {
    let last = path.path.segments.last();
    last.is_some_and(|last| last.ident.to_string().ends_with("Result"))
}

/// Where an answer has no name.
pub(super) fn opaque(output: &ReturnType) -> Option<proc_macro2::Span> {
    use proc_macro2::TokenTree;
    fn find(tokens: TokenStream) -> Option<proc_macro2::Span> {
        tokens.into_iter().find_map(|token| match token {
            TokenTree::Ident(word) if word == "impl" => Some(word.span()),
            TokenTree::Group(group) => find(group.stream()),
            _ => None,
        })
    }
    find(output.to_token_stream())
}

/// Arguments choose the pool: they are compared, and kept with it.
pub(super) fn check(argument: &Argument, errors: &mut Errors) {
    if argument.is_receiver() {
        return;
    }
    if let Type::Path(path) = &argument.ty
        && (path.path.is_ident("f32") || path.path.is_ident("f64"))
    {
        errors.at(
            &argument.ty,
            "arguments choose the pool, by being equal, and fractions seldom are; take whole numbers, or a text",
        );
    }
    if let Some(mutable) = &argument.mutable {
        errors.at(
            mutable,
            "arguments choose the pool, and the body is run when nobody calls; it cannot change what a caller has",
        );
    } else if let Type::ImplTrait(ty) = &argument.ty {
        errors.at(
            ty,
            "arguments choose the pool, and are kept with it, so their types need names; write a generic parameter: \
             `fn f<T: …>(…: T)`",
        );
    } else if let Some(borrow) = types::borrowed(&argument.ty) {
        errors.at_span(
            borrow,
            "arguments choose the pool, and are kept with it, when what this borrows is not there any more; take it owned, or \
             as a plain `&T`",
        );
    }
}
