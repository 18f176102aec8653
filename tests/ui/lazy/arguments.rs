use perfkit::lazy;

#[lazy]
fn of_a_key(id: u64) -> u64 {
    id
}

struct Shop;

impl Shop {
    #[lazy]
    fn prices(&self) -> u64 {
        1
    }
}

fn main() {
    of_a_key(1);
    Shop.prices();
}
