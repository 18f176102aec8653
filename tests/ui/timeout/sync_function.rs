use perfkit::timeout;

#[timeout("2s")]
fn blocking() -> Result<u32, std::io::Error> {
    Ok(1)
}

fn main() {
    let _ = blocking();
}
