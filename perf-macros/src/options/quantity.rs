//! Quantities as people write them: `"1h30m"`, `"64MiB"`, `"100/s"`, `"50%"`.
//!
//! Arithmetic is exact and in integers wherever the quantity is one; what cannot be represented is refused with a
//! sentence, never rounded.

#[cfg(test)]
mod tests;

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;

/// A quantity known while compiling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Quantity {
    /// A length of time.
    Duration(Duration),
    /// How many.
    Count(u64),
    /// Bytes.
    Size(u64),
    /// How many in how long.
    Rate(u64, Duration),
    /// A share, 0 to 1.
    Ratio(f64),
}

impl Quantity {
    /// What a text in quotes says, if it says any quantity.
    pub(crate) fn recognise(text: &str) -> Option<Self> {
        duration(text)
            .map(Self::Duration)
            .or_else(|_| size(text).map(Self::Size))
            .or_else(|_| rate(text).map(|(times, per)| Self::Rate(times, per)))
            .or_else(|_| ratio(text).map(Self::Ratio))
            .ok()
    }

    /// True for nothing at all: no time, none, no bytes.
    pub(crate) fn is_zero(self) -> bool {
        match self {
            Self::Duration(length) => length.is_zero(),
            Self::Count(n) | Self::Size(n) => n == 0,
            Self::Rate(..) | Self::Ratio(_) => false,
        }
    }

    /// The quantity as an expression of its type at run time.
    pub(crate) fn tokens(self) -> TokenStream {
        match self {
            Self::Duration(length) => {
                let (secs, nanos) = (length.as_secs(), length.subsec_nanos());
                quote!(::core::time::Duration::new(#secs, #nanos))
            }
            Self::Count(n) | Self::Size(n) => quote!(#n),
            Self::Rate(times, per) => {
                let per = Self::Duration(per).tokens();
                quote!((#times, #per))
            }
            Self::Ratio(share) => quote!(#share),
        }
    }
}

/// Units of time in nanoseconds, the largest first, which is the order they are written in.
const TIMES: &[(&str, u128)] = &[
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000), // U+00B5, the key on keyboards
    ("μs", 1_000), // U+03BC, the Greek letter
    ("ns", 1),
];

const SIZES: &[(&str, u128)] = &[
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Reads `"250ms"`, `"2.5s"`, `"1h30m"`: numbers with units, from the largest unit to the smallest, each at most once.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("an empty text is no duration; write `\"250ms\"`".into());
    }
    let (mut total, mut smallest) = (0u128, u128::MAX);
    while !rest.is_empty() {
        let (number, after) = Number::split(rest)?;
        let (unit, after) = word(after);
        if unit.is_empty() {
            return Err(format!(
                "`{text}` has no unit; write `\"{text}ms\"` or `\"{text}s\"`"
            ));
        }
        let Some(&(_, nanos)) = TIMES.iter().find(|(name, _)| *name == unit) else {
            return Err(format!(
                "unknown unit `{unit}`; a duration is written in `d`, `h`, `m`, `s`, `ms`, `us` or `ns`"
            ));
        };
        if nanos >= smallest {
            return Err(format!(
                "`{unit}` is out of order in `{text}`; units go from the largest to the smallest, each once, as in `\"1h30m\"`"
            ));
        }
        smallest = nanos;
        let part = number
            .times(nanos)
            .map_err(|problem| problem.say(text, "a nanosecond"))?;
        total = total.saturating_add(part);
        rest = after.trim_start();
    }
    let secs = u64::try_from(total / 1_000_000_000).map_err(|_| Problem::Large.say(text, ""))?;
    // The remainder of a division by 10^9 fits.
    let nanos = u32::try_from(total % 1_000_000_000).unwrap_or(0);
    Ok(Duration::new(secs, nanos))
}

/// Reads `"64MiB"`, `"1.5GB"`, `"512B"`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let (number, rest) = Number::split(text.trim())?;
    let (unit, rest) = word(rest);
    if unit.is_empty() {
        return Err(format!(
            "`{text}` has no unit; write `\"{text}B\"` or `\"{text}MiB\"`"
        ));
    }
    let known = SIZES.iter().find(|(name, _)| *name == unit);
    let (Some(&(_, bytes)), true) = (known, rest.is_empty()) else {
        return Err(format!(
            "unknown unit `{unit}{rest}`; a size is written in `B`, `KB`, `MB`, `GB`, `TB`, `KiB`, `MiB`, `GiB` or `TiB`"
        ));
    };
    number
        .times(bytes)
        .and_then(|bytes| u64::try_from(bytes).map_err(|_| Problem::Large))
        .map_err(|problem| problem.say(text, "a byte"))
}

/// Reads `"100/s"`, `"1000/m"`, `"5/250ms"`.
pub(crate) fn rate(text: &str) -> Result<(u64, Duration), String> {
    let Some((times, per)) = text.split_once('/') else {
        return Err(format!(
            "`{text}` is no rate; write how many in how long, as in `\"100/s\"`"
        ));
    };
    let (number, rest) = Number::split(times.trim())?;
    let times = match (number.times(1).map(u64::try_from), rest) {
        (Ok(Ok(times)), "") if times > 0 => times,
        _ => {
            return Err(format!(
                "`{times}` is no whole number of at least 1; write a rate as in `\"100/s\"`"
            ));
        }
    };
    let per = per.trim();
    let per = if per.starts_with(|c: char| c.is_ascii_digit()) {
        duration(per)?
    } else {
        duration(&format!("1{per}"))?
    };
    if per.is_zero() {
        return Err(format!("`{text}` has no length of time; write `\"100/s\"`"));
    }
    Ok((times, per))
}

/// Reads `"50%"`, `"12.5%"`.
pub(crate) fn ratio(text: &str) -> Result<f64, String> {
    let Some(number) = text.trim().strip_suffix('%') else {
        return Err(format!(
            "`{text}` is no ratio; write `0.5` without quotes, or `\"50%\"`"
        ));
    };
    let (number, rest) = Number::split(number.trim())?;
    match number.decimal() {
        Some(percent) if rest.is_empty() && percent <= 100.0 => Ok(percent / 100.0),
        _ => Err(format!("`{text}` is not between `\"0%\"` and `\"100%\"`")),
    }
}

/// Why a number with a unit is no quantity.
enum Problem {
    Large,
    Fine,
}

impl Problem {
    fn say(&self, text: &str, smallest: &str) -> String {
        match self {
            Self::Large => format!("`{text}` is too large to be represented"),
            Self::Fine => format!("`{text}` is finer than {smallest}"),
        }
    }
}

/// A decimal number in two rows of digits, `_` between them allowed.
struct Number<'t> {
    whole: &'t str,
    fraction: &'t str,
}

impl<'t> Number<'t> {
    /// The number at the start of a text, and what follows.
    fn split(text: &'t str) -> Result<(Self, &'t str), String> {
        if text.starts_with('-') {
            return Err(format!("`{text}` is negative"));
        }
        let (whole, rest) = digits(text);
        if !whole.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!("expected a number, found `{text}`"));
        }
        match rest.strip_prefix('.').map(digits) {
            Some((fraction, rest)) if !fraction.is_empty() => Ok((Self { whole, fraction }, rest)),
            Some(_) => Err(format!("expected digits after the point in `{text}`")),
            None => Ok((
                Self {
                    whole,
                    fraction: "",
                },
                rest,
            )),
        }
    }

