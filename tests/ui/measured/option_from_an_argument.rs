use std::time::Duration;

use perfkit::measured;

#[measured(slow = limit)]
fn late(limit: Duration) -> Duration {
    limit
}

fn main() {
    late(Duration::ZERO);
}
