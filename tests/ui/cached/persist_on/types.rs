//! What cannot be written to a file.

use perfkit::cached;

#[derive(Clone)]
struct User;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Id(u64);

#[cached(persist = "users.cache")]
fn answer(id: u64) -> Option<User> {
    (id > 0).then_some(User)
}

#[cached(persist = "users.cache")]
fn key(id: Id) -> u64 {
    id.0
}

fn main() {}
