use perfkit::{cached, measured, memoized};

#[cached]
#[measured]
#[memoized]
fn both(id: u64) -> u64 {
    id
}

#[memoized]
#[cached(ttl = "1m")]
fn otherwise(id: u64) -> u64 {
    id
}

fn main() {
    both(1);
    otherwise(1);
}
