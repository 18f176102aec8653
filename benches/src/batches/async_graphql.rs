//! async-graphql: its loader, without a cache.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::LazyLock;

use ::async_graphql::dataloader::{DataLoader, Loader};

use super::{MOST, start};
use crate::rows::{Row, Tool};
use crate::{batching, callers, tools};

/// The loader, with a delay of a millisecond, which is what it has when nobody says another.
pub const TOOL: Tool = Tool {
    name: "async-graphql",
    start,
    rows,
    background: false,
};

/// The same for those who wait for its timer.
pub const ALONE: Tool = Tool {
    name: "async-graphql, alone",
    start,
    rows: || vec![callers!(Alone, "DataLoader", One, 1, one)],
    background: false,
};

struct Bodies;

impl Loader<u64> for Bodies {
    type Value = u64;
    type Error = Infallible;

    async fn load(&self, keys: &[u64]) -> Result<HashMap<u64, u64>, Infallible> {
        Ok(keys.iter().map(|key| (*key, tools::body(*key))).collect())
    }
}

fn loader() -> DataLoader<Bodies> {
    DataLoader::new(Bodies, tokio::spawn).max_batch_size(MOST)
}

async fn load(loader: &DataLoader<Bodies>, x: u64) -> u64 {
    let answer = loader.load_one(x).await;
    answer.expect("it fails never").unwrap_or_default()
}

async fn one(x: u64) -> u64 {
    static ONE: LazyLock<DataLoader<Bodies>> = LazyLock::new(loader);
    load(&ONE, x).await
}

async fn two(x: u64) -> u64 {
    static TWO: LazyLock<DataLoader<Bodies>> = LazyLock::new(loader);
    load(&TWO, x).await
}

fn rows() -> Vec<Row> {
    batching!(one, two)
}
