//! Types that a repetition cannot do with.

use perfkit::retry;

struct Ticket;

#[retry]
fn not_clone(ticket: Ticket, twice: u8) -> Result<u8, String> {
    let Ticket = ticket;
    Ok(twice)
}

#[retry]
async fn not_clone_in_a_future(ticket: Ticket) -> Result<(), String> {
    let Ticket = ticket;
    Ok(())
}

#[retry]
fn never_fails(n: u32) -> u32 {
    n
}

#[retry(when = |error| true)]
fn no_error(n: u32) -> Option<u32> {
    Some(n)
}

#[retry(when = |error| error.len())]
fn no_verdict(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[retry(retry_after = |error: &String| 5)]
fn no_duration(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[retry(backoff = "1s")]
fn no_backoff(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[retry(backoff = |attempt| attempt)]
fn wrong_backoff(n: u32) -> Result<u32, String> {
    Ok(n)
}

fn wrong_event(_: &str) {}

#[retry(on_retry = wrong_event)]
fn wrong_listener(n: u32) -> Result<u32, String> {
    Ok(n)
}

fn main() {}
