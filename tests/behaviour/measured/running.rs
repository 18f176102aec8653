//! Calls that run: what is in flight, what a reset keeps.

use std::cell::Cell;
use std::future::pending;
use std::pin::pin;
use std::thread;

use perfkit::__private::Observed;
use perfkit::measured;

use super::site::{by, call, counter, outcomes, plain};
use super::{Twice, answer, poll, row};

fn in_flight(op: &str) -> Option<u64> {
    row(op).count("inflight")
}

#[test]
fn a_report_taken_inside_a_function_sees_it_in_flight() {
    #[measured]
    fn looks_at_itself(depth: u32) -> Vec<Option<u64>> {
        let mut seen = match depth {
            0 => Vec::new(),
            _ => looks_at_itself(depth - 1),
        };
        seen.push(in_flight("looks_at_itself"));
        seen
    }
    #[measured]
    async fn looks_while_polled() -> Option<u64> {
        in_flight("looks_while_polled")
    }
    assert_eq!(looks_at_itself(2), [Some(3), Some(2), Some(1)]);
    assert_eq!(in_flight("looks_at_itself"), Some(0));
    assert_eq!(answer(looks_while_polled()), Some(1));
    assert_eq!(in_flight("looks_while_polled"), Some(0));
}

#[test]
fn a_future_is_in_flight_from_its_first_poll_to_its_end() {
    #[measured]
    async fn waits() {
        Twice::default().await;
    }
    let flying = || (in_flight("waits"), row("waits").count("calls"));
    let mut future = pin!(waits());
    assert_eq!(flying(), (Some(0), Some(0)));
    assert!(poll(future.as_mut()).is_pending());
    assert_eq!(flying(), (Some(1), Some(0)));
    assert!(poll(future).is_ready());
    assert_eq!(flying(), (Some(0), Some(1)));
}

#[test]
fn a_call_is_in_flight_until_it_ends() {
    let site = plain();
    let one = site.get().enter();
    site.get()
        .call(|| assert_eq!(counter(site, "inflight"), 2), |()| false);
    assert_eq!(counter(site, "inflight"), 1);
    drop(one);
    assert_eq!(counter(site, "inflight"), 0);
}

#[test]
fn a_measured_call_may_ask_for_its_own_numbers() {
    let site = plain();
    let seen = Cell::new(0);
    site.get()
        .call(|| seen.set(counter(site, "inflight")), |()| false);
    assert_eq!(seen.get(), 1);
}

#[test]
fn a_reset_forgets_what_ended_and_keeps_what_runs() {
    let site = plain();
    let labelled = by(site, "label").enter();
    let running = site.get().enter();
    let mut future = Box::pin(site.get().call_async(pending::<()>(), |()| false));
    assert!(poll(future.as_mut()).is_pending());
    thread::spawn(|| call(site)).join().expect("no panic");
    call(site);
    assert_eq!(counter(site, "calls"), 2);
    site.reset();
    assert_eq!(outcomes(site), [0; 4]);
    assert_eq!(counter(site, "timed"), 0);
    assert_eq!(counter(site, "inflight"), 3);
    drop((running, labelled, future));
    assert_eq!(outcomes(site), [2, 0, 0, 1]);
    assert_eq!(counter(site, "timed"), 3);
    assert_eq!(counter(site, "inflight"), 0);
}
