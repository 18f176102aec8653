//! What is measured, one file per tool; every file has the same small functions under its own attribute.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::rows::Tool;

pub mod autometrics;
pub mod bare;
pub mod hdr;
pub mod hotpath;
pub mod metrics;
pub mod perfkit;
pub mod tracing;

/// Every tool of the call-cost bench.
pub const ALL: [Tool; 6] = [
    bare::TOOL,
    perfkit::TOOL,
    hotpath::TOOL,
    metrics::TOOL,
    autometrics::TOOL,
    tracing::TOOL,
];

/// The generated sites of one tool, for what is counted over many functions.
pub struct Recorder {
    /// The tool's name.
    pub name: &'static str,
    /// Switches it on; runs once per process.
    pub start: fn(),
    /// One function per site; the argument is the time a call takes, in nanoseconds.
    pub sites: &'static [fn(u64) -> u64],
    /// Its machine-readable report of everything measured so far, as text.
    pub report: fn() -> String,
    /// It works in the background after a call.
    pub background: bool,
}

/// Every tool that can be asked for a report of many functions.
pub const RECORDERS: [Recorder; 4] = [
    perfkit::RECORDER,
    hotpath::RECORDER,
    metrics::RECORDER,
    hdr::RECORDER,
];

/// What every measured function does: next to nothing, in a way that cannot be folded.
#[inline(always)]
#[must_use]
pub fn body(x: u64) -> u64 {
    x.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17)
}

/// The same as an answer that could be an error and never is.
///
/// # Errors
///
/// Never.
#[inline(always)]
pub fn fallible(x: u64) -> Result<u64, u64> {
    if x == u64::MAX { Err(x) } else { Ok(body(x)) }
}

/// Polls a future to its end on the calling thread, with a waker that does nothing: the futures here wait for nothing.
#[inline(always)]
pub fn poll_to_end<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(answer) = future.as_mut().poll(&mut context) {
            return answer;
        }
    }
}

/// A future that is pending once.
#[derive(Default)]
pub struct Yield {
    polled: bool,
}

impl Future for Yield {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.polled, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// Keeps the processor for this many nanoseconds; 0 returns at once.
#[inline]
#[must_use]
pub fn spin(nanoseconds: u64) -> u64 {
    if nanoseconds > 0 {
        let end = Duration::from_nanos(nanoseconds);
        let start = Instant::now();
        while start.elapsed() < end {
            std::hint::spin_loop();
        }
    }
    body(nanoseconds)
}
