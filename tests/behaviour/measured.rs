//! The promises of `#[measured]` and of measuring by hand that do not depend on how long something takes.
//!
//! What a user can see is seen as a user sees it: through the attribute and the report. The rest drives a [`site`] of
//! its own, made by hand as the attribute makes it.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use perfkit::Report;
use perfkit::report::Row;

mod by_hand;
mod futures;
mod labels;
mod outcomes;
mod rows;
mod running;
mod site;
mod threads;
mod times;

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The answer of a future that waits for nothing.
fn answer<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it waits"),
    }
}

/// Pending once.
#[derive(Default)]
struct Twice(bool);

impl Future for Twice {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// A report, whose books balance while the other tests of this program go on calling.
fn report() -> Report {
    let report = perfkit::report();
    assert_eq!(report.verify(), Ok(()));
    report
}

/// What the report says of a function.
fn row(op: &str) -> Row {
    let report = report();
    let row = report.operation(op);
    row.unwrap_or_else(|| panic!("{op} is not in the report, or is twice"))
        .clone()
}

/// ok, error, panic, cancelled; as many as there are calls, none of which runs.
fn outcomes(row: &Row) -> [u64; 4] {
    let outcomes =
        ["ok", "error", "panic", "cancelled"].map(|part| row.part("outcomes", part).expect(part));
    assert_eq!(row.count("calls"), Some(outcomes.iter().sum()));
    assert_eq!(row.count("inflight"), Some(0));
    outcomes
}

/// The time of all calls from their begin to their end.
fn wall(row: &Row) -> f64 {
    row.histogram("latency").expect("a histogram").total_seconds
}

/// Equal but for the calibration of the clock, which gets better while the program runs.
fn about(one: f64, other: f64) -> bool {
    (one - other).abs() <= 0.02 * other.abs()
}
