//! recloser: a window of calls, sync and async.

use std::sync::LazyLock;
use std::time::Duration;

use recloser::{AsyncRecloser, Error, Recloser};

use super::guarded::{Body, Call, Future, OPEN_FOR, THRESHOLD, run_now};
use super::{Answer, Failed, Guarded, HOUR, IN_A_ROW, WINDOW, body};
use crate::policy;
use crate::rows::{Row, Tool};

/// recloser, sync and async.
pub const TOOL: Tool = Tool {
    name: "recloser",
    start: || {},
    rows,
    background: false,
};

pub(super) fn of_window(calls: u32, open_for: Duration) -> Recloser {
    Recloser::custom()
        .closed_len(calls as usize)
        .half_open_len(1)
        .open_wait(open_for)
        .build()
}

static CLOSED: LazyLock<Recloser> = LazyLock::new(|| of_window(IN_A_ROW, HOUR));
static CLOSED_WINDOW: LazyLock<Recloser> = LazyLock::new(|| of_window(WINDOW, HOUR));
static SELDOM: LazyLock<Recloser> = LazyLock::new(|| of_window(WINDOW, HOUR));
static CLOSED_ASYNC: LazyLock<AsyncRecloser> = LazyLock::new(|| of_window(WINDOW, HOUR).into());
static OPEN: LazyLock<Recloser> = LazyLock::new(|| of_window(IN_A_ROW, HOUR));
static OPEN_ASYNC: LazyLock<AsyncRecloser> = LazyLock::new(|| of_window(IN_A_ROW, HOUR).into());

#[inline(never)]
fn closed(x: u64) -> Result<u64, Error<Failed>> {
    CLOSED.call(|| body(x))
}

#[inline(never)]
fn closed_window(x: u64) -> Result<u64, Error<Failed>> {
    CLOSED_WINDOW.call(|| body(x))
}

#[inline(never)]
fn seldom(x: u64) -> Result<u64, Error<Failed>> {
    SELDOM.call(|| body(x))
}

#[inline(never)]
fn open(x: u64) -> Result<u64, Error<Failed>> {
    OPEN.call(|| body(x))
}

async fn closed_async(x: u64) -> Result<u64, Error<Failed>> {
    CLOSED_ASYNC.call(async { body(x) }).await
}

async fn open_async(x: u64) -> Result<u64, Error<Failed>> {
    OPEN_ASYNC.call(async { body(x) }).await
}

fn rows() -> Vec<Row> {
    vec![
        policy!(Breaker, "breaker, window of 5", |x| closed(x)),
        policy!(BreakerWindow, "breaker, window of 100", |x| closed_window(
            x
        )),
        policy!(BreakerSeldom, "breaker, window, 1 % fail", |x| seldom(x)),
        policy!(async BreakerAsync, "async breaker, window of 100", |x| closed_async(x)),
        policy!(Open, "open breaker", |x| open(x)),
        policy!(async OpenAsync, "async open breaker", |x| open_async(x)),
    ]
}

impl From<Error<Failed>> for Failed {
    fn from(error: Error<Failed>) -> Self {
        match error {
            Error::Inner(failed) => failed,
            Error::Rejected => Self::Refused,
        }
    }
}

static GUARD: LazyLock<Recloser> = LazyLock::new(|| of_window(THRESHOLD, OPEN_FOR));
static GUARD_ASYNC: LazyLock<AsyncRecloser> =
    LazyLock::new(|| of_window(THRESHOLD, OPEN_FOR).into());
static GUARD_WINDOW: LazyLock<Recloser> = LazyLock::new(|| of_window(WINDOW, HOUR));
static GUARD_WINDOW_ASYNC: LazyLock<AsyncRecloser> =
    LazyLock::new(|| of_window(WINDOW, HOUR).into());

/// Around a function that blocks.
pub const SYNC: Guarded = Guarded {
    name: "recloser",
    guard: Call::Sync(|body: Body| -> Answer { Ok(GUARD.call(|| run_now(body))?) }),
    window: Some(Call::Sync(|body| Ok(GUARD_WINDOW.call(|| run_now(body))?))),
    time_window: None,
};

/// Around a future.
pub const ASYNC: Guarded = Guarded {
    name: "recloser async",
    guard: Call::Async(|body: Body| -> Future {
        Box::pin(async { Ok(GUARD_ASYNC.call(body).await?) })
    }),
    window: Some(Call::Async(|body| {
        Box::pin(async { Ok(GUARD_WINDOW_ASYNC.call(body).await?) })
    })),
    time_window: None,
};
