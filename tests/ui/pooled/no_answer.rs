use perfkit::pooled;

#[pooled]
fn nothing() {}

#[pooled]
fn cannot_fail() -> Vec<u8> {
    Vec::new()
}

#[pooled]
async fn unnamed() -> Result<impl Clone, std::io::Error> {
    Ok(1)
}

#[pooled]
fn future() -> impl Future<Output = Result<u32, std::io::Error>> {
    async { Ok(1) }
}

fn main() {
    nothing();
    let _ = (cannot_fail(), future());
    drop(unnamed());
}
