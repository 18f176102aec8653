//! Options of `#[retry]` that are no options, or have no such value.

use perfkit::retry;

#[retry(attempts = 1)]
fn never_repeats() -> Option<u8> {
    None
}

#[retry(attempts = 0)]
fn never_runs() -> Option<u8> {
    None
}

#[retry(retries = 3)]
fn retries() -> Option<u8> {
    None
}

#[retry(max_dela = "1s")]
fn misspelled() -> Option<u8> {
    None
}

#[retry(delay = 100)]
fn without_unit() -> Option<u8> {
    None
}

#[retry(backoff = "exponentail")]
fn misspelled_backoff() -> Option<u8> {
    None
}

#[retry(backoff = "linear")]
fn unknown_backoff() -> Option<u8> {
    None
}

#[retry(jitter = "decorrelated")]
fn unknown_jitter() -> Option<u8> {
    None
}

#[retry(factor = 0.5)]
fn shrinking() -> Option<u8> {
    None
}

#[retry(backoff = "constant", factor = 2.0)]
fn factor_of_a_constant() -> Option<u8> {
    None
}

#[retry(backoff = |attempt| std::time::Duration::from_millis(10) * attempt, delay = "10ms")]
fn two_delays() -> Option<u8> {
    None
}

#[retry(budget = 20)]
fn percent() -> Option<u8> {
    None
}

#[retry(budget = "10/s")]
fn rate() -> Option<u8> {
    None
}

fn main() {}
