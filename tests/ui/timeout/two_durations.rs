use perfkit::timeout;

#[timeout("2s", "3s")]
async fn two() -> Option<u32> {
    Some(1)
}

#[timeout(name = "users", "2s")]
async fn late() -> Option<u32> {
    Some(1)
}

fn main() {
    drop((two(), late()));
}
