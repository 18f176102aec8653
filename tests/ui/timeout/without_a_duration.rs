use perfkit::timeout;

#[timeout]
async fn bare() -> Option<u32> {
    Some(1)
}

#[timeout()]
async fn empty() -> Option<u32> {
    Some(1)
}

#[timeout(name = "users")]
async fn only_options() -> Option<u32> {
    Some(1)
}

#[timeout(limit = "2s")]
async fn named() -> Option<u32> {
    Some(1)
}

fn main() {
    drop((bare(), empty(), only_options(), named()));
}
