//! What cannot be, or contradicts itself, at its token.

use super::options::{
    BY, CANCELLED, FAILURE_RATE, FALLBACK, MAX_KEYS, MAX_RESET, MIN_CALLS, PROBES, REJECT, RESET,
    SLOW, SLOW_RATE, SUCCESSES, THRESHOLD, WINDOW,
};
use crate::errors::Errors;
use crate::function::{Answer, Shape};
use crate::instruments::Annotated;
use crate::options::{Given, Spec, Value};

/// The most that fit into the word of a breaker.
const MOST_IN_A_ROW: u64 = 524_287;
const MOST_PROBES: u64 = 1_023;
const MOST_CALLS: u64 = 32_767;
/// Where slow calls are told apart.
const MOST_CALLS_SLOW: u64 = 1_023;

/// What was written, and how complaints find it.
struct Options<'o> {
    plain: &'o [(Spec, Value)],
    given: &'o Given,
}

impl Options<'_> {
    fn value(&self, spec: &Spec) -> Option<&Value> {
        let found = self.plain.iter().find(|(given, _)| given == spec);
        found.map(|(_, value)| value)
    }

    /// Was it written, right or wrong.
    fn has(&self, spec: &Spec) -> bool {
        self.given.word(spec).is_some()
    }

    fn complain(&self, spec: &Spec, errors: &mut Errors, message: impl Into<String>) {
        if let Some(word) = self.given.word(spec) {
            errors.at(word, message.into());
        }
    }
}

/// All of it.
pub(super) fn options(
    plain: &[(Spec, Value)],
    given: &Given,
    on: &Annotated<'_>,
    errors: &mut Errors,
) {
    let options = Options { plain, given };
    answer(&options, on, errors);
    shares(&options, errors);
    numbers(&options, errors);
    if options.has(&MAX_KEYS) && !options.has(&BY) {
        options.complain(
            &MAX_KEYS,
            errors,
            "`max_keys` says of how many keys something is known, and there are none; add `by = …`",
        );
    }
    if options.has(&FALLBACK) {
        options.complain(
            &REJECT,
            errors,
            "with `fallback` no call is rejected, so there is nothing to say of one; write one of the two",
        );
    }
    if matches!(on.shape, Shape::Sync) {
        options.complain(
            &CANCELLED,
            errors,
            "a call of this function cannot be cancelled, it ends or it panics; leave `cancelled` out, or make this an \
             `async fn`",
        );
    }
}

/// Whether it can be seen that a call failed.
fn answer(options: &Options<'_>, on: &Annotated<'_>, errors: &mut Errors) {
    if options.has(&FALLBACK) {
        return;
    }
    if let Answer::Unit | Answer::Never | Answer::Opaque = on.answer {
        errors.at(
            on.function.name(),
            "whether a call of this function failed cannot be seen, and one that is rejected has no answer; return a `Result` \
             whose error implements `From<perfkit::Rejected>`, or an `Option`, or give a `fallback`",
        );
    }
}

/// The shares and their window.
fn shares(options: &Options<'_>, errors: &mut Errors) {
    if options.has(&FAILURE_RATE) {
        options.complain(
            &THRESHOLD,
            errors,
            "`threshold` counts failures in a row and `failure_rate` their share; write one of the two",
        );
    }
    for spec in [&FAILURE_RATE, &SLOW_RATE] {
        if !options.has(&WINDOW) {
            let message = format!(
                "`{}` is a share of the calls in a window; say of which: `window = 100` for the last 100 calls, or \
                 `window = \"10s\"` for those of the last 10 seconds",
                spec.name
            );
            options.complain(spec, errors, message);
        }
        let ratio = options.value(spec).and_then(Value::ratio);
        if ratio.is_some_and(|ratio| ratio <= 0.0) {
            let message = format!(
                "`{0}` is more than 0; write `{0} = {1}`",
                spec.name, spec.example
            );
            options.complain(spec, errors, message);
        }
    }
    if !options.has(&SLOW_RATE) {
        options.complain(
            &SLOW,
            errors,
            "`slow` says which calls are slow; add how many of them are too many: `slow_rate = 0.8`",
        );
    }
    if !options.has(&SLOW) {
        options.complain(
            &SLOW_RATE,
            errors,
            "`slow_rate` is a share of slow calls; add which calls are slow: `slow = \"500ms\"`",
        );
    }
    if !options.has(&FAILURE_RATE) && !options.has(&SLOW_RATE) {
        options.complain(
            &WINDOW,
            errors,
            "`window` has the calls of which a share is taken, and none is; add `failure_rate = 0.5`",
        );
    }
    if !options.has(&WINDOW) {
        options.complain(
            &MIN_CALLS,
            errors,
            "`min_calls` is how many calls there must be in the window, and there is none; add `window = 100` and \
             `failure_rate = 0.5`",
        );
    }
}

/// What is too much.
fn numbers(options: &Options<'_>, errors: &mut Errors) {
    let count = |spec: &Spec| options.value(spec).and_then(Value::count);
    let window = count(&WINDOW);
    let most_calls = if options.has(&SLOW) {
        MOST_CALLS_SLOW
    } else {
        MOST_CALLS
    };
    let most_in_a_row = if options.has(&SLOW) && window.is_some() {
        MOST_CALLS_SLOW
    } else {
        MOST_IN_A_ROW
    };
    let bounds = [
        (&THRESHOLD, most_in_a_row),
        (&PROBES, MOST_PROBES),
        (&SUCCESSES, MOST_PROBES),
        (&WINDOW, most_calls),
    ];
    for (spec, most) in bounds {
        if count(spec).is_some_and(|count| count > most) {
            let hint = if *spec == WINDOW {
                "; a `window` of time, `\"10s\"`, has no such bound"
            } else {
                ""
            };
            let message = format!("`{}` can be {most} at most{hint}", spec.name);
            options.complain(spec, errors, message);
        }
    }
    if let (Some(calls), Some(min)) = (window, count(&MIN_CALLS))
        && min > calls
    {
        options.complain(
            &MIN_CALLS,
            errors,
            format!("the window has {calls} calls at most, so there would never be {min}"),
        );
    }
    let time = |spec: &Spec| options.value(spec).and_then(Value::duration);
    let reset = time(&RESET).unwrap_or(std::time::Duration::from_secs(60));
    let known = !options.has(&RESET) || time(&RESET).is_some();
    if let Some(most) = time(&MAX_RESET)
        && known
        && most < reset
    {
        options.complain(
            &MAX_RESET,
            errors,
            format!("the `reset` is {reset:?} and only grows; write a longer `max_reset`, or a shorter `reset`"),
        );
    }
}
