use perfkit::{cached, measured, pooled};

#[pooled]
#[measured]
fn below() -> Result<u32, std::io::Error> {
    Ok(1)
}

#[cached]
#[pooled]
fn kept() -> Result<u32, std::io::Error> {
    Ok(1)
}

#[pooled]
#[pooled]
fn twice() -> Result<u32, std::io::Error> {
    Ok(1)
}

fn main() {
    let _ = (below(), kept(), twice());
}
