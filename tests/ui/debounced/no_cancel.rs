use perfkit::debounced;

struct NoRoom;

#[debounced("200ms")]
async fn count(words: Vec<String>) -> usize {
    words.len()
}

#[debounced("200ms", by = document)]
async fn save(document: u32) -> Result<(), std::sync::Arc<NoRoom>> {
    let _ = document;
    Ok(())
}

#[debounced("200ms")]
async fn refresh() {}

fn main() {
    count_debounce().cancel();
    save_debounce().of(1).cancel();
    refresh_debounce().cancel();
}
