use perfkit::measured;

#[measured(slow = 250)]
fn number() {}

#[measured(slow = "250")]
fn text() {}

#[measured(slow = 2.5)]
fn fraction() {}

#[measured(slow = 250ms)]
fn unit_without_quotes() {}

#[measured(slow = "5 parsecs")]
fn unknown_unit() {}

fn main() {
    number();
    text();
    fraction();
    unit_without_quotes();
    unknown_unit();
}
