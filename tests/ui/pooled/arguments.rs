use perfkit::pooled;

#[pooled]
fn changes(number: &mut u32) -> Result<u32, std::io::Error> {
    Ok(*number)
}

#[pooled]
fn unnamed(number: impl Into<u32>) -> Result<u32, std::io::Error> {
    Ok(number.into())
}

#[pooled]
fn borrows(names: Vec<&str>) -> Result<u32, std::io::Error> {
    Ok(names.len() as u32)
}

#[pooled]
fn cannot_be_compared(share: f64) -> Result<u32, std::io::Error> {
    Ok(share as u32)
}

fn main() {
    let _ = (changes(&mut 1), unnamed(1_u32), borrows(vec![]), cannot_be_compared(1.0));
}
