use perfkit::cached;

#[cached(errors = "1s")]
fn number(id: u64) -> u64 {
    id
}

fn main() {
    number(1);
}
