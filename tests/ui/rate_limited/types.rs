use perfkit::{Rejected, rate_limited};

struct NotHash;

#[rate_limited("100/s", by = key)]
fn key(key: &NotHash) -> Result<(), Rejected> {
    Ok(())
}

#[rate_limited("100/s", cost = items.len())]
fn cost(items: &[u8]) -> Result<(), Rejected> {
    Ok(())
}

#[rate_limited(RATE)]
fn rate() -> Result<(), Rejected> {
    Ok(())
}

const RATE: u64 = 100;

fn main() {}
