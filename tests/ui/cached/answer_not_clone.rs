use perfkit::cached;

struct Page(String);

#[cached]
fn page(id: u64) -> Page {
    Page(id.to_string())
}

#[cached]
fn perhaps(id: u64) -> Option<Page> {
    Some(Page(id.to_string()))
}

struct NotClone;
type Loaded = Result<u64, NotClone>;

#[cached]
fn aliased(id: u64) -> Loaded {
    Ok(id)
}

fn main() {
    drop(page(1).0);
    perhaps(1);
    aliased(1).ok();
}
