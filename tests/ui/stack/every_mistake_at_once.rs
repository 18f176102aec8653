#![deny(warnings)]

use perfkit::{measured, timeout};

#[measured(slwo = "1s", sample = 0)]
#[timeout(30, rejct = |_| (), name = 5)]
/// Its documentation stays.
fn both(n: u32) -> Option<u32> {
    Some(n)
}

#[measured(slow = 250)]
fn another() {}

fn main() {
    another();
    let answer: Option<u32> = both(1);
    let _: u32 = answer;
}
