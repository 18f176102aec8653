//! The runtimes of async tools.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

/// The one that rows and probes of a process run in.
#[must_use]
pub fn runtime() -> &'static Runtime {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(another_runtime);
    &RUNTIME
}

/// A runtime like it.
///
/// # Panics
///
/// When the system has no threads to give.
#[must_use]
pub fn another_runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(4) // more than the loads that meet
        .enable_time()
        .build()
        .expect("the system has threads to give")
}
