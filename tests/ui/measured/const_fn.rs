use perfkit::measured;

#[measured]
const fn constant() -> u32 {
    1
}

const ONE: u32 = constant();

fn main() {
    assert_eq!(ONE, 1);
}
