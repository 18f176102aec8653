use perfkit::debounced;

struct Document;

#[debounced("200ms", by = document)]
async fn no_key(document: &Document) {
    let _ = document;
}

fn main() {}
