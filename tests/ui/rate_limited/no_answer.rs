use perfkit::rate_limited;

#[rate_limited("100/s")]
fn unit() {}

#[rate_limited("100/s")]
async fn unit_too() {}

#[rate_limited("100/s")]
fn opaque() -> impl Iterator<Item = u8> {
    std::iter::empty()
}

#[rate_limited("100/s", max_wait = "1s")]
fn plain() -> u32 {
    1
}

struct MyError;

#[rate_limited("100/s")]
async fn own() -> Result<u32, MyError> {
    Ok(1)
}

fn main() {}
