//! Batches and workers, one file per tool.
//!
//! All tools batch the same function, which does next to nothing: what is measured is the way of an item into a batch and of
//! its answer back. Items are called for by tasks of a runtime, each of which hands in its next one when it has the answer to
//! the last. Batches of 64 at most, which 64 callers fill, one at a
//! time; a tool that lets callers wait does so as short as it can.

use std::future::Future;
use std::hint::black_box;
use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::rows::Tool;

pub mod async_graphql;
pub mod batch_aint_one;
#[cfg(feature = "batched")]
pub mod batched;
pub mod perfkit;
pub mod rayon;
pub mod tokio_blocking;

/// Every tool of the `batches` bench.
pub const ALL: &[Tool] = &[
    perfkit::TOOL,
    batch_aint_one::TOOL,
    async_graphql::TOOL,
    #[cfg(feature = "batched")]
    batched::TOOL,
    tokio_blocking::TOOL,
    rayon::TOOL,
];

/// Those whose lone callers wait for a timer: a thousandth of the calls is enough.
pub const SLOW: &[Tool] = &[
    async_graphql::ALONE,
    #[cfg(feature = "batched")]
    batched::ALONE,
];

/// Items of a batch.
pub const MOST: usize = 64;

/// Where the tasks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// On the thread that measures.
    One,
    /// On two of their own.
    Two,
}

impl On {
    /// The runtime that is this.
    #[must_use]
    pub fn runtime(self) -> &'static Runtime {
        static ONE: LazyLock<Runtime> = LazyLock::new(|| made(&mut Builder::new_current_thread()));
        static TWO: LazyLock<Runtime> =
            LazyLock::new(|| made(Builder::new_multi_thread().worker_threads(2)));
        match self {
            Self::One => &ONE,
            Self::Two => &TWO,
        }
    }
}

fn made(builder: &mut Builder) -> Runtime {
    let runtime = builder.enable_time().build();
    runtime.expect("the system has threads to give")
}

/// Makes both runtimes, on a thread that is bound to no processor.
pub fn start() {
    for on in [On::One, On::Two] {
        on.runtime().block_on(async {});
    }
}

/// So many calls by so many tasks.
///
/// # Panics
///
/// When a call does.
pub fn callers<F>(on: On, tasks: u64, turns: u64, call: impl Fn(u64) -> F + Copy + Send + 'static)
where
    F: Future<Output = u64> + Send + 'static,
{
    on.runtime().block_on(async move {
        if tasks == 1 {
            return calls(turns, call).await;
        }
        let mut running = JoinSet::new();
        for _ in 0..tasks {
            running.spawn(calls(turns.div_ceil(tasks), call));
        }
        running.join_all().await;
    });
}

async fn calls<F: Future<Output = u64>>(turns: u64, call: impl Fn(u64) -> F) {
    for turn in 0..turns {
        let x = black_box(turn);
        black_box(call(x).await);
    }
}

/// A row: so many tasks call.
#[macro_export]
macro_rules! callers {
    ($shape:ident, $name:literal, $on:ident, $tasks:literal, $call:expr) => {
        $crate::rows::Row::new($name, $crate::rows::Shape::$shape, |turns| {
            $crate::batches::callers($crate::batches::On::$on, $tasks, turns, $call)
        })
    };
}

/// The rows of a tool that batches: with many callers, and with `alone`, if that waits for no timer.
#[macro_export]
macro_rules! batching {
    ($one:expr, $two:expr) => {
        vec![
            $crate::callers!(Batch64, "64 callers", One, 64, $one),
            $crate::callers!(Batch64Two, "64 callers, two threads", Two, 64, $two),
            $crate::callers!(Batch1024, "1,024 callers", One, 1024, $one),
            $crate::callers!(Batch1024Two, "1,024 callers, two threads", Two, 1024, $two),
        ]
    };
}
