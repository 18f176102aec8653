//! How a section is shown and checked, as part of the report's value.
//!
//! An instrument describes its section with `static` data ([`Section`]). The report carries a copy, in JSON under
//! `layout`, so that a saved report prints the same table and passes the same checks in a program that has never heard
//! of the instrument. Words this version does not know are skipped.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::latency::Latency;
use super::row::{Field, Row, Text, number};
use crate::snapshot::{Balance, Cell, Column, Relation, Section};

/// A [`Section`], owned.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Layout {
    pub(super) key: Text,
    pub(super) title: Text,
    pub(super) rate_of: Option<Text>,
    pub(super) share_of: Option<Text>,
    pub(super) columns: Vec<Heading>,
    pub(super) balance: Vec<Rule>,
}

/// A [`Column`], owned.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Heading {
    pub(super) title: Text,
    /// The kind of cell, in one word.
    show: Text,
    /// The metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<Text>,
    /// The part of a family.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<Text>,
    /// The parts of a family, where they are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Text>,
    /// The quantile.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<f64>,
    pub(super) rank: u8,
    /// Shown only when it has something to say.
    #[serde(skip_serializing_if = "is_false")]
    quiet: bool,
}

/// A [`Balance`], owned.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Rule {
    pub(super) left: Vec<Text>,
    /// `=` or `<=`.
    pub(super) relation: Text,
    pub(super) right: Vec<Text>,
}

/// What a cell shows, ready to be written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shown<'r> {
    Unknown,
    Count(u64),
    Number(f64),
    Nanoseconds(f64),
    Bytes(f64),
    Ratio(f64),
    Word(&'r str),
}

impl Shown<'_> {
    fn is_something(self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Count(n) => n > 0,
            Self::Number(n) | Self::Nanoseconds(n) | Self::Bytes(n) | Self::Ratio(n) => n != 0.0,
            Self::Word(word) => !word.is_empty(),
        }
    }
}

impl From<&'static Section> for Layout {
    fn from(section: &'static Section) -> Self {
        Self {
            key: section.key.into(),
            title: section.title.into(),
            rate_of: section.rate_of.map(Cow::Borrowed),
            share_of: section.share_of.map(Cow::Borrowed),
            columns: section.columns.iter().map(Heading::from).collect(),
            balance: section.balance.iter().map(Rule::from).collect(),
        }
    }
}

impl From<&Column> for Heading {
    fn from(column: &Column) -> Self {
        let mut parts: &[_] = &[];
        let (show, of, part, at) = match column.cell {
            Cell::Of(of) => ("value", Some(of), None, None),
            Cell::Part(of, part) => ("part", Some(of), Some(part), None),
            Cell::PartRatio(of, [part]) => ("part_ratio", Some(of), Some(*part), None),
            Cell::PartRatio(of, several) => {
                parts = several;
                ("part_ratio", Some(of), None, None)
            }
            Cell::Quantile(of, at) => ("quantile", Some(of), None, Some(at)),
            Cell::Mean(of) => ("mean", Some(of), None, None),
            Cell::Max(of) => ("max", Some(of), None, None),
            Cell::Rate => ("rate", None, None, None),
            Cell::Share => ("share", None, None, None),
        };
        Self {
            title: column.title.into(),
            show: show.into(),
            of: of.map(Cow::Borrowed),
            part: part.map(Cow::Borrowed),
            parts: parts.iter().map(|part| Cow::Borrowed(*part)).collect(),
            at,
            rank: column.rank,
            quiet: column.quiet,
        }
    }
}

impl From<&Balance> for Rule {
    fn from(balance: &Balance) -> Self {
        let owned = |terms: &'static [&'static str]| terms.iter().map(|t| Cow::Borrowed(*t));
        Self {
            left: owned(balance.left).collect(),
            relation: Cow::Borrowed(match balance.relation {
                Relation::Equal => "=",
                Relation::AtMost => "<=",
            }),
            right: owned(balance.right).collect(),
        }
    }
}

