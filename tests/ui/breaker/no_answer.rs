use perfkit::breaker;

#[breaker]
fn nothing() {}

#[breaker]
async fn never() -> ! {
    loop {}
}

#[breaker]
fn hidden() -> impl Iterator<Item = u8> {
    0..9
}

#[breaker]
fn plain() -> u32 {
    1
}

fn main() {}
