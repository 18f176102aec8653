use perfkit::measured;

#[measured(slow = "0s")]
fn no_time() {}

#[measured(sample = 0)]
fn none() {}

#[measured(slow = -5, sample = -1)]
fn negative() {}

fn main() {
    no_time();
    none();
    negative();
}
