//! What an option may be given: a literal that is checked here, or any expression, which the compiler checks.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Lit, UnOp};

use crate::options::quantity::{self, Quantity};

/// What a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `"250ms"` or a `Duration`; a literal zero is refused.
    Duration,
    /// `10_000` or a `u64`; a literal zero is refused.
    Count,
    /// `"64MiB"` or a `u64` of bytes; a literal zero is refused.
    Size,
    /// `"100/s"`, or how many and in how long: `(u64, Duration)`.
    Rate,
    /// `0.5`, `"50%"` or an `f64`; a literal outside 0 to 1 is refused.
    Ratio,
    /// `"users"` or a constant `&'static str`; an empty literal is refused.
    Text,
    /// Anything the expansion has a place for.
    Expression,
}

/// The value of one option.
#[derive(Debug)]
pub(crate) struct Value {
    expr: Expr,
    kind: Kind,
    known: Option<Quantity>,
}

impl Value {
    /// Reads an expression as a value of the kind; a literal of another kind is a complaint.
    pub(crate) fn read(expr: Expr, kind: Kind, option: &str) -> Result<Self, String> {
        let known = match literal(&expr) {
            Some(literal) => kind.check(literal, option)?,
            None => None,
        };
        Ok(Self { expr, kind, known })
    }

