//! The policies, one file per tool: breakers, limits, retries and timeouts to time, breakers to put on the spot.
//!
//! All tools stand around the same function, [`body`], which does next to nothing and fails when it is asked to.
//! [`policy!`] makes a row of the `policies` bench from one call, beside the bare function of the same kind;
//! [`Guarded`] is what `breakers` tries.

use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use crate::rows::{Shape, Tool};
use crate::tools;

pub mod backon;
pub mod bare;
pub mod by_hand;
pub mod circuitbreaker;
pub mod failsafe;
pub mod governor;
pub mod guarded;
pub mod perfkit;
pub mod recloser;
pub mod seatbelt;
pub mod tokio;
pub mod tower_resilience;

pub use guarded::Guarded;

/// Every tool of the `policies` bench.
pub const ALL: [Tool; 11] = [
    bare::TOOL,
    perfkit::TOOL,
    failsafe::TOOL,
    recloser::TOOL,
    circuitbreaker::TOOL,
    tower_resilience::TOOL,
    seatbelt::TOOL,
    governor::TOOL,
    backon::TOOL,
    tokio::TOOL,
    by_hand::TOOL,
];

/// Every way to put a breaker around a function that is put on the spot.
pub const GUARDED: [Guarded; 10] = [
    perfkit::SYNC,
    perfkit::ASYNC,
    failsafe::SYNC,
    failsafe::ASYNC,
    recloser::SYNC,
    recloser::ASYNC,
    circuitbreaker::SYNC,
    circuitbreaker::ASYNC,
    tower_resilience::ASYNC,
    seatbelt::ASYNC,
];

/// Longer than any bench runs: how long an open breaker stays open, and the limit of what is never late.
pub const HOUR: Duration = Duration::from_hours(1);
/// Failures in a row that open a breaker.
pub const IN_A_ROW: u32 = 5;
/// Calls that a breaker with a window looks at; half of them have to fail.
pub const WINDOW: u32 = 100;
/// Keys of a breaker by key.
pub const KEYS: u64 = 64;
/// More calls a second than there are.
pub const PLENTY: u32 = 1_000_000_000;
/// More calls at the same time than there are.
pub const ROOM: usize = 1_000;
/// Runs of a call, the first one included.
pub const ATTEMPTS: u32 = 3;

// The attributes of some tools take literals only; these are they.
const _: () = assert!(HOUR.as_secs() == 3_600 && IN_A_ROW == 5 && WINDOW == 100);
const _: () = assert!(PLENTY == 1_000_000_000 && ROOM == 1_000 && ATTEMPTS == 3);

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// The function itself.
    Body,
    /// A policy that says where, why and when to come again.
    Rejected(::perfkit::Rejected),
    /// A policy that says nothing more.
    Refused,
}

impl From<::perfkit::Rejected> for Failed {
    fn from(rejected: ::perfkit::Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Rejected(rejected) => Some(rejected),
            Self::Body | Self::Refused => None,
        }
    }
}

/// What every guarded function answers.
pub type Answer = Result<u64, Failed>;

/// The argument that makes [`body`] fail.
pub const FAILING: u64 = u64::MAX;

// The key of the calls that fail is a key.
const _: () = assert!(FAILING % KEYS == KEYS - 1);

/// The argument that makes [`body`] panic. No row calls it with that, and no compiler knows.
///
/// A guard is for calls that may panic. Where the compiler sees that a function cannot, it leaves out of the bare one what
/// a caller has to do for one that can (its answer is made where it is read, and not copied there), but not of a guarded
/// one; the difference would be charged to the guard. So all of them may panic, the bare one included; all that block are
/// called and not inlined, and every answer is read.
pub const PANICKING: u64 = u64::MAX - 1;

/// What every function here does: next to nothing, unless it is to fail.
///
/// # Errors
///
/// When it is to.
///
/// # Panics
///
/// When it is to.
#[inline(always)]
pub fn body(x: u64) -> Answer {
    if x == FAILING {
        Err(Failed::Body)
    } else if x == PANICKING {
        panic_as_asked()
    } else {
        Ok(tools::body(x))
    }
}

#[cold]
#[inline(never)]
fn panic_as_asked() -> ! {
    panic!("no row asks for it")
}

/// The same as a future with a name, ready when first polled.
#[inline]
pub fn ready_body(x: u64) -> Ready<Answer> {
    ready(body(x))
}

/// Makes the calls of a row: one per turn, with an argument that the optimizer does not know. Of a row that fails
/// seldom, one in a hundred fails.
#[inline(always)]
pub fn each(shape: Shape, turns: u64, mut call: impl FnMut(u64)) {
    for turn in 0..turns {
        let seldom = matches!(shape, Shape::BreakerSeldom) && turn % 100 == 99;
        call(black_box(if seldom { FAILING } else { turn }));
    }
}

/// Polls a future to its end on the calling thread, and reads its answer where that is: to copy it somewhere else takes
/// longer than most of what is measured here. Nothing here is pending but what waits for a lock that the other thread has,
/// so that thread is let go on.
#[inline(always)]
pub fn read<F: Future>(future: F) {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        let polled = future.as_mut().poll(&mut context);
        if polled.is_ready() {
            black_box(&polled);
            return;
        }
        thread::yield_now();
    }
}

/// Brings what stands around a function where the row wants it: open, or out of permits.
pub fn fill(shape: Shape, mut call: impl FnMut(u64)) {
    let (times, x) = match shape {
        Shape::Open | Shape::OpenAsync | Shape::KeyedOpen => (2 * WINDOW, FAILING),
        Shape::Denied => (2, 0),
        _ => (0, 0),
    };
    for _ in 0..times {
        call(x);
    }
}

/// A row of the `policies` bench from one call on an argument: brought where the shape wants it before, beside the bare
/// function. An `async` call is a future and polled to its end inside a runtime; the first expression is then made once
/// for each thousands of calls: what a tool needs one of per thread.
#[macro_export]
macro_rules! policy {
    ($shape:ident, $name:literal, |$x:ident| $call:expr) => {
        $crate::policy!(@row $shape, $name,
            || $crate::policies::fill($crate::rows::Shape::$shape,
                |$x| $crate::policy!(@drop $call)),
            |turns| $crate::policies::each($crate::rows::Shape::$shape, turns,
                |$x| $crate::policy!(@drop $call)))
    };
    (async $shape:ident, $name:literal, |$x:ident| $call:expr) => {
        $crate::policy!(async $shape, $name, (), |_unused, $x| $call)
    };
    (async $shape:ident, $name:literal, $one:expr, |$it:ident, $x:ident| $call:expr) => {
        $crate::policy!(@row $shape, $name,
            || {
                let _inside = $crate::runtimes::runtime().enter();
                #[allow(unused_mut, reason = "some tools are called through `&mut`")]
                let mut $it = $one;
                $crate::policies::fill($crate::rows::Shape::$shape,
                    |$x| $crate::policies::read($call));
            },
            |turns| {
                let _inside = $crate::runtimes::runtime().enter();
                #[allow(unused_mut, reason = "some tools are called through `&mut`")]
                let mut $it = $one;
                $crate::policies::each($crate::rows::Shape::$shape, turns,
                    |$x| $crate::policies::read($call));
            })
    };
    (@row $shape:ident, $name:literal, $fill:expr, $run:expr) => {
        $crate::rows::Row::new($name, $crate::rows::Shape::$shape, $run)
            .beside($crate::policies::bare::beside($crate::rows::Shape::$shape))
            .filled_by($fill)
    };
    (@drop $call:expr) => {{
        let _ = ::std::hint::black_box($call);
    }};
}