    /// The number times a unit, if that is a whole number.
    fn times(&self, unit: u128) -> Result<u128, Problem> {
        let whole = integer(self.whole)
            .and_then(|n| n.checked_mul(unit))
            .ok_or(Problem::Large)?;
        let fraction = self.fraction.trim_end_matches(['0', '_']);
        let places = fraction.bytes().filter(u8::is_ascii_digit).count();
        // More places than a `u128` has are finer than any unit.
        let scale = u32::try_from(places)
            .ok()
            .and_then(|places| 10u128.checked_pow(places))
            .ok_or(Problem::Fine)?;
        let part = integer(fraction)
            .and_then(|n| n.checked_mul(unit))
            .ok_or(Problem::Fine)?;
        if part % scale != 0 {
            return Err(Problem::Fine);
        }
        whole.checked_add(part / scale).ok_or(Problem::Large)
    }

    fn decimal(&self) -> Option<f64> {
        let plain: String = format!("{}.{}0", self.whole, self.fraction)
            .chars()
            .filter(|c| *c != '_')
            .collect();
        plain.parse().ok()
    }
}

/// The digits at the start of a text.
fn digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '_')
        .unwrap_or(text.len());
    text.split_at(end)
}

/// The letters at the start of a text.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text
        .find(|c: char| !c.is_alphabetic())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// Digits as a number; no digits are zero.
fn integer(digits: &str) -> Option<u128> {
    digits
        .bytes()
        .filter(u8::is_ascii_digit)
        .try_fold(0u128, |n, digit| {
            n.checked_mul(10)?.checked_add(u128::from(digit - b'0'))
        })
}
