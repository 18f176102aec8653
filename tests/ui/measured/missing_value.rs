use perfkit::measured;

#[measured(slow)]
fn nothing() {}

#[measured(slow = )]
fn nothing_behind() {}

#[measured(slow = , sample = 10)]
fn nothing_before_the_comma() {}

#[measured(slow("250ms"))]
fn in_parentheses() {}

#[measured(slow: "250ms")]
fn colon() {}

#[measured("250ms")]
fn without_a_name() {}

fn main() {
    nothing();
    nothing_behind();
    nothing_before_the_comma();
    in_parentheses();
    colon();
    without_a_name();
}
