//! How long `#[retry]` waits, out of four options.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Lit};

use crate::errors::Errors;
use crate::options::{Given, Kind, Spec, Value};

pub(super) const BACKOFF: Spec = Spec {
    name: "backoff",
    kind: Kind::Expression,
    example: "\"exponential\"",
};
pub(super) const DELAY: Spec = Spec {
    name: "delay",
    kind: Kind::Duration,
    example: "\"100ms\"",
};
pub(super) const FACTOR: Spec = Spec {
    name: "factor",
    kind: Kind::Expression,
    example: "2.0",
};
pub(super) const JITTER: Spec = Spec {
    name: "jitter",
    kind: Kind::Expression,
    example: "\"full\"",
};

const GROWTHS: &[(&str, Named)] = &[
    ("exponential", Named::Exponential),
    ("constant", Named::Constant),
    ("fibonacci", Named::Fibonacci),
];
const OR_A_FUNCTION: &str = ", or a function from the number of an attempt to the delay before it";
const JITTERS: &[(&str, &str)] = &[("full", "Full"), ("equal", "Equal"), ("none", "None")];

/// What the delays are.
pub(super) struct Delays {
    growth: Growth,
    /// Of an exponential growth, if it is not the default.
    factor: Option<TokenStream>,
    delay: Option<Value>,
    /// The name of a `Jitter`.
    jitter: Option<&'static str>,
}

enum Growth {
    Named(Named),
    /// An expression of the user's own.
    Own(TokenStream),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Exponential,
    Constant,
    Fibonacci,
}

impl Delays {
    pub(super) fn read(given: &mut Given, errors: &mut Errors) -> Self {
        let factor = factor(given, errors);
        let growth = match given.take(&BACKOFF) {
            None => Growth::Named(Named::Exponential),
            Some(own) if own.text().is_none() => Growth::Own(own.tokens()),
            Some(word) => {
                let named = word.word(BACKOFF.name, GROWTHS, OR_A_FUNCTION);
                Growth::Named(named.unwrap_or_else(|why| {
                    errors.at(word.expr(), why);
                    Named::Constant
                }))
            }
        };
        let word = |spec| given.word(spec).cloned();
        if let (true, false, Some(word)) = (
            factor.is_some(),
            matches!(growth, Growth::Named(Named::Exponential)),
            word(&FACTOR),
        ) {
            errors.at(
                word,
                "`factor` is by how much an exponential delay grows; leave it out, or write `backoff = \"exponential\"`",
            );
        }
        if let (Growth::Own(_), Some(word)) = (&growth, word(&DELAY)) {
            errors.at(
                word,
                "`delay` is what the delays of a named backoff begin with, and `backoff` gives them all here; leave one of \
                 the two out",
            );
        }
        Self {
            growth,
            factor,
            delay: given.take(&DELAY),
            jitter: jitter(given, errors),
        }
    }

    /// The calls that set them.
    pub(super) fn options(&self, private: &TokenStream) -> TokenStream {
        let growth = match &self.growth {
            Growth::Named(Named::Exponential) => {
                let factor = self.factor.clone().unwrap_or_else(|| quote!(2.0));
                quote!(Exponential(#factor))
            }
            Growth::Named(Named::Constant) => quote!(Constant),
            Growth::Named(Named::Fibonacci) => quote!(Fibonacci),
            Growth::Own(own) => {
                let jitter = self.jitter(private);
                return quote!(.delays(#own) #jitter);
            }
        };
        let delay = self
            .delay
            .as_ref()
            .map_or_else(|| quote!(#private::retry::Options::DELAY), Value::tokens);
        let jitter = self.jitter(private);
        quote!(.backoff(#private::retry::Growth::#growth, #delay) #jitter)
    }

    fn jitter(&self, private: &TokenStream) -> Option<TokenStream> {
        let jitter = Ident::new(self.jitter?, proc_macro2::Span::call_site());
        Some(quote!(.jitter(#private::retry::Jitter::#jitter)))
    }
}

fn jitter(given: &mut Given, errors: &mut Errors) -> Option<&'static str> {
    let value = given.take(&JITTER)?;
    let jitter = value.word(JITTER.name, JITTERS, "");
    jitter.map_err(|why| errors.at(value.expr(), why)).ok()
}

/// An `f64`, which a whole number may stand for; a literal below one is refused.
fn factor(given: &mut Given, errors: &mut Errors) -> Option<TokenStream> {
    let value = given.take(&FACTOR)?;
    let expr = value.expr()?;
    let tokens = match expr {
        Expr::Lit(literal) => {
            let digits = match &literal.lit {
                Lit::Int(number) => number.base10_digits().to_owned(),
                Lit::Float(number) => number.base10_digits().to_owned(),
                _ => String::new(),
            };
            match digits.parse::<f64>() {
                Ok(factor) if factor >= 1.0 => return Some(quote!(#factor)),
                _ => {
                    errors.at(expr, "`factor` is a number from 1 on, such as `2.0`");
                    return None;
                }
            }
        }
        Expr::Unary(_) => {
            errors.at(expr, "`factor` is a number from 1 on, such as `2.0`");
            return None;
        }
        other => other.to_token_stream(),
    };
    Some(
        quote_spanned!(expr.span()=> { let __perfkit_value: ::core::primitive::f64 = #tokens; __perfkit_value }),
    )
}
