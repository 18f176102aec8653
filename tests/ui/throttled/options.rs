use perfkit::{cached, throttled};

#[throttled]
fn no_time() -> u8 {
    1
}

#[throttled(100)]
fn no_unit() -> u8 {
    1
}

#[throttled("0ms")]
fn no_time_at_all() -> u8 {
    1
}

#[throttled("1s", trailing)]
fn trailing() -> u8 {
    1
}

#[throttled("1s", wait = "1s")]
fn waits() -> u8 {
    1
}

#[throttled(every = "1s")]
fn by_name() -> u8 {
    1
}

#[cached]
#[throttled("1s")]
fn kept_twice() -> u8 {
    1
}

#[throttled("1s")]
fn opaque() -> impl Iterator<Item = u8> {
    std::iter::empty()
}

#[throttled("1s")]
fn borrowed(of: &str) -> &str {
    of
}

fn main() {}
