use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::{FromRejected, LoadFailed, Reason, Rejectable, Rejected, When, rejection};
use crate::clock;

fn rejected() -> Rejected {
    Rejected::timed_out("shop::load", Duration::from_millis(1500))
}

/// An answer of each kind, made the way an expansion makes it.
fn error_of<E>() -> E
where
    Result<(), E>: FromRejected,
{
    match FromRejected::from_rejected(rejected()) {
        Err(error) => error,
        Ok(()) => unreachable!("a rejection is an error"),
    }
}

#[derive(Debug)]
struct Wrapped(io::Error);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrapped")
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn a_rejection_says_what_happened() {
    let rejected = rejected();
    assert_eq!(rejected.op(), "shop::load");
    assert_eq!(rejected.reason(), Reason::TimedOut);
    assert!(rejected.is_timeout());
    assert_eq!(rejected.retry_after(), None);
    assert_eq!(
        rejected.to_string(),
        "`shop::load` took longer than 1.5s and was cancelled"
    );
    let endless = Rejected::timed_out("x", Duration::MAX);
    assert_eq!(endless.cause.more, u64::MAX);
}

#[test]
fn it_is_found_in_every_common_error() {
    let expected = Some(rejected());
    assert_eq!(rejection(&rejected()), expected);
    assert_eq!(rejection(&error_of::<Rejected>()), expected);
    assert_eq!(rejection(&error_of::<anyhow::Error>()), expected);
    assert_eq!(rejection(&error_of::<eyre::Report>()), expected);
    assert_eq!(rejection(&error_of::<io::Error>()), expected);
    assert_eq!(rejection(&error_of::<Box<dyn Error>>()), expected);
    let boxed = error_of::<Box<dyn Error + Send + Sync>>();
    assert_eq!(rejection(&boxed), expected);
    assert_eq!(rejection(&*boxed), expected);
    let plain: &(dyn Error + 'static) = &*boxed;
    assert_eq!(rejection(plain), expected);
    let send: Box<dyn Error + Send> = Box::new(rejected());
    assert_eq!(rejection(&send), expected);
    let shared: Arc<dyn Error + Send + Sync> = Arc::new(rejected());
    assert_eq!(rejection(&*shared), expected);
}

#[test]
fn it_is_found_behind_other_errors() {
    let context = Err::<(), _>(error_of::<anyhow::Error>())
        .context("loading the user")
        .context("answering the request")
        .unwrap_err();
    assert_eq!(rejection(&context), Some(rejected()));
    let twice = Wrapped(io::Error::other(error_of::<io::Error>()));
    assert_eq!(rejection(&twice), Some(rejected()));
    let boxed: Box<dyn Error + Send + Sync> = twice.into();
    assert_eq!(rejection(&boxed), Some(rejected()));
    let eyre = eyre::Report::from(rejected()).wrap_err("loading the user");
    assert_eq!(rejection(&eyre), Some(rejected()));
}

/// What the documentation tells users to write.
#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error(transparent)]
    Rejected(#[from] Rejected),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

#[test]
fn it_is_found_in_a_transparent_error() {
    let expected = Some(rejected());
    assert_eq!(rejection(&error_of::<LoadError>()), expected);
    assert_eq!(rejection(&LoadError::Io(error_of())), expected);
    assert_eq!(rejection(&LoadError::Other(error_of())), expected);
    let twice = LoadError::Other(error_of::<LoadError>().into());
    assert_eq!(rejection(&twice), expected);
    let any = anyhow::Error::from(error_of::<LoadError>());
    assert_eq!(rejection(&any), expected);
    assert_eq!(rejection(&any.context("answering")), expected);
    let boxed: Box<dyn Error> = error_of::<LoadError>().into();
    assert_eq!(rejection(&boxed), expected);
    let io = io::Error::other(error_of::<LoadError>());
    assert_eq!(rejection(&io), expected);
    assert_eq!(rejection(&LoadError::Io(io)), expected);
}

#[test]
fn a_chain_tells_the_reason_once_and_ends() {
    let rejected = rejected();
    let source = rejected.source().unwrap();
    assert_eq!(source.to_string(), "timed out");
    assert!(source.source().is_none());
    assert_eq!(
        format!("{:#}", anyhow::Error::from(error_of::<LoadError>())),
        "`shop::load` took longer than 1.5s and was cancelled: timed out"
    );
}

#[test]
fn what_was_not_rejected_has_no_rejection() {
    assert!(rejection(&anyhow::anyhow!("no such user")).is_none());
    assert!(rejection(&io::Error::from_raw_os_error(2)).is_none());
    assert!(rejection(&Wrapped(io::ErrorKind::TimedOut.into())).is_none());
    assert!(rejection(&LoadError::Io(io::ErrorKind::TimedOut.into())).is_none());
}

#[test]
fn a_chain_without_end_is_given_up() {
    #[derive(Debug)]
    struct Circle;
    impl fmt::Display for Circle {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("circle")
        }
    }
    impl Error for Circle {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self)
        }
    }
    assert!(rejection(&Circle).is_none());
}

