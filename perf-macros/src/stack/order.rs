//! Which attributes may stand above which.
//!
//! The order in which they are read is what runs, and most orders mean something. Those here do not mean what they say: a
//! retry below the breaker that it should ask before each attempt, a fallback where nobody sees any more that something
//! failed. The order that works for all of them, from the outside in:
//!
//! `measured`, `cached` (or `memoized`, `lazy`), `debounced`, `fallback`, `timeout` of the whole call, `retry`, `hedged`,
//! `breaker`, `rate_limited` or `throttled`, `bulkhead`, `timeout` of each attempt, the body.

use syn::Path;

use crate::errors::Errors;
use crate::instruments::Entry;
use crate::stack::Layer;

/// What the report calls the second `#[timeout]` of a function.
pub(super) const WITHIN: &str = "attempt";

/// What repeats a call, so that a limit may stand above it and another one below.
const REPEATING: &[&str] = &["retry", "hedged"];

/// Above, below, and why that is wrong.
const WRONG: &[(&str, &str, &str)] = &[
    (
        "breaker",
        "retry",
        "would count one failure for all attempts, and let them all through to what has failed",
    ),
    (
        "breaker",
        "hedged",
        "would let two calls through where it has let one",
    ),
    ("hedged", "retry", "would repeat each of its attempts"),
    (
        "breaker",
        "fallback",
        "would see the answer of the fallback, and never a failure",
    ),
    (
        "retry",
        "fallback",
        "would see the answer of the fallback, and never a failure to repeat",
    ),
    (
        "hedged",
        "fallback",
        "would take the answer of the fallback for that of the function",
    ),
    (
        "retry",
        "debounced",
        "would wait for a pause in the calls before each attempt",
    ),
    (
        "hedged",
        "debounced",
        "would wait for a pause in the calls before each attempt",
    ),
    (
        "breaker",
        "debounced",
        "would count each caller of a burst, which runs once",
    ),
    (
        "debounced",
        "cached",
        "would wait for a pause in the calls before it looks for an answer that is there",
    ),
    (
        "debounced",
        "memoized",
        "would wait for a pause in the calls before it looks for an answer that is there",
    ),
];

/// What runs the body some other way, so that nothing of ours can stand between it and the body.
const INNERMOST: &[&str] = &["batched", "offloaded", "pooled"];

/// What lends what it answers with, so that nobody can keep it.
const LENT: &[&str] = &["pooled"];

/// Complains when an attribute may not stand below those that are there.
pub(super) fn check(above: &[Layer], entry: &Entry, path: &Path, errors: &mut Errors) {
    let name = entry.grammar.attribute;
    let attribute = |layer: &Layer| layer.entry.grammar.attribute;
    if let Some(first) = above.iter().position(|layer| attribute(layer) == name) {
        let between = above.get(first + 1..).unwrap_or_default();
        let repeats = between
            .iter()
            .any(|layer| REPEATING.contains(&attribute(layer)));
        let more = above
            .iter()
            .filter(|layer| attribute(layer) == name)
            .count()
            > 1;
        if name == "timeout" && repeats && !more {
            return;
        }
        let way_out = if name == "timeout" {
            "; a limit for the whole call stands above `#[retry]`, one for each attempt below it"
        } else {
            ""
        };
        errors.at(
            path,
            format!("`#[{name}]` stands twice on this function{way_out}"),
        );
        return;
    }
    if entry.keeps_answers
        && let Some(other) = above.iter().find(|layer| layer.entry.keeps_answers)
    {
        let other = attribute(other);
        errors.at(
            path,
            format!(
                "`#[{other}]` keeps the answers of this function already; leave one of the two out"
            ),
        );
        return;
    }
    for layer in above {
        let outer = attribute(layer);
        if INNERMOST.contains(&outer) {
            errors.at(
                path,
                format!(
                    "`#[{outer}]` runs the body when nobody calls, and `#[{name}]` below it would be about that; write \
                     `#[{name}]` above `#[{outer}]`"
                ),
            );
        } else if LENT.contains(&name) && layer.entry.keeps_answers {
            errors.at(
                path,
                format!(
                    "`#[{outer}]` would keep what `#[{name}]` only lends; leave one of the two out, or write `#[{outer}]` on \
                     a function that uses the resource"
                ),
            );
        }
        if let Some((.., why)) = WRONG
            .iter()
            .find(|(wrong, below, _)| *wrong == outer && *below == name)
        {
            errors.at(
                path,
                format!(
                    "`#[{outer}]` above `#[{name}]` {why}; write `#[{name}]` above `#[{outer}]`"
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::WRONG;

    #[test]
    fn of_two_attributes_one_order_is_right() {
        for (above, below, _) in WRONG {
            let both = WRONG.iter().any(|(a, b, _)| (a, b) == (below, above));
            assert!(!both, "{above} and {below} could not stand together");
        }
    }
}
