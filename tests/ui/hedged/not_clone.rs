//! An argument that two attempts cannot share.

use perfkit::hedged;

struct Ticket;

#[hedged(after = "50ms", idempotent)]
async fn load(ticket: Ticket) -> Option<u8> {
    let Ticket = ticket;
    None
}

fn main() {}
