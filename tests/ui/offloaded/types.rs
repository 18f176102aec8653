use std::rc::Rc;

use perfkit::offloaded;

#[offloaded]
fn local_argument(n: Rc<u64>) -> u64 {
    *n
}

#[offloaded]
fn local_answer(n: u64) -> Rc<u64> {
    Rc::new(n)
}

fn main() {}
