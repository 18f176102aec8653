//! Caches are kept in files by a feature.

use perfkit::cached;

#[cached(ttl = "5m", persist = "users.cache")]
fn user(id: u64) -> String {
    id.to_string()
}

fn main() {
    user(1);
}
