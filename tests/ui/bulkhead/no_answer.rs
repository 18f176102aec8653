use perfkit::bulkhead;

#[bulkhead(20)]
fn unit() {}

#[bulkhead(20)]
async fn never() -> ! {
    loop {}
}

#[bulkhead(20)]
fn opaque() -> impl Iterator<Item = u8> {
    std::iter::empty()
}

#[bulkhead(20, queue = 5)]
async fn plain() -> u32 {
    1
}

fn main() {}
