use perfkit::debounced;

#[debounced]
async fn no_time() {}

#[debounced(200)]
async fn no_unit() {}

#[debounced("200ms")]
fn blocking() {}

#[debounced("200ms", trailing)]
async fn trailing() {}

#[debounced("200ms", by = key)]
async fn by(key: u32) -> u32 {
    key
}

#[debounced("200ms", max_wait = "0s")]
async fn no_wait() {}

#[debounced(wait = "200ms")]
async fn by_name() {}

#[debounced("200ms")]
async fn never() -> ! {
    loop {}
}

fn main() {}
