use perfkit::cached;

#[cached(ttl = "0s", tti = 5, max_size = 0, max_bytes = "0B", jitter = 2, wait = "soon", errors = "never")]
fn values(id: u64) -> Result<u64, String> {
    Ok(id)
}

#[cached(weigh = |n| *n)]
fn weigh_alone(id: u64) -> u64 {
    id
}

#[cached(max_bytes = "1MB")]
fn bytes_alone(id: u64) -> u64 {
    id
}

#[cached(handle = 1, unbounded, ttl)]
fn others(id: u64) -> u64 {
    id
}

fn main() {
    values(1).ok();
    weigh_alone(1);
    bytes_alone(1);
    others(1);
}
