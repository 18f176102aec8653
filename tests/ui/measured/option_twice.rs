use perfkit::measured;

#[measured(slow = "250ms", sample = 10, slow = "1s")]
fn twice() {}

fn main() {
    twice();
}
