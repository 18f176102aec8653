//! A function behind a breaker, put on the spot: what it does is whatever the running probe hands over.
//!
//! Every tool has up to three breakers here, with the same settings as nearly as it can: one that opens after
//! [`THRESHOLD`] failures for [`OPEN_FOR`] and lets one probe through, one that looks at the last hundred calls, one that
//! looks at a window of time. A probe of the `breakers` bench hands the body over with each call, so that races are
//! written once, for all tools and for both ways of waiting. One probe runs in a process: every breaker starts closed.

use std::future::Future as StdFuture;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Answer;
use crate::probes::Subject;
use crate::runtimes::runtime;
use crate::tools::poll_to_end;

/// Failures that open a breaker: in a row, or all of a window of so many.
pub const THRESHOLD: u32 = 3;
/// How long it stays open.
pub const OPEN_FOR: Duration = Duration::from_millis(60);
/// The window of those that look at one of time.
pub const TIME_WINDOW: Duration = Duration::from_secs(30);

// The attributes take literals only; these are they.
const _: () = assert!(THRESHOLD == 3 && OPEN_FOR.as_millis() == 60 && TIME_WINDOW.as_secs() == 30);

/// A boxed future.
pub type Future = Pin<Box<dyn StdFuture<Output = Answer> + Send>>;
/// What a guarded function does. It waits for no waker where the function blocks.
pub type Body = Future;

/// Runs a body where the function blocks.
///
/// # Errors
///
/// Those of the body.
pub fn run_now(body: Body) -> Answer {
    poll_to_end(body)
}

/// A guarded function.
#[derive(Clone, Copy)]
pub enum Call {
    /// One that blocks.
    Sync(fn(Body) -> Answer),
    /// One that is awaited.
    Async(fn(Body) -> Future),
}

impl Call {
    /// Calls it from a thread.
    ///
    /// # Errors
    ///
    /// Those of the body, and of the breaker.
    pub fn wait(self, body: Body) -> Answer {
        match self {
            Self::Sync(call) => call(body),
            Self::Async(call) => runtime().block_on(call(body)),
        }
    }

    /// Calls it from a thread of its own.
    #[must_use]
    pub fn start(self, body: Body) -> JoinHandle<Answer> {
        thread::spawn(move || self.wait(body))
    }

    /// Lets time pass inside a body.
    pub async fn pause(self, time: Duration) {
        match self {
            Self::Sync(_) => thread::sleep(time),
            Self::Async(_) => tokio::time::sleep(time).await,
        }
    }

    /// Calls it, inside the runtime, and gives up as soon as the body, or the breaker, waits for anything. `None` for a
    /// function that blocks: it cannot be given up.
    #[must_use]
    pub fn give_up(self, body: Body) -> Option<Poll<Answer>> {
        let Self::Async(call) = self else { return None };
        let _inside = runtime().enter();
        let mut future = call(body);
        let mut context = Context::from_waker(Waker::noop());
        Some(future.as_mut().poll(&mut context))
    }
}

/// One way to put a breaker around a function.
pub struct Guarded {
    /// The tool, and how it is used.
    pub name: &'static str,
    /// Opens after [`THRESHOLD`] failures, for [`OPEN_FOR`].
    pub guard: Call,
    /// Opens when half of the last [`super::WINDOW`] calls failed; `None` for what has no window of calls.
    pub window: Option<Call>,
    /// The same for the calls of the last [`TIME_WINDOW`]; `None` for what has no window of time.
    pub time_window: Option<Call>,
}

impl Subject for Guarded {
    fn name(&self) -> &'static str {
        self.name
    }
}
