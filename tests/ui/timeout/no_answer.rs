use perfkit::timeout;

#[timeout("2s")]
async fn unit() {}

#[timeout("2s")]
async fn number() -> u32 {
    1
}

#[timeout("2s", reject = |_| 0)]
async fn rejected_number() -> u32 {
    1
}

fn main() {
    drop((unit(), number(), rejected_number()));
}
