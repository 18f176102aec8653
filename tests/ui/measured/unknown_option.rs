use perfkit::measured;

#[measured(slwo = "250ms")]
fn near() {}

#[measured(ttl = "5m")]
fn far() {}

#[measured(ttl)]
fn without_a_value() {}

fn main() {
    near();
    far();
    without_a_value();
}