impl Layout {
    /// A layout for rows whose own one is not known: every value by its name, important ones first.
    pub(super) fn derived(key: &str, rows: &[Row]) -> Self {
        let heading = |title: String, show: &'static str, of: &str, at, rank| Heading {
            title: title.into(),
            show: show.into(),
            of: Some(of.to_owned().into()),
            at,
            rank,
            ..Heading::default()
        };
        let mut columns = Vec::new();
        for (at, (key, field)) in rows.iter().take(1).flat_map(Row::fields).enumerate() {
            let rank = u8::try_from(at).unwrap_or(u8::MAX);
            if let Field::Histogram(_) = field {
                columns.push(heading(
                    format!("{key} p50"),
                    "quantile",
                    key,
                    Some(0.5),
                    rank,
                ));
                columns.push(heading(
                    format!("{key} p99"),
                    "quantile",
                    key,
                    Some(0.99),
                    rank,
                ));
            } else {
                columns.push(heading(key.to_owned(), "value", key, None, rank));
            }
        }
        Self {
            key: key.to_owned().into(),
            title: key.to_owned().into(),
            columns,
            ..Self::default()
        }
    }

    /// False for a quiet column with nothing but zeros, or nothing at all, in these rows.
    pub(super) fn has_something(&self, heading: &Heading, rows: &[Row]) -> bool {
        !heading.quiet
            || rows
                .iter()
                .any(|row| self.cell(heading, row).is_something())
    }

    /// What stands in a row under that heading.
    pub(super) fn cell<'r>(&self, heading: &Heading, row: &'r Row) -> Shown<'r> {
        let of = heading.of.as_deref().unwrap_or_default();
        let latency = |of_it: fn(&Latency) -> Option<f64>| {
            let ns = row.histogram(of).and_then(of_it);
            ns.map(Shown::Nanoseconds)
        };
        match heading.show.as_ref() {
            "value" => value(row, of),
            "part" => part(heading, row).map(|(part, _)| Shown::Count(part)),
            "part_ratio" => part(heading, row).and_then(|(part, all)| ratio(part, all)),
            "quantile" => row
                .histogram(of)
                .and_then(|latency| latency.quantile_ns(heading.at?))
                .map(|ns| Shown::Nanoseconds(float(ns))),
            "mean" => latency(|latency| latency.mean_ns),
            "max" => latency(|latency| latency.max_ns.map(float)),
            "rate" => {
                let rate = self.rate_of.as_deref().and_then(|of| row.per_second(of));
                rate.map(Shown::Number)
            }
            "share" => row.ratio("share").map(Shown::Ratio),
            _ => None,
        }
        .unwrap_or(Shown::Unknown)
    }
}

fn part(heading: &Heading, row: &Row) -> Option<(u64, u64)> {
    let parts = row.family(heading.of.as_deref()?)?;
    let sum = |sum: u64, n: &u64| sum.saturating_add(*n);
    let named = |part: &Text| heading.part.as_ref() == Some(part) || heading.parts.contains(part);
    let part = parts.iter().filter(|(p, _)| named(p)).map(|(_, n)| *n);
    let part = part.reduce(|all, n| sum(all, &n))?;
    Some((part, parts.iter().map(|(_, n)| n).fold(0, sum)))
}

fn ratio(part: u64, all: u64) -> Option<Shown<'static>> {
    (all > 0).then(|| Shown::Ratio(float(part) / float(all)))
}

/// The metric of that name in whatever unit it has.
fn value<'r>(row: &'r Row, name: &str) -> Option<Shown<'r>> {
    let in_unit = |unit, shown: fn(f64) -> Shown<'static>| {
        row.with_unit(name, unit)
            .map(|field| number(field).map(shown))
    };
    if let Some(field) = row.field(name) {
        return match field {
            Field::Unknown => None,
            Field::Text(word) => Some(Shown::Word(word)),
            Field::Family(parts) => Some(Shown::Count(
                parts.iter().fold(0, |all, (_, n)| all.saturating_add(*n)),
            )),
            Field::Histogram(latency) => Some(Shown::Count(latency.count)),
            // A derived layout names values with their units.
            Field::Integer(n) if !has_unit(name) => Some(Shown::Count(*n)),
            Field::Integer(_) | Field::Number(_) => {
                let n = number(field)?;
                Some(match name.rsplit_once('_') {
                    Some((_, "ns")) => Shown::Nanoseconds(n),
                    Some((_, "seconds")) => Shown::Nanoseconds(n * 1e9),
                    Some((_, "bytes")) => Shown::Bytes(n),
                    Some((_, "ratio")) => Shown::Ratio(n),
                    _ => Shown::Number(n),
                })
            }
        };
    }
    in_unit("_ns", Shown::Nanoseconds)
        .or_else(|| in_unit("_seconds", |seconds| Shown::Nanoseconds(seconds * 1e9)))
        .or_else(|| in_unit("_bytes", Shown::Bytes))
        .or_else(|| in_unit("_ratio", Shown::Ratio))
        .flatten()
}

fn has_unit(name: &str) -> bool {
    ["_ns", "_seconds", "_bytes", "_ratio"]
        .iter()
        .any(|unit| name.ends_with(unit))
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "what serde calls it with"
)]
fn is_false(value: &bool) -> bool {
    !value
}

#[allow(clippy::cast_precision_loss, reason = "for showing, where 53 bits do")]
pub(super) fn float(n: u64) -> f64 {
    n as f64
}
