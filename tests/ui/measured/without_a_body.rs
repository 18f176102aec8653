use perfkit::measured;

trait Priced {
    #[measured]
    fn price(&self) -> u32;
}

impl Priced for u32 {
    fn price(&self) -> u32 {
        *self
    }
}

fn main() {
    5u32.price();
}
