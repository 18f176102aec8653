//! Where the answers of a function are kept.

use perfkit::cached;

#[cached(persist = "")]
fn nowhere(id: u64) -> String {
    id.to_string()
}

#[cached(persist = 5)]
fn number(id: u64) -> String {
    id.to_string()
}

#[cached(persist)]
fn alone(id: u64) -> String {
    id.to_string()
}

#[cached(persist = 4 + 1)]
fn no_path(id: u64) -> String {
    id.to_string()
}

#[cached(persist = "sizes.cache")]
fn of_types<T: ToString>(id: T) -> String {
    id.to_string()
}

#[cached(persist = "sizes.cache")]
fn of_constants<const N: usize>(id: u64) -> u64 {
    id * N as u64
}

#[cached(persist = "sizes.cache", key = id.to_string())]
fn of_traits(id: impl ToString) -> String {
    id.to_string()
}

#[cached(persist = "sizes.cache", tags = ["sizes"])]
fn with_tags(id: u64) -> u64 {
    id
}

fn main() {}
