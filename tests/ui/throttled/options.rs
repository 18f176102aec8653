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

#[throttled("1s", leading = false)]
fn never_runs() {}

#[throttled("1s", leading = false, trailing)]
fn no_answer_at_first() -> u8 {
    1
}

static CLOCK: perfkit::Clock = perfkit::Clock::manual();

#[throttled("1s", trailing, clock = &CLOCK)]
fn by_another_time() {}

#[throttled("1s", trailing)]
fn borrows(texts: &[&str]) {
    drop(texts);
}

struct Document;

impl Document {
    #[throttled("1s", trailing)]
    async fn save(&self) {}
}

#[throttled("1s", handle)]
fn nothing_waits() {}

#[throttled("1s", trailing, handle)]
fn of_what(_: impl ToString) {}

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
