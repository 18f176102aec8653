use perfkit::throttled;

struct NotClone;

#[throttled("1s")]
fn answer() -> NotClone {
    NotClone
}

#[throttled("1s")]
async fn error() -> Result<u8, std::io::Error> {
    Ok(1)
}

fn main() {}
