use perfkit::timeout;

#[timeout(30)]
async fn number() -> Option<u32> {
    Some(1)
}

#[timeout("0s")]
async fn zero() -> Option<u32> {
    Some(1)
}

const LIMIT: f64 = 2.0;

#[timeout(LIMIT)]
async fn not_a_duration() -> Option<u32> {
    Some(1)
}

fn main() {
    drop((number(), zero(), not_a_duration()));
}
