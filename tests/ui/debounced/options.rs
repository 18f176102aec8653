use perfkit::debounced;

#[debounced]
async fn no_time() {}

#[debounced(200)]
async fn no_unit() {}

#[debounced("200ms")]
fn blocking() {}

#[debounced("200ms", trailing = false)]
async fn never_runs() {}

#[debounced("200ms", leading, trailing = false, max_wait = "1s")]
async fn nobody_waits() {}

#[debounced("200ms", key = user)]
async fn key(user: u32) -> u32 {
    user
}

#[debounced("200ms", max_wait = "0s")]
async fn no_wait() {}

#[debounced(wait = "200ms")]
async fn by_name() {}

#[debounced("200ms")]
async fn never() -> ! {
    loop {}
}

#[debounced("200ms", handle)]
async fn of_what(text: impl ToString) -> String {
    text.to_string()
}

fn main() {}
