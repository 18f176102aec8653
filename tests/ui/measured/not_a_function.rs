use perfkit::measured;

#[measured]
struct Cart;

#[measured]
impl Cart {
    fn add(&self) {}
}

#[measured]
mod inner {}

#[measured]
trait Priced {}

#[measured(slow = 5)]
const LIMIT: u32 = 1;

fn main() {
    Cart.add();
    let _ = LIMIT;
}
