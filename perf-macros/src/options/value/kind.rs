//! What a value has to be, and what is said of a literal that is something else.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Lit;

use crate::options::quantity::{self, Quantity};
use crate::options::value::Literal;

/// The text of an expiry that does not come.
const NEVER: &str = "never";

/// What a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `"250ms"` or a `Duration`; a literal zero is refused.
    Duration,
    /// A duration after which something ends, or `"never"`.
    Expiry,
    /// `10_000` or a `u64`; a literal zero is refused.
    Count,
    /// `100` or `"10s"`, or a `u64` or a `Duration`; a literal zero is refused.
    Window,
    /// `"64MiB"` or a `u64` of bytes; a literal zero is refused.
    Size,
    /// `"100/s"`, or how many and in how long: `(u64, Duration)`.
    Rate,
    /// `0.5`, `"50%"` or an `f64`; a literal outside 0 to 1 is refused.
    Ratio,
    /// `"users"` or a constant `&'static str`; an empty literal is refused.
    Text,
    /// `"users.cache"`, or anything that becomes a `PathBuf`; an empty literal is refused.
    Path,
    /// Anything the expansion has a place for.
    Expression,
    /// `["users", tag(id)]`: texts, and expressions over the arguments that give some.
    Texts,
    /// `(db, trace)` behind the option's name, without `=`: arguments of the function.
    Names,
    /// `(u64, String)`.
    Type,
    /// The word alone, or `= true`, `= false`.
    Flag,
}

impl Kind {
    /// How it is called.
    fn noun(self) -> &'static str {
        match self {
            Self::Duration | Self::Expiry => "a duration",
            Self::Count => "a count",
            Self::Window => "a count or a duration",
            Self::Size => "a size",
            Self::Rate => "a rate",
            Self::Ratio => "a ratio",
            Self::Text => "a text",
            Self::Path => "a path",
            Self::Expression => "an expression",
            Self::Texts => "texts",
            Self::Names => "names of arguments",
            Self::Type => "a type",
            Self::Flag => "`true` or `false`",
        }
    }

    /// The same with an example of how it is written.
    pub(crate) fn wanted(self) -> String {
        let example = match self {
            Self::Duration => "such as `\"250ms\"`",
            Self::Expiry => "such as `\"5m\"`, or `\"never\"`",
            Self::Count => "such as `100`",
            Self::Window => "such as `100` or `\"10s\"`",
            Self::Size => "such as `\"64MiB\"`",
            Self::Rate => "such as `\"100/s\"`",
            Self::Ratio => "such as `0.5` or `\"50%\"`",
            Self::Text | Self::Path => "in quotes",
            Self::Expression => "of its type",
            Self::Texts => "in brackets: `[\"users\", tag(id)]`",
            Self::Names => "in parentheses",
            Self::Type => "such as `(u64, String)`",
            Self::Flag => "",
        };
        format!("{} {example}", self.noun()).trim_end().to_owned()
    }

    /// The type of the value at run time, when it has one of its own.
    pub(super) fn ty(self, span: Span) -> Option<TokenStream> {
        Some(match self {
            Self::Duration | Self::Expiry => quote_spanned!(span=> ::core::time::Duration),
            Self::Count | Self::Size => quote_spanned!(span=> ::core::primitive::u64),
            Self::Rate => {
                quote_spanned!(span=> (::core::primitive::u64, ::core::time::Duration))
            }
            Self::Ratio => quote_spanned!(span=> ::core::primitive::f64),
            Self::Text => quote_spanned!(span=> &'static ::core::primitive::str),
            Self::Window
            | Self::Path
            | Self::Expression
            | Self::Texts
            | Self::Names
            | Self::Type
            | Self::Flag => {
                return None;
            }
        })
    }

    /// What a literal says; nothing for a kind that is no quantity.
    pub(super) fn check(
        self,
        literal: Literal<'_>,
        option: &str,
    ) -> Result<Option<Quantity>, String> {
        let Literal::Is(lit) = literal else {
            return match self {
                Self::Expression | Self::Texts | Self::Names | Self::Type | Self::Flag => Ok(None),
                Self::Text | Self::Path => Err(format!("`{option}` takes {}", self.wanted())),
                _ => Err(format!("`{option}` cannot be negative")),
            };
        };
        let quantity = match (self, lit) {
            (Self::Expression | Self::Texts | Self::Names | Self::Type | Self::Flag, _) => {
                return Ok(None);
            }
            (Self::Text | Self::Path, Lit::Str(text)) if !text.value().is_empty() => {
                return Ok(None);
            }
            (Self::Text | Self::Path, Lit::Str(_)) => return Err(format!("`{option}` is empty")),
            (Self::Count | Self::Window, Lit::Int(number)) => number
                .base10_parse()
                .map(Quantity::Count)
                .map_err(|_| format!("`{number}` is more than `{option}` can be")),
            (Self::Ratio, Lit::Int(_) | Lit::Float(_)) => share(lit),
            (Self::Expiry, Lit::Str(text)) if text.value() == NEVER => {
                Ok(Quantity::Duration(Duration::MAX))
            }
            (
                Self::Duration
                | Self::Expiry
                | Self::Count
                | Self::Window
                | Self::Size
                | Self::Rate
                | Self::Ratio,
                Lit::Str(text),
            ) => self.text(&text.value(), option),
            (
                Self::Duration | Self::Expiry | Self::Size | Self::Rate,
                Lit::Int(_) | Lit::Float(_),
            ) => self.bare(&lit.to_token_stream().to_string(), option),
            _ => Err(format!("`{option}` takes {}", self.wanted())),
        }?;
        if quantity.is_zero() {
            return Err(match (self, quantity) {
                (Self::Duration | Self::Expiry, _) | (_, Quantity::Duration(_)) => {
                    format!("`{option}` must be longer than zero")
                }
                _ => format!("`{option}` must be at least 1"),
            });
        }
        Ok(Some(quantity))
    }

    /// What a text in quotes says.
    fn text(self, text: &str, option: &str) -> Result<Quantity, String> {
        let read = match self {
            Self::Duration | Self::Expiry | Self::Window => {
                quantity::duration(text).map(Quantity::Duration)
            }
            Self::Size => quantity::size(text).map(Quantity::Size),
            Self::Rate => quantity::rate(text).map(|(times, per)| Quantity::Rate(times, per)),
            Self::Ratio => quantity::ratio(text).map(Quantity::Ratio),
            Self::Count if text.parse::<u64>().is_ok() => {
                Err(format!("a count stands without quotes: `{text}`"))
            }
            _ => Err(format!("`{option}` takes {}", self.wanted())),
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
