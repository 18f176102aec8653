use perfkit::memoized;

struct Shop;

impl Shop {
    #[memoized]
    fn price(&self, item: u64) -> u64 {
        item
    }
}

#[memoized]
fn at_most(n: &mut u64) -> u64 {
    *n
}

#[memoized]
fn nothing(n: u64) {
    drop(n);
}

fn main() {
    Shop.price(1);
    at_most(&mut 1);
    nothing(1);
}
