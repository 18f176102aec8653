use perfkit::measured;

#[measured(slow = "64MiB")]
fn size() {}

#[measured(sample = "10")]
fn quoted_count() {}

#[measured(sample = 0.5)]
fn ratio() {}

#[measured(slow = true)]
fn flag() {}

#[measured(name = 5)]
fn number() {}

#[measured(name = "")]
fn empty() {}

#[measured(crate = "perfkit")]
fn text() {}

fn main() {
    size();
    quoted_count();
    ratio();
    flag();
    number();
    empty();
    text();
}
