//! `measure`, `measure_async` and `span`.

use std::future::pending;
use std::panic::{catch_unwind, panic_any};
use std::pin::pin;

use perfkit::{measure, measure_async, span, try_measure, try_measure_async};

use super::{answer, outcomes, poll, row};

#[test]
fn the_three_ways_of_one_name_are_one_row() {
    let name = "by hand: one row";
    assert_eq!(measure(name, || 7), 7);
    assert_eq!(answer(measure_async(name, async { "done" })), "done");
    drop(span(name));
    let row = row(name);
    assert_eq!(outcomes(&row), [3, 0, 0, 0]);
    assert_eq!(row.count("timed"), Some(3));
    assert_eq!(row.location(), None);
    assert_eq!(row.attributes().collect::<Vec<_>>(), ["measure"]);
}

#[test]
fn what_is_measured_inside_is_not_self_time_outside() {
    measure("by hand: outside", || {
        let _span = span("by hand: inside");
        measure("by hand: innermost", || std::hint::black_box(7));
    });
    let [outside, inside, innermost] =
        ["outside", "inside", "innermost"].map(|name| row(&format!("by hand: {name}")));
    let own = |row: &perfkit::report::Row| row.seconds("self").expect("it is known");
    let sum = own(&outside) + own(&inside) + own(&innermost);
    assert!(super::about(sum, super::wall(&outside)));
    for row in [outside, inside, innermost] {
        assert_eq!(outcomes(&row), [1, 0, 0, 0]);
    }
}

#[test]
fn a_panic_is_counted_and_stays_the_users() {
    let name = "by hand: a panic";
    let body = || -> () { panic_any(3_i8) };
    let payload = catch_unwind(|| measure(name, body)).expect_err("it panics");
    assert_eq!(payload.downcast_ref::<i8>(), Some(&3));
    let spanned = catch_unwind(|| {
        let _span = span(name);
        panic_any(4_i8);
    });
    let payload = spanned.expect_err("it panics");
    assert_eq!(payload.downcast_ref::<i8>(), Some(&4));
    assert_eq!(outcomes(&row(name)), [0, 0, 2, 0]);
}

#[test]
fn a_dropped_future_is_cancelled_and_one_that_was_not_polled_is_no_call() {
    let name = "by hand: a future";
    drop(measure_async(name, pending::<()>()));
    {
        let mut future = pin!(measure_async(name, pending::<()>()));
        assert!(poll(future.as_mut()).is_pending());
        assert_eq!(row(name).count("inflight"), Some(1));
    }
    assert_eq!(outcomes(&row(name)), [0, 0, 0, 1]);
}

#[test]
fn an_answer_that_can_be_an_error_is_judged_on_request() {
    let name = "by hand: judged";
    assert_eq!(try_measure(name, || None::<u8>), None);
    assert_eq!(try_measure(name, || Ok::<_, u8>(7)), Ok(7));
    assert_eq!(
        answer(try_measure_async(name, async { Err::<u8, _>(7) })),
        Err(7)
    );
    span(name).fail();
    assert_eq!(outcomes(&row(name)), [1, 3, 0, 0]);
}

#[test]
fn an_answer_by_hand_is_no_error() {
    let name = "by hand: an answer";
    assert_eq!(measure(name, || None::<u8>), None);
    assert_eq!(outcomes(&row(name)), [1, 0, 0, 0]);
}
