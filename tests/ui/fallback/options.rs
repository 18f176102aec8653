//! What `#[fallback]` cannot answer with.

use perfkit::fallback;

fn other() -> Option<u8> {
    Some(1)
}

#[fallback]
fn nothing() -> Option<u8> {
    None
}

#[fallback(other, value = Some(1))]
fn both() -> Option<u8> {
    None
}

#[fallback(other, on_panic)]
fn no_error_of_a_panic() -> Option<u8> {
    None
}

#[fallback(default = Some(1))]
fn another_name() -> Option<u8> {
    None
}

#[fallback(value = 1)]
fn no_answer() {}

struct Job;

impl Job {
    #[fallback(value = Some(self.size()))]
    fn used_up(self) -> Option<u8> {
        None
    }

    fn size(&self) -> u8 {
        1
    }
}

#[fallback(value = Some(log.len()))]
async fn taken_along(log: &mut Vec<u8>) -> Option<usize> {
    log.push(1);
    None
}

fn main() {}
