use perfkit::lazy;

#[lazy]
fn unit() {}

#[lazy]
fn never() -> ! {
    loop {}
}

#[lazy]
fn opaque() -> impl Iterator<Item = u8> {
    [1].into_iter()
}

fn main() {
    unit();
    opaque();
    never();
}
