//! The crates together, as one does by hand who wants all of it: backon around a breaker around governor around a
//! semaphore around tokio's `timeout`, and errors turned into one another on the way. And a retry without any crate: the
//! loop one writes.

use std::sync::LazyLock;
use std::time::Duration;

use ::backon::Retryable as _;
use ::governor::clock::DefaultClock;
use ::recloser::AsyncRecloser;
use ::tokio::sync::Semaphore;
use ::tokio::time::{sleep, timeout};

use super::backon::backoff;
use super::{Answer, Failed, HOUR, IN_A_ROW, ROOM, WINDOW, body, failsafe, governor, recloser};
use crate::policy;
use crate::rows::{Row, Tool};

/// backon, recloser or failsafe, governor and tokio.
pub const TOOL: Tool = Tool {
    name: "by hand",
    start: || {},
    rows,
    background: false,
};

static RECLOSER: LazyLock<AsyncRecloser> =
    LazyLock::new(|| recloser::of_window(WINDOW, HOUR).into());
static FAILSAFE: LazyLock<failsafe::InARow> = LazyLock::new(|| failsafe::in_a_row(IN_A_ROW, HOUR));
static LIMITER: LazyLock<governor::Limiter> =
    LazyLock::new(|| governor::plenty(DefaultClock::default()));
static SEMAPHORE: Semaphore = Semaphore::const_new(ROOM);

/// One run: in time.
async fn in_time(x: u64) -> Answer {
    timeout(HOUR, async { body(x) })
        .await
        .map_err(|_| Failed::Refused)?
}

/// One run: within the rate, with a permit, in time.
async fn limited(x: u64) -> Answer {
    LIMITER.check().map_err(|_| Failed::Refused)?;
    let _permit = SEMAPHORE.try_acquire().map_err(|_| Failed::Refused)?;
    in_time(x).await
}

fn worth_another(failed: &Failed) -> bool {
    *failed == Failed::Body
}

async fn three(x: u64) -> Answer {
    (|| async { Ok(RECLOSER.call(in_time(x)).await?) })
        .retry(backoff())
        .when(worth_another)
        .await
}

async fn five(x: u64) -> Answer {
    (|| async { Ok(RECLOSER.call(limited(x)).await?) })
        .retry(backoff())
        .when(worth_another)
        .await
}

async fn five_with_failsafe(x: u64) -> Answer {
    let attempt =
        || async { Ok(::failsafe::futures::CircuitBreaker::call(&*FAILSAFE, limited(x)).await?) };
    attempt.retry(backoff()).when(worth_another).await
}

const ATTEMPTS: u32 = 3;
const DELAY: Duration = Duration::from_millis(10);

async fn in_a_loop(x: u64) -> Answer {
    let mut attempt = 1;
    loop {
        let answer = async { body(x) }.await;
        if answer.is_ok() || attempt == ATTEMPTS {
            return answer;
        }
        sleep(DELAY * attempt).await;
        attempt += 1;
    }
}

fn rows() -> Vec<Row> {
    vec![
        policy!(async RetryAsync, "async loop", |x| in_a_loop(x)),
        policy!(async Stack3, "backon recloser tokio", |x| three(x)),
        policy!(async Stack5, "with recloser", |x| five(x)),
        policy!(async Stack5, "with failsafe", |x| five_with_failsafe(x)),
    ]
}
