//! What `#[hedged]` has to know, and where it cannot work.

use perfkit::hedged;

#[hedged(after = "50ms")]
async fn not_said_to_do_no_harm() -> Option<u8> {
    None
}

#[hedged(idempotent)]
async fn after_what() -> Option<u8> {
    None
}

#[hedged(after = "p100", idempotent)]
async fn no_percentile() -> Option<u8> {
    None
}

#[hedged(after = 50, idempotent)]
async fn without_unit() -> Option<u8> {
    None
}

#[hedged(after = "soon", idempotent)]
async fn no_duration() -> Option<u8> {
    None
}

#[hedged(after = "50ms", idempotent, max = 0)]
async fn no_hedges() -> Option<u8> {
    None
}

#[hedged(after = "50ms", idempotent, budget = 5)]
async fn percent() -> Option<u8> {
    None
}

#[hedged(delay = "50ms", idempotent)]
async fn another_name() -> Option<u8> {
    None
}

#[hedged(after = "50ms", idempotent)]
fn blocks() -> Option<u8> {
    None
}

struct Client;

impl Client {
    #[hedged(after = "50ms", idempotent)]
    async fn changes(&mut self) -> Option<u8> {
        None
    }

    #[hedged(after = "50ms", idempotent)]
    async fn used_up(self) -> Option<u8> {
        None
    }
}

fn main() {}
