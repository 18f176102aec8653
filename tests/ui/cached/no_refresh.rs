use std::borrow::Cow;
use std::fmt::Display;

use perfkit::cached;

struct Shop(u64);

impl Shop {
    #[cached(stale = "1s", key = self.0)]
    fn price(&self) -> u64 {
        self.0
    }
}

#[cached(refresh_ahead = 0.8)]
fn borrows(names: &[&str], more: Cow<'_, str>) -> usize {
    names.len() + more.len()
}

#[cached(stale = "1s", ignore(with))]
fn unnamed(id: u64, with: impl Display) -> String {
    format!("{id}{with}")
}

#[cached(stale = "1s")]
fn no_async_fn(id: u64) -> impl Future<Output = u64> {
    async move { id }
}

#[cached(refresh_ahead = 1.0)]
fn never(id: u64) -> u64 {
    id
}

#[cached(refresh_ahead = "120%", stale = "0s")]
fn out_of_range(id: u64) -> u64 {
    id
}

#[cached(ttl = "never", refresh_ahead = 0.8, jitter = 0.1)]
fn for_good(id: u64) -> u64 {
    id
}

#[cached(ttl = "never", errors = "10s", stale = "1m", jitter = 0.1)]
fn all_of_use(id: u64) -> Option<u64> {
    Some(id)
}

fn main() {
    for_good(1);
    all_of_use(1);
    Shop(1).price();
    borrows(&[], "".into());
    unnamed(1, 1);
    drop(no_async_fn(1));
    never(1);
    out_of_range(1);
}
