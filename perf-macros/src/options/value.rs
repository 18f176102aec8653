//! What an option may be given: a literal that is checked here, or any expression, which the compiler checks; and the few
//! things that are no expression: a type, names of arguments, a word that stands alone.

mod kind;
#[cfg(test)]
mod tests;
mod word;

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Expr, Lit, Type, UnOp};

use crate::options::quantity::Quantity;
pub(crate) use crate::options::value::kind::Kind;

/// The value of one option.
#[derive(Debug)]
pub(crate) struct Value {
    written: Written,
    kind: Kind,
    known: Option<Quantity>,
}

/// What stands in the attribute.
#[derive(Debug)]
enum Written {
    Expr(Expr),
    Type(Type),
    Names(Vec<Ident>),
    Flag(bool),
}

impl Value {
    /// Reads an expression as a value of the kind; a literal of another kind is a complaint.
    pub(crate) fn read(expr: Expr, kind: Kind, option: &str) -> Result<Self, String> {
        let (written, known) = match (kind, literal(&expr)) {
            (Kind::Flag, Some(Literal::Is(Lit::Bool(flag)))) => (Written::Flag(flag.value), None),
            (Kind::Flag, _) => return Err(format!("`{option}` is `true` or `false`")),
            (Kind::Texts, _) => (texts(expr, option)?, None),
            (_, Some(literal)) => {
                let known = kind.check(literal, option)?;
                (Written::Expr(expr), known)
            }
            (_, None) => (Written::Expr(expr), None),
        };
        Ok(Self {
            written,
            kind,
            known,
        })
    }

    /// A type.
    pub(crate) fn of_type(ty: Type) -> Self {
        Self {
            written: Written::Type(ty),
            kind: Kind::Type,
            known: None,
        }
    }

    /// Names in parentheses.
    pub(crate) fn of_names(names: Vec<Ident>) -> Self {
        Self {
            written: Written::Names(names),
            kind: Kind::Names,
            known: None,
        }
    }

    /// A word that stands alone.
    pub(crate) fn of_flag() -> Self {
        Self {
            written: Written::Flag(true),
            kind: Kind::Flag,
            known: None,
        }
    }

    /// The value as an expression of its type at run time.
    pub(crate) fn tokens(&self) -> TokenStream {
        if let Some(known) = self.known {
            return known.tokens();
        }
        let expr = match &self.written {
            Written::Expr(expr) => expr,
            Written::Type(ty) => return ty.to_token_stream(),
            Written::Names(names) => return quote!(#(#names),*),
            Written::Flag(flag) => return quote!(#flag),
        };
        // The expected type stands at the expression, so that a wrong one is underlined there.
        match self.kind.ty(expr.span()) {
            Some(ty) => quote!({ let __perfkit_value: #ty = #expr; __perfkit_value }),
            None => expr.to_token_stream(),
        }
    }

    /// The expression, where it is one.
    pub(crate) fn expr(&self) -> Option<&Expr> {
        match &self.written {
            Written::Expr(expr) => Some(bare(expr)),
            _ => None,
        }
    }

    /// The names of a [`Kind::Names`].
    pub(crate) fn names(&self) -> &[Ident] {
        match &self.written {
            Written::Names(names) => names,
            _ => &[],
        }
    }

    /// The elements of a [`Kind::Texts`].
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Expr> {
        match self.expr() {
            Some(Expr::Array(array)) => Some(array.elems.iter()),
            _ => None,
        }
        .into_iter()
        .flatten()
    }

    /// What a [`Kind::Flag`] says.
    pub(crate) fn is_on(&self) -> bool {
        matches!(self.written, Written::Flag(true))
    }

    /// The count, when it is known while compiling.
    pub(crate) fn count(&self) -> Option<u64> {
        match self.known {
            Some(Quantity::Count(count)) => Some(count),
            _ => None,
        }
    }

    /// The duration, when it is known while compiling.
    pub(crate) fn duration(&self) -> Option<Duration> {
        match self.known {
            Some(Quantity::Duration(duration)) => Some(duration),
            _ => None,
        }
    }

    /// The text, when it is known while compiling.
    pub(crate) fn text(&self) -> Option<String> {
        match literal(self.expr()?)? {
            Literal::Is(Lit::Str(text)) => Some(text.value()),
            _ => None,
        }
    }

    /// The ratio, when it is known while compiling.
    pub(crate) fn ratio(&self) -> Option<f64> {
        match self.known {
            Some(Quantity::Ratio(ratio)) => Some(ratio),
            _ => None,
        }
    }
}

/// A list in brackets; an element that is a literal is a text.
fn texts(expr: Expr, option: &str) -> Result<Written, String> {
    let Expr::Array(array) = bare(&expr) else {
        return Err(format!("`{option}` takes {}", Kind::Texts.wanted()));
    };
    for element in &array.elems {
        if let Some(literal) = literal(element) {
            Kind::Text.check(literal, option)?;
        }
    }
    Ok(Written::Expr(expr))
}

/// The expression without the groups that `macro_rules` leaves.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Group(group) => bare(&group.expr),
        other => other,
    }
}

/// A literal, possibly below zero, which is never right.
#[derive(Clone, Copy)]
pub(super) enum Literal<'e> {
    Is(&'e Lit),
    Negative,
}

/// The literal an expression is, through the groups that `macro_rules` leaves.
fn literal(expr: &Expr) -> Option<Literal<'_>> {
    match expr {
        Expr::Lit(literal) => Some(Literal::Is(&literal.lit)),
        Expr::Group(group) => literal(&group.expr),
        Expr::Paren(paren) => literal(&paren.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => match literal(&unary.expr)? {
            Literal::Is(Lit::Int(_) | Lit::Float(_)) => Some(Literal::Negative),
            _ => None,
        },
        _ => None,
    }
}