#[test]
fn io_errors_keep_their_kind_and_strings_the_sentence() {
    assert_eq!(error_of::<io::Error>().kind(), io::ErrorKind::TimedOut);
    assert_eq!(error_of::<String>(), rejected().to_string());
}

#[test]
fn a_failed_load_says_whose_run_it_was() {
    let rejected = Rejected::load_failed("shop::load");
    assert_eq!(rejected.reason(), Reason::LoadFailed);
    assert!(!rejected.is_timeout());
    assert_eq!(rejected.retry_after(), None);
    let sentence = "the run of `shop::load` that this call waited for failed";
    assert_eq!(rejected.to_string(), sentence);
    assert_eq!(io::Error::from(rejected).kind(), io::ErrorKind::Other);
    let failed = LoadFailed::of(&"no such row", "shop::load");
    assert_eq!(
        format!("{:#}", anyhow::Error::from(failed)),
        format!("{sentence}: no such row: load failed")
    );
}

#[test]
fn an_option_is_none() {
    assert_eq!(Option::<u8>::from_rejected(rejected()), None);
    assert_eq!(Option::<u8>::from_error(()), None);
    assert_eq!(Result::<u8, &str>::from_error("busy"), Err("busy"));
}

const SECOND: u64 = 1_000_000_000;

#[test]
fn a_moment_says_what_is_left_of_it_whenever_it_is_asked() {
    clock::test::set(SECOND);
    let open = Rejected::circuit_open_until("shop::pay", When::at(3 * SECOND));
    let limited = Rejected::rate_limited_until("shop::pay", When::at(3 * SECOND));
    let both = |expected: u64| {
        let expected = Some(Duration::from_nanos(expected));
        assert_eq!(open.retry_after(), expected);
        let rounded_up = Duration::from_nanos(1);
        let limited = limited.retry_after().map(|after| match after {
            Duration::ZERO => after,
            after => after.checked_sub(rounded_up).unwrap(),
        });
        assert_eq!(limited, expected);
    };
    both(2 * SECOND);
    clock::test::pass(SECOND / 2);
    both(3 * SECOND / 2);
    let says = "`shop::pay` has failed too often and is not asked; try again";
    assert_eq!(open.to_string(), format!("{says} in 1.5s"));
    clock::test::set(3 * SECOND);
    both(0);
    clock::test::set(30 * SECOND);
    both(0);
    assert_eq!(open.to_string(), format!("{says} now"));
    assert_eq!(
        format!("{open:?}"),
        "Rejected { op: \"shop::pay\", reason: CircuitOpen, retry_after: 0ns, .. }"
    );
}

#[test]
fn what_was_left_by_a_clock_that_users_move_stays_what_it_was() {
    clock::test::set(SECOND);
    let open = Rejected::circuit_open_until("op", When::after(2 * SECOND));
    clock::test::set(9 * SECOND);
    assert_eq!(open.retry_after(), Some(Duration::from_secs(2)));
    let now = Rejected::circuit_open_until("op", When::after(0));
    assert_eq!(now.retry_after(), Some(Duration::ZERO));
}

#[test]
fn nobody_knows_when_never_is() {
    clock::test::set(u64::MAX);
    let never = [
        When::NEVER,
        When::after(u64::MAX),
        When::after(u64::MAX / 2 + 1),
        When::at(u64::MAX),
        When::at(u64::MAX / 2 + 1),
    ];
    for when in never {
        let rejected = Rejected::circuit_open_until("op", when);
        assert_eq!((rejected.retry_after(), when), (None, When::NEVER));
        assert!(!rejected.to_string().contains("again"), "{rejected}");
    }
    let furthest = Rejected::rate_limited_until("op", When::at(u64::MAX / 2));
    assert_eq!(furthest.retry_after(), Some(Duration::ZERO));
}

#[test]
fn rejections_are_equal_when_their_moments_are() {
    let at = |moment| Rejected::circuit_open_until("op", When::at(moment));
    let first = at(SECOND);
    clock::test::set(SECOND / 2);
    assert_eq!(first, at(SECOND));
    assert_ne!(first, at(2 * SECOND));
    assert_ne!(
        first,
        Rejected::circuit_open_until("op", When::after(SECOND))
    );
    assert_ne!(first, Rejected::rate_limited_until("op", When::at(SECOND)));
}
