use perfkit::{measured, offloaded};

#[offloaded]
async fn is_async(n: u64) -> u64 {
    n
}

#[offloaded]
fn borrows(text: &str) -> usize {
    text.len()
}

#[offloaded(threads = 0)]
fn no_threads(n: u64) -> u64 {
    n
}

#[offloaded(max_queue = 3)]
fn other_name(n: u64) -> u64 {
    n
}

#[offloaded]
#[measured]
fn not_lowest(n: u64) -> u64 {
    n
}

struct Model;

impl Model {
    #[offloaded]
    fn run(&self) -> u64 {
        1
    }
}

fn main() {}
