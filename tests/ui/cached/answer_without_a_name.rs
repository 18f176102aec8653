use perfkit::cached;

#[cached]
fn opaque(n: u32) -> impl Iterator<Item = u32> {
    0..n
}

#[cached]
fn inside(n: u32) -> Result<impl Iterator<Item = u32>, String> {
    Ok(0..n)
}

fn main() {
    opaque(1).count();
    inside(1).ok();
}
