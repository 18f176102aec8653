use perfkit::{measured, timeout};

#[measured]
#[timeout("1s")]
#[measured(slow = "1s")]
async fn measured_twice() -> Option<u32> {
    Some(1)
}

#[timeout("1s")]
#[perfkit::timeout("2s")]
async fn limited_twice() -> Option<u32> {
    Some(1)
}

fn main() {
    drop((measured_twice(), limited_twice()));
}
