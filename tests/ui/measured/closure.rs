use perfkit::measured;

fn main() {
    #[measured]
    let add = |a: u32, b: u32| a + b;
    add(1, 2);
}
