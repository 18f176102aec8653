//! A cached function put on the spot: what it caches is whatever the running probe says.
//!
//! Every tool caches the functions of this file: [`load`] as its functions *a* and *b*, [`fail`], [`keep`]; sync or
//! async. A probe sets what a load does ([`set`]) and calls the tool's functions; a load may call them again, so that
//! recursion, cycles and races are written once, for all tools and for both ways of waiting. One probe runs in a process.

use std::collections::HashSet;
use std::future::Future as StdFuture;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use crate::probes::Subject;
use crate::runtimes::runtime;
use crate::tools::poll_to_end;

/// A boxed future.
pub type Future<T> = Pin<Box<dyn StdFuture<Output = T> + Send>>;

/// An answer that can be an error, under a name that is not `Result`.
pub type Answer<T> = Result<T, String>;

/// A cached function.
pub enum Call<T> {
    /// One that blocks.
    Sync(fn(u64) -> T),
    /// One that is awaited.
    Async(fn(u64) -> Future<T>),
}

impl<T> Clone for Call<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Call<T> {}

impl<T> Call<T> {
    /// Calls it from a thread.
    #[must_use]
    pub fn wait(self, key: u64) -> T {
        match self {
            Self::Sync(call) => call(key),
            Self::Async(call) => runtime().block_on(call(key)),
        }
    }

    /// Calls it from inside a load.
    pub async fn ask(self, key: u64) -> T {
        match self {
            Self::Sync(call) => call(key),
            Self::Async(call) => call(key).await,
        }
    }

    /// Lets time pass inside a load.
    pub async fn pause(self, time: Duration) {
        match self {
            Self::Sync(_) => thread::sleep(time),
            Self::Async(_) => tokio::time::sleep(time).await,
        }
    }
}

/// One way to cache a function.
pub struct Behaviour {
    /// The tool, and how it is used.
    pub name: &'static str,
    /// Caches [`load`] of [`Which::A`].
    pub a: Call<u64>,
    /// Caches [`load`] of [`Which::B`]; `None` for what keeps one value and has no keys.
    pub b: Option<Call<u64>>,
    /// The same as `a`, with the longest wait for another caller set to [`WAIT`] where that can be set.
    pub patient: Option<Call<u64>>,
    /// Caches the success of [`fail`].
    pub fails: Option<Call<Answer<u64>>>,
    /// The same for a function whose answer is spelled [`Answer`], where types are told by spelling.
    pub aliased: Option<Call<Answer<u64>>>,
    /// Caches [`keep`] for [`SHORT`]; `None` where nothing expires.
    pub keeps: Option<Call<Arc<Kept>>>,
    /// Forgets what `a` answered to a key.
    pub invalidate: Option<fn(u64)>,
}

impl Subject for Behaviour {
    fn name(&self) -> &'static str {
        self.name
    }
}

/// How long a caller waits for another one where that can be set and a probe is about it.
pub const WAIT: Duration = Duration::from_secs(1);
/// How long what [`keep`] answers may be kept.
pub const SHORT: Duration = Duration::from_secs(1);
/// More than any probe asks for.
pub const ROOM: usize = 20_000;

/// Which of two cached functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The first.
    A,
    /// The second.
    B,
}

type Body<T> = Box<dyn Fn(Which, u64) -> Future<T> + Send + Sync>;

static BODY: OnceLock<Body<u64>> = OnceLock::new();

/// Says what a load does.
///
/// # Panics
///
/// When it was said before: one probe runs in a process.
pub fn set<F>(body: impl Fn(Which, u64) -> F + Send + Sync + 'static)
where
    F: StdFuture<Output = u64> + Send + 'static,
{
    let body: Body<u64> = Box::new(move |which, key| Box::pin(body(which, key)));
    assert!(BODY.set(body).is_ok(), "one probe runs in a process");
}

/// What *a* and *b* cache.
///
/// # Panics
///
/// When no probe runs, or when the probe wants it to.
pub async fn load(which: Which, key: u64) -> u64 {
    BODY.get().expect("a probe is running")(which, key).await
}

/// The same for a function that blocks; its body never has to wait for a waker.
#[must_use]
pub fn load_now(which: Which, key: u64) -> u64 {
    poll_to_end(load(which, key))
}

/// Runs of [`fail`].
pub static FAILURES: AtomicUsize = AtomicUsize::new(0);

/// What fails, after a moment and every time with another error.
///
/// # Errors
///
/// Always.
pub async fn fail(_key: u64) -> Answer<u64> {
    let run = FAILURES.fetch_add(1, Relaxed);
    tokio::time::sleep(FAILS_AFTER).await;
    Err(format!("run {run} failed"))
}

/// The same for a function that blocks.
///
/// # Errors
///
/// Always.
pub fn fail_now(_key: u64) -> Answer<u64> {
    let run = FAILURES.fetch_add(1, Relaxed);
    thread::sleep(FAILS_AFTER);
    Err(format!("run {run} failed"))
}

const FAILS_AFTER: Duration = Duration::from_millis(50);

/// How many different errors there are.
#[must_use]
pub fn different(errors: &[String]) -> usize {
    errors.iter().collect::<HashSet<_>>().len()
}

/// A value of which it is known how many are alive.
pub struct Kept(());

/// Values of [`keep`] that are alive.
pub static ALIVE: AtomicUsize = AtomicUsize::new(0);

impl Drop for Kept {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Relaxed);
    }
}

/// What is kept for a short time.
#[must_use]
pub fn keep(_key: u64) -> Arc<Kept> {
    ALIVE.fetch_add(1, Relaxed);
    Arc::new(Kept(()))
}
