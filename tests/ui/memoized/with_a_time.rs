use perfkit::memoized;

#[memoized(ttl = "5m")]
fn square(n: u64) -> u64 {
    n * n
}

#[memoized(wait = "1s", max_sise = 5)]
fn cube(n: u64) -> u64 {
    n * n * n
}

#[memoized(unbounded, max_size = 10)]
fn both(n: u64) -> u64 {
    n
}

fn main() {
    square(1);
    cube(1);
    both(1);
}