    /// The value as an expression of its type at run time.
    pub(crate) fn tokens(&self) -> TokenStream {
        if let Some(known) = self.known {
            return known.tokens();
        }
        let expr = &self.expr;
        // The expected type stands at the expression, so that a wrong one is underlined there.
        match self.kind.ty(expr.span()) {
            Some(ty) => quote!({ let __perfkit_value: #ty = #expr; __perfkit_value }),
            None => expr.to_token_stream(),
        }
    }
}

impl Kind {
    /// How it is called.
    fn noun(self) -> &'static str {
        match self {
            Self::Duration => "a duration",
            Self::Count => "a count",
            Self::Size => "a size",
            Self::Rate => "a rate",
            Self::Ratio => "a ratio",
            Self::Text => "a text",
            Self::Expression => "an expression",
        }
    }

    /// The same with an example of how it is written.
    pub(crate) fn wanted(self) -> String {
        let example = match self {
            Self::Duration => "such as `\"250ms\"`",
            Self::Count => "such as `100`",
            Self::Size => "such as `\"64MiB\"`",
            Self::Rate => "such as `\"100/s\"`",
            Self::Ratio => "such as `0.5` or `\"50%\"`",
            Self::Text => "in quotes",
            Self::Expression => "of its type",
        };
        format!("{} {example}", self.noun())
    }

    /// The type of the value at run time, when it has one of its own.
    fn ty(self, span: Span) -> Option<TokenStream> {
        Some(match self {
            Self::Duration => quote_spanned!(span=> ::core::time::Duration),
            Self::Count | Self::Size => quote_spanned!(span=> ::core::primitive::u64),
            Self::Rate => {
                quote_spanned!(span=> (::core::primitive::u64, ::core::time::Duration))
            }
            Self::Ratio => quote_spanned!(span=> ::core::primitive::f64),
            Self::Text => quote_spanned!(span=> &'static ::core::primitive::str),
            Self::Expression => return None,
        })
    }

    /// What a literal says; nothing for a kind that is no quantity.
    fn check(self, literal: Literal<'_>, option: &str) -> Result<Option<Quantity>, String> {
        let Literal::Is(lit) = literal else {
            return match self {
                Self::Expression => Ok(None),
                Self::Text => Err(format!("`{option}` takes {}", self.wanted())),
                _ => Err(format!("`{option}` cannot be negative")),
            };
        };
        let quantity = match (self, lit) {
            (Self::Expression, _) => return Ok(None),
            (Self::Text, Lit::Str(text)) if !text.value().is_empty() => return Ok(None),
            (Self::Text, Lit::Str(_)) => return Err(format!("`{option}` is empty")),
            (Self::Count, Lit::Int(number)) => number
                .base10_parse()
                .map(Quantity::Count)
                .map_err(|_| format!("`{number}` is more than `{option}` can be")),
            (Self::Ratio, Lit::Int(_) | Lit::Float(_)) => share(lit),
            (Self::Duration | Self::Size | Self::Rate | Self::Ratio, Lit::Str(text)) => {
                self.text(&text.value(), option)
            }
            (Self::Count, Lit::Str(text)) => self.text(&text.value(), option),
            (Self::Duration | Self::Size | Self::Rate, Lit::Int(_) | Lit::Float(_)) => {
                self.bare(&lit.to_token_stream().to_string(), option)
            }
            _ => Err(format!("`{option}` takes {}", self.wanted())),
        }?;
        if quantity.is_zero() {
            return Err(match self {
                Self::Duration => format!("`{option}` must be longer than zero"),
                _ => format!("`{option}` must be at least 1"),
            });
        }
        Ok(Some(quantity))
    }

    /// What a text in quotes says.
    fn text(self, text: &str, option: &str) -> Result<Quantity, String> {
        let read = match self {
            Self::Duration => quantity::duration(text).map(Quantity::Duration),
            Self::Size => quantity::size(text).map(Quantity::Size),
            Self::Rate => quantity::rate(text).map(|(times, per)| Quantity::Rate(times, per)),
            Self::Ratio => quantity::ratio(text).map(Quantity::Ratio),
            Self::Count if text.parse::<u64>().is_ok() => {
                Err(format!("a count stands without quotes: `{text}`"))
            }
            Self::Count | Self::Text | Self::Expression => {
                Err(format!("`{option}` takes {}", self.wanted()))
            }
        };
        // A quantity of another sort is named; otherwise the reader knows best what it missed.
        read.map_err(|why| match Quantity::recognise(text) {
            Some(found) => format!(
                "`\"{text}\"` is {}; `{option}` takes {}",
                found.kind().noun(),
                self.wanted()
            ),
            None => why,
        })
    }

    /// Why a number without quotes is no quantity of this kind.
    fn bare(self, text: &str, option: &str) -> Result<Quantity, String> {
        match self.text(text, option) {
            Ok(_) => Err(format!("a unit stands in quotes: `\"{text}\"`")),
            Err(why) => Err(why),
        }
    }
}

impl Quantity {
    /// The kind of option it is right for.
    fn kind(self) -> Kind {
        match self {
            Self::Duration(_) => Kind::Duration,
            Self::Count(_) => Kind::Count,
            Self::Size(_) => Kind::Size,
            Self::Rate(..) => Kind::Rate,
            Self::Ratio(_) => Kind::Ratio,
        }
    }
}

/// A literal, possibly below zero, which is never right.
#[derive(Clone, Copy)]
enum Literal<'e> {
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

/// A ratio as a number.
fn share(lit: &Lit) -> Result<Quantity, String> {
    let text = lit.to_token_stream().to_string();
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    match plain.parse::<f64>() {
        Ok(share) if share <= 1.0 => Ok(Quantity::Ratio(share)),
        Ok(percent) if percent <= 100.0 => Err(format!(
            "a ratio is between 0 and 1; write `{}` or `\"{text}%\"`",
            percent / 100.0
        )),
        _ => Err("a ratio is between 0 and 1; write `0.5` or `\"50%\"`".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Kind, text: &str) -> Result<Option<Quantity>, String> {
        let expr = syn::parse_str(text).map_err(|e| e.to_string())?;
        Value::read(expr, kind, "it").map(|value| value.known)
    }

    #[test]
    fn literals_are_checked() {
        let ms = |n| Some(Quantity::Duration(std::time::Duration::from_millis(n)));
        for (kind, text, known) in [
            (Kind::Duration, "\"250ms\"", ms(250)),
            (Kind::Duration, "(\"1s\")", ms(1000)),
            (Kind::Count, "10_000", Some(Quantity::Count(10_000))),
            (Kind::Count, "3u64", Some(Quantity::Count(3))),
            (Kind::Size, "\"1KiB\"", Some(Quantity::Size(1024))),
            (
                Kind::Rate,
                "\"5/s\"",
                Some(Quantity::Rate(5, std::time::Duration::from_secs(1))),
            ),
            (Kind::Ratio, "0.5", Some(Quantity::Ratio(0.5))),
            (Kind::Ratio, "1", Some(Quantity::Ratio(1.0))),
            (Kind::Ratio, "\"50%\"", Some(Quantity::Ratio(0.5))),
            (Kind::Text, "\"users\"", None),
            (Kind::Expression, "-1", None),
        ] {
            assert_eq!(read(kind, text), Ok(known), "{text}");
        }
    }

    #[test]
    fn expressions_are_left_to_the_compiler() {
        for kind in [
            Kind::Duration,
            Kind::Count,
            Kind::Size,
            Kind::Rate,
            Kind::Ratio,
            Kind::Text,
        ] {
            for text in [
                "LIMIT",
                "2 * LIMIT",
                "limit()",
                "{ 5 }",
                "|a, b| a",
                "concat!()",
            ] {
                assert_eq!(read(kind, text), Ok(None), "{text}");
            }
        }
    }

    #[test]
    fn wrong_literals_are_told_what_to_write() {
        for (kind, text, why) in [
            (
                Kind::Duration,
                "250",
                "`250` has no unit; write `\"250ms\"` or `\"250s\"`",
            ),
            (
                Kind::Duration,
                "2.5",
                "`2.5` has no unit; write `\"2.5ms\"`",
            ),
            (
                Kind::Duration,
                "250ms",
                "a unit stands in quotes: `\"250ms\"`",
            ),
            (
                Kind::Duration,
                "1h30m",
                "a unit stands in quotes: `\"1h30m\"`",
            ),
            (Kind::Duration, "-5", "cannot be negative"),
            (Kind::Duration, "\"0s\"", "must be longer than zero"),
            (
                Kind::Duration,
                "\"64MiB\"",
                "is a size; `it` takes a duration",
            ),
            (Kind::Duration, "\"5 parsecs\"", "unknown unit `parsecs`"),
            (
                Kind::Duration,
                "true",
                "takes a duration such as `\"250ms\"`",
            ),
            (Kind::Count, "0", "must be at least 1"),
            (Kind::Count, "-1", "cannot be negative"),
            (Kind::Count, "1.5", "takes a count such as `100`"),
            (Kind::Count, "\"10\"", "without quotes: `10`"),
            (Kind::Count, "\"10s\"", "is a duration; `it` takes a count"),
            (
                Kind::Count,
                "99999999999999999999",
                "is more than `it` can be",
            ),
            (
                Kind::Size,
                "64",
                "has no unit; write `\"64B\"` or `\"64MiB\"`",
            ),
            (Kind::Size, "\"0B\"", "must be at least 1"),
            (Kind::Rate, "100", "how many in how long"),
            (Kind::Rate, "\"0/s\"", "at least 1"),
            (Kind::Ratio, "50", "write `0.5` or `\"50%\"`"),
            (Kind::Ratio, "150", "between 0 and 1"),
            (Kind::Ratio, "-0.5", "cannot be negative"),
            (Kind::Ratio, "\"150%\"", "not between"),
            (Kind::Text, "5", "takes a text in quotes"),
            (Kind::Text, "\"\"", "`it` is empty"),
        ] {
            let said = read(kind, text).expect_err(text);
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
