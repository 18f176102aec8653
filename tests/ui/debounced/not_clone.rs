use perfkit::debounced;

struct NotClone;

#[debounced("200ms")]
async fn answer() -> NotClone {
    NotClone
}

#[debounced("200ms")]
async fn borrowed(of: &str) -> &str {
    of
}

fn main() {}
