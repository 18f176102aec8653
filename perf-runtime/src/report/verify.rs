//! Do the books balance? Every section says what must hold between its numbers; this checks every row.

use std::fmt;

use super::latency::Latency;
use super::layout::{Layout, Rule};
use super::row::{Field, Row, Text};
use super::value::Report;

/// A rule of a section that does not hold for one row.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imbalance {
    /// The array of the row.
    pub section: String,
    /// The row.
    pub op: String,
    /// The label, where it is the numbers of one.
    pub label: Option<String>,
    /// The rule: `calls = completed + timed_out + cancelled`.
    pub rule: String,
    /// What the left side adds up to; nothing when the row does not have the numbers the rule names.
    pub left: Option<u64>,
    /// What the right side adds up to; nothing when the row does not have the numbers the rule names.
    pub right: Option<u64>,
}

impl fmt::Display for Imbalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            section,
            op,
            rule,
            left,
            right,
            label,
        } = self;
        write!(f, "the books of `{op}` in {section}")?;
        if let Some(label) = label {
            write!(f, " for `{label}`")?;
        }
        match (left, right) {
            (Some(left), Some(right)) => {
                write!(f, " do not balance: `{rule}` is {left} and {right}")
            }
            _ => write!(f, " cannot be checked: it lacks a number of `{rule}`"),
        }
    }
}

impl std::error::Error for Imbalance {}

/// One side of a rule.
enum Side {
    Sum(u64),
    /// One of the numbers is there and not known.
    Unknown,
    /// One of the numbers is not there.
    Missing,
}

impl Report {
    /// Checks that the books balance: every call has one outcome, every duration belongs to a call, quantiles rise.
    ///
    /// The rules are those of the instruments (`snapshot::Balance`). Numbers that are still being counted while the
    /// report is taken belong to the instruments too: their rules hold at any time.
    ///
    /// # Errors
    /// Every rule of every row that does not hold.
    ///
    /// ```
    /// perfkit::report().verify().expect("the books balance");
    /// ```
    pub fn verify(&self) -> Result<(), Vec<Imbalance>> {
        let mut found = Vec::new();
        for (key, rows) in self.sections() {
            let layout = self.layout(key, rows);
            for row in rows {
                check(&layout, row, None, &mut found);
                for (label, of_label) in row.labels() {
                    check(&layout, of_label, Some(label), &mut found);
                }
            }
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }
}

fn check(layout: &Layout, row: &Row, label: Option<&str>, found: &mut Vec<Imbalance>) {
    let mut complain = |rule: String, left, right| {
        found.push(Imbalance {
            section: layout.key.clone().into_owned(),
            op: row.op.clone().into_owned(),
            label: label.map(str::to_owned),
            rule,
            left,
            right,
        });
    };
    for rule in &layout.balance {
        match (side(row, &rule.left), side(row, &rule.right)) {
            (Side::Unknown, _) | (_, Side::Unknown) => {}
            (Side::Sum(left), Side::Sum(right)) => {
                if !holds(rule, left, right) {
                    complain(words(rule), Some(left), Some(right));
                }
            }
            _ => complain(words(rule), None, None),
        }
    }
    for (key, field) in row.fields() {
        if let Field::Histogram(latency) = field {
            for (shorter, longer) in disorder(latency) {
                complain(format!("{key} in rising order"), shorter, longer);
            }
        }
    }
}

fn holds(rule: &Rule, left: u64, right: u64) -> bool {
    match rule.relation.as_ref() {
        "=" => left == right,
        "<=" => left <= right,
        _ => true, // of a later version
    }
}

fn words(rule: &Rule) -> String {
    let (left, right) = (rule.left.join(" + "), rule.right.join(" + "));
    format!("{left} {} {right}", rule.relation)
}

fn side(row: &Row, terms: &[Text]) -> Side {
    let mut sum = 0_u64;
    let mut unknown = false;
    for term in terms {
        match term_of(row, term) {
            Side::Sum(n) => sum = sum.saturating_add(n),
            Side::Unknown => unknown = true,
            Side::Missing => return Side::Missing,
        }
    }
    if unknown {
        Side::Unknown
    } else {
        Side::Sum(sum)
    }
}

fn term_of(row: &Row, term: &str) -> Side {
    let (name, part) = term
        .split_once('.')
        .map_or((term, None), |(name, part)| (name, Some(part)));
    let sum = match (row.field(name), part) {
        (Some(Field::Unknown), _) => return Side::Unknown,
        (Some(Field::Integer(n)), None) => Some(*n),
        (Some(Field::Family(parts)), None) => Some(
            parts
                .iter()
                .fold(0_u64, |sum, (_, n)| sum.saturating_add(*n)),
        ),
        (Some(Field::Family(_)), Some(part)) => row.part(name, part),
        (Some(Field::Histogram(latency)), Some("count")) => Some(latency.count),
        _ => None,
    };
    sum.map_or(Side::Missing, Side::Sum)
}

/// Neighbours among the shortest, the quantiles and the longest that stand the wrong way round.
fn disorder(latency: &Latency) -> impl Iterator<Item = (Option<u64>, Option<u64>)> {
    let rising = [
        latency.min_ns,
        latency.p50_ns,
        latency.p90_ns,
        latency.p95_ns,
        latency.p99_ns,
        latency.p999_ns,
        latency.max_ns,
    ];
    let mut before = None;
    rising.into_iter().flatten().filter_map(move |ns| {
        let wrong = before.filter(|b| *b > ns).map(|b| (Some(b), Some(ns)));
        before = Some(ns);
        wrong
    })
}
