//! Answers and functions that do not fit.

use perfkit::fallback;

struct Ticket;

#[fallback(value = 1)]
fn wrong_value() -> Result<u8, String> {
    Ok(1)
}

#[fallback(value = 1)]
fn never_fails() -> u8 {
    1
}

fn without_error(id: u32) -> Result<u32, String> {
    Ok(id)
}

#[fallback(without_error)]
fn too_few_arguments(id: u32) -> Result<u32, String> {
    Ok(id)
}

fn wrong_argument(id: &str, error: String) -> Result<u32, String> {
    Err(format!("{id} {error}"))
}

#[fallback(wrong_argument)]
fn wrong_types(id: u32) -> Result<u32, String> {
    Ok(id)
}

fn wrong_answer(id: u32, _: String) -> u32 {
    id
}

#[fallback(wrong_answer)]
fn other_answer(id: u32) -> Result<u32, String> {
    Ok(id)
}

async fn later(id: u32, _: String) -> u32 {
    id
}

#[fallback(later)]
async fn other_answer_later(id: u32) -> Result<u32, String> {
    Ok(id)
}

fn with_ticket(_: Ticket, error: String) -> Result<u32, String> {
    Err(error)
}

#[fallback(with_ticket)]
fn not_clone(ticket: Ticket) -> Result<u32, String> {
    let Ticket = ticket;
    Ok(1)
}

#[fallback(value = Some(1), when = |error| true)]
fn no_error() -> Option<u32> {
    None
}

fn main() {}
