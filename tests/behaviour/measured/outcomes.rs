//! How a call ended: by the type of its answer, by a panic, by being dropped.

use std::future::pending;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::pin::pin;
use std::thread;

use perfkit::measured;

use super::site::{self, Measuring, plain};
use super::{answer, outcomes, poll, row};

type Checked<T> = Result<T, &'static str>;

/// An answer of the user's own.
enum Verdict {
    Guilty,
    Innocent,
}

impl perfkit::Outcome for Verdict {
    fn is_error(&self) -> bool {
        matches!(self, Self::Guilty)
    }
}

#[test]
fn a_result_decides_by_itself() {
    #[measured]
    fn a_result(number: u32) -> Result<u32, String> {
        if number < 3 {
            return Err(number.to_string());
        }
        Ok(number)
    }
    for number in 0..10 {
        assert_eq!(a_result(number).is_err(), number < 3);
    }
    assert_eq!(outcomes(&row("a_result")), [7, 3, 0, 0]);
}

#[test]
fn an_alias_of_a_result_is_a_result() {
    #[measured]
    fn an_alias(number: u32) -> Checked<u32> {
        let less = number.checked_sub(1).ok_or("zero")?;
        Ok(less)
    }
    #[measured]
    fn an_alias_of_std(text: &str) -> io::Result<u32> {
        text.parse().map_err(io::Error::other)
    }
    assert_eq!(
        [an_alias(0), an_alias(1), an_alias(2)],
        [Err("zero"), Ok(0), Ok(1)]
    );
    assert_eq!(outcomes(&row("an_alias")), [2, 1, 0, 0]);
    assert!(an_alias_of_std("x").is_err() && an_alias_of_std("").is_err());
    assert_eq!(an_alias_of_std("7").ok(), Some(7));
    assert_eq!(outcomes(&row("an_alias_of_std")), [1, 2, 0, 0]);
}

#[test]
fn nothing_is_an_error_and_something_is_none() {
    #[measured]
    fn an_option(number: u32) -> Option<u32> {
        number.checked_sub(4)
    }
    assert_eq!((0..10).filter_map(an_option).sum::<u32>(), 15);
    assert_eq!(outcomes(&row("an_option")), [6, 4, 0, 0]);
}

#[test]
fn a_type_of_the_users_says_when_it_is_an_error() {
    #[measured]
    fn a_verdict(is_guilty: bool) -> Verdict {
        if is_guilty {
            Verdict::Guilty
        } else {
            Verdict::Innocent
        }
    }
    #[measured]
    async fn a_late_verdict(is_guilty: bool) -> Verdict {
        a_verdict(is_guilty)
    }
    for is_guilty in [true, false, false] {
        a_verdict(is_guilty);
    }
    answer(a_late_verdict(true));
    assert_eq!(outcomes(&row("a_verdict")), [2, 2, 0, 0]);
    assert_eq!(outcomes(&row("a_late_verdict")), [0, 1, 0, 0]);
}

#[test]
fn an_answer_that_cannot_fail_is_a_success() {
    struct Plain;
    #[measured]
    fn a_plain_type() -> Plain {
        Plain
    }
    #[measured]
    fn any_type<T>(answer: T) -> T {
        answer
    }
    #[measured]
    fn no_answer() {}
    let _plain: Plain = a_plain_type();
    no_answer();
    // What a type parameter stands for is not known where the function is written.
    assert!(any_type(Err::<(), _>("an error")).is_err());
    assert_eq!(outcomes(&row("a_plain_type")), [1, 0, 0, 0]);
    assert_eq!(outcomes(&row("no_answer")), [1, 0, 0, 0]);
    assert_eq!(outcomes(&row("any_type")), [1, 0, 0, 0]);
}

#[test]
fn a_panic_reaches_the_caller_and_is_counted() {
    #[measured]
    fn panics_with_an_answer(payload: u8) -> Option<u8> {
        panic_any(payload)
    }
    #[measured]
    fn panics_without(payload: u8) {
        panic_any(payload);
    }
    let payload = catch_unwind(|| panics_with_an_answer(42)).expect_err("it panics");
    assert_eq!(payload.downcast_ref::<u8>(), Some(&42));
    let payload = catch_unwind(|| panics_without(43)).expect_err("it panics");
    assert_eq!(payload.downcast_ref::<u8>(), Some(&43));
    assert_eq!(outcomes(&row("panics_with_an_answer")), [0, 0, 1, 0]);
    assert_eq!(outcomes(&row("panics_without")), [0, 0, 1, 0]);
}

#[test]
fn a_future_ends_in_every_way_a_function_does_and_by_being_dropped() {
    #[measured]
    async fn ends(how: &str) -> Result<(), String> {
        match how {
            "well" => Ok(()),
            "badly" => Err(how.to_owned()),
            "never" => pending().await,
            _ => panic_any(44_u8),
        }
    }
    drop(ends("without a poll"));
    assert_eq!(answer(ends("well")), Ok(()));
    assert!(answer(ends("badly")).is_err());
    let panicked = catch_unwind(AssertUnwindSafe(|| answer(ends("by a panic"))));
    let payload = panicked.expect_err("it panics");
    assert_eq!(payload.downcast_ref::<u8>(), Some(&44));
    {
        let mut dropped = pin!(ends("never"));
        assert!(poll(dropped.as_mut()).is_pending());
        assert!(poll(dropped.as_mut()).is_pending());
    }
    assert_eq!(outcomes(&row("ends")), [1, 1, 1, 1]);
}

#[test]
fn a_panic_in_the_verdict_is_a_panic_of_the_call() {
    let site = plain();
    let body = || site.get().call(|| (), |()| resume_unwind(Box::new(1)));
    assert!(catch_unwind(body).is_err());
    assert_eq!(site::outcomes(site), [0, 0, 1, 0]);
}

#[test]
fn a_guard_ends_the_call_however_it_is_left() {
    let site = plain();
    drop(site.get().enter());
    let unwound = catch_unwind(|| {
        let _running = site.get().enter();
        resume_unwind(Box::new("out"));
    });
    assert!(unwound.is_err());
    assert_eq!(site::outcomes(site), [1, 0, 1, 0]);
}

#[test]
fn a_call_made_while_unwinding_is_no_panic() {
    struct CallsWhenDropped(&'static Measuring);
    impl Drop for CallsWhenDropped {
        fn drop(&mut self) {
            assert!(thread::panicking());
            let _running = self.0.get().enter();
        }
    }
    let site = plain();
    let unwound = catch_unwind(|| {
        let _calls = CallsWhenDropped(site);
        panic!("the cause");
    });
    assert!(unwound.is_err());
    assert_eq!(site::outcomes(site), [1, 0, 0, 0]);
}
