use perfkit::{measured, timeout};

#[measured]
#[timeout = "1s"]
async fn value() -> Option<u32> {
    Some(1)
}

fn main() {
    drop(value());
}
