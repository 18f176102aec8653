//! The promises of `#[rate_limited]`, on every shape of function. What the bucket promises is tested where it is.

use std::fmt::Display;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use perfkit::{Clock, Reason, Rejected, rate_limited, rejection};

/// The answer of a future that does not have to wait.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it waits"),
    }
}

fn is_limited(error: &(dyn std::error::Error + 'static)) -> bool {
    rejection(error).is_some_and(|rejected| rejected.reason() == Reason::RateLimited)
}

/// A number of a function's row in the report.
fn number(op: &str, name: &str) -> u64 {
    let report = perfkit::report();
    let row = report.section("limiters").iter().find(|row| row.op() == op);
    row.and_then(|row| row.count(name)).unwrap_or(u64::MAX)
}

#[test]
fn a_call_too_many_is_rejected_and_told_when_to_come_again() {
    static CLOCK: Clock = Clock::manual();

    #[rate_limited("10/s", burst = 2, clock = &CLOCK, name = "rate: exact")]
    fn call(answer: u32) -> Result<u32, Rejected> {
        Ok(answer)
    }

    assert_eq!((call(1), call(2)), (Ok(1), Ok(2)));
    let rejected = call(3).unwrap_err();
    assert_eq!(rejected.retry_after(), Some(Duration::from_millis(100)));
    assert_eq!(rejected.op(), "rate: exact");
    CLOCK.advance(Duration::from_millis(100));
    assert_eq!(call(4), Ok(4));
    assert!(call(5).is_err());
    assert_eq!(number("rate: exact", "allowed"), 3);
    assert_eq!(number("rate: exact", "rejected"), 2);
    assert_eq!(number("rate: exact", "burst"), 2);
}

#[test]
fn the_burst_is_as_large_as_the_rate_unless_it_is_said() {
    static CLOCK: Clock = Clock::manual();

    #[rate_limited("7/m", clock = &CLOCK)]
    fn call() -> Option<()> {
        Some(())
    }

    assert_eq!((0..100).filter_map(|_| call()).count(), 7);
}

#[test]
fn every_key_has_its_own_and_a_call_costs_what_it_says() {
    static CLOCK: Clock = Clock::manual();

    struct Shop {
        name: String,
    }

    impl Shop {
        #[rate_limited("10/s", by = &self.name, cost = u32::from(items), clock = &CLOCK, max_keys = 100)]
        fn order(&self, items: u8) -> Result<u8, io::Error> {
            Ok(items)
        }
    }

    let [one, other] = ["one", "other"].map(|name| Shop { name: name.into() });
    assert_eq!(one.order(8).unwrap(), 8);
    assert!(is_limited(&one.order(3).unwrap_err()));
    assert_eq!(one.order(2).unwrap(), 2);
    assert_eq!(other.order(10).unwrap(), 10);
    let never = rejection(&other.order(11).unwrap_err()).unwrap();
    assert_eq!(never.retry_after(), None);
    assert_eq!(other.order(0).unwrap(), 0);
}

#[test]
fn the_error_is_what_reject_says() {
    #[derive(Debug, PartialEq)]
    struct Busy(Option<Duration>);

    static CLOCK: Clock = Clock::manual();

    #[rate_limited("1/s", clock = &CLOCK, reject = |rejected| Busy(rejected.retry_after()))]
    fn call() -> Result<(), Busy> {
        Ok(())
    }

    assert_eq!(call(), Ok(()));
    assert_eq!(call(), Err(Busy(Some(Duration::from_secs(1)))));
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn with_wait_every_call_goes_through_in_its_time() {
    static CLOCK: Clock = Clock::manual();

    #[rate_limited("10/s", burst = 1, wait, clock = &CLOCK, name = "rate: wait")]
    async fn call(number: u32) -> u32 {
        number
    }

    let start = tokio::time::Instant::now();
    let answers = tokio::join!(call(0), call(1), call(2));
    assert_eq!(answers, (0, 1, 2));
    let passed = start.elapsed();
    assert!(passed >= Duration::from_millis(200) && passed < Duration::from_millis(210));
    assert_eq!(number("rate: wait", "waited"), 2);
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn with_max_wait_it_waits_so_long_and_not_in_vain() {
    static CLOCK: Clock = Clock::manual();

    #[rate_limited("10/s", burst = 1, max_wait = "150ms", clock = &CLOCK)]
    async fn call() -> Result<(), Rejected> {
        Ok(())
    }

    let start = tokio::time::Instant::now();
    let (first, second, third) = tokio::join!(call(), call(), call());
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(
        third.unwrap_err().retry_after(),
        Some(Duration::from_millis(200))
    );
    assert!(start.elapsed() >= Duration::from_millis(100));
}

#[test]
fn a_caller_that_is_dropped_gives_its_moment_back() {
    static CLOCK: Clock = Clock::manual();

    #[rate_limited("10/s", burst = 1, wait, clock = &CLOCK, name = "rate: dropped")]
    async fn call() {}

    ready(call());
    {
        let mut waits = pin!(call());
        let waiting = waits.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(waiting.is_pending());
        assert_eq!(number("rate: dropped", "waiting"), 1);
    }
    assert_eq!(number("rate: dropped", "cancelled"), 1);
    CLOCK.advance(Duration::from_millis(100));
    ready(call());
}

#[test]
fn a_panic_has_had_its_token_and_goes_its_way() {
    static CLOCK: Clock = Clock::manual();

    #[rate_limited("1/s", clock = &CLOCK)]
    fn call() -> Option<()> {
        std::panic::resume_unwind(Box::new("mine"));
    }

    let panic = std::panic::catch_unwind(call).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"mine"));
    assert_eq!(call(), None);
}

#[test]
fn a_sync_function_that_waits_is_the_function_itself() {
    #[rate_limited("1000000/s", wait)]
    fn unit() {}

    #[rate_limited("1000000/s", wait)]
    fn borrowed(text: &str, (from, to): (usize, usize)) -> &str {
        &text[from..to]
    }

    #[rate_limited("1000000/s", wait)]
    fn shown(thing: impl Display) -> impl Iterator<Item = char> {
        thing.to_string().chars().collect::<Vec<_>>().into_iter()
    }

    #[rate_limited("1000000/s", wait)]
    fn never(is_over: bool) -> ! {
        assert!(!is_over);
        std::panic::resume_unwind(Box::new("never"));
    }

    unit();
    assert_eq!(borrowed("abc", (1, 2)), "b");
    assert_eq!(shown(12).collect::<String>(), "12");
    assert!(std::panic::catch_unwind(|| never(false)).is_err());
}

trait Priced {
    fn price(&mut self, of: &str) -> Result<usize, Box<dyn std::error::Error + Send + Sync>>;
    fn later(self, by: u32) -> impl Future<Output = Option<u32>> + Send;
}

#[async_trait::async_trait]
trait Boxed {
    async fn load(&self, id: u64) -> anyhow::Result<u64>;
}

#[derive(Clone, Copy)]
struct Cart(usize);

impl Priced for Cart {
    #[rate_limited("1/h")]
    fn price(&mut self, of: &str) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
        self.0 += of.len();
        Ok(self.0)
    }

    #[rate_limited("1/h")]
    async fn later(self, by: u32) -> Option<u32> {
        Some(by)
    }
}

#[async_trait::async_trait]
impl Boxed for Cart {
    #[rate_limited("1/h", by = id)]
    async fn load(&self, id: u64) -> anyhow::Result<u64> {
        Ok(id)
    }
}

#[test]
fn methods_traits_and_boxed_futures_are_limited() {
    let mut cart = Cart(1);
    assert_eq!(cart.price("four").unwrap(), 5);
    assert!(cart.price("four").is_err());
    assert_eq!(cart.0, 5, "the body did not run");
    assert_eq!(ready(cart.later(3)), Some(3));
    assert_eq!(ready(cart.later(3)), None);
    assert_eq!(ready(cart.load(7)).unwrap(), 7);
    let error = ready(cart.load(7)).unwrap_err();
    assert!(is_limited(error.as_ref()));
    assert_eq!(ready(cart.load(8)).unwrap(), 8);
}

#[rate_limited("1/h")]
fn made<T: Clone + Send>(of: &T) -> impl Future<Output = Result<T, Rejected>> + use<T> {
    let of = of.clone();
    async move { Ok(of) }
}

#[rate_limited("1/h", max_wait = "1ns")]
fn boxed(of: &str) -> Pin<Box<dyn Future<Output = Result<usize, Rejected>> + Send + '_>> {
    Box::pin(async move { Ok(of.len()) })
}

#[rate_limited("1/h")]
unsafe fn risky<const N: usize>() -> Option<usize> {
    Some(N)
}

#[test]
fn futures_that_are_returned_and_generic_functions_are_limited() {
    assert_eq!(ready(made(&7)), Ok(7));
    assert!(ready(made(&"the same limit")).is_err());
    assert_eq!(ready(boxed("abc")), Ok(3));
    assert!(ready(boxed("abc")).is_err());
    // SAFETY: it is not.
    assert_eq!(unsafe { risky::<4>() }, Some(4));
    // SAFETY: it is not.
    assert_eq!(unsafe { risky::<4>() }, None);
}

#[test]
fn the_limit_is_asked_when_the_call_begins_and_not_when_it_is_made() {
    #[rate_limited("1/h")]
    async fn call() -> Option<u8> {
        Some(1)
    }

    let never_polled = call();
    drop(never_polled);
    assert_eq!(ready(call()), Some(1));
}

#[test]
fn a_function_that_nobody_has_called_has_a_row_of_zeros() {
    #[rate_limited("5/s", name = "rate: never called")]
    fn never_called() -> Option<()> {
        Some(())
    }

    assert_eq!(number("rate: never called", "calls"), 0);
    let _ = never_called as fn() -> Option<()>;
}

#[test]
fn the_books_of_all_limits_balance() {
    let limited = perfkit::RateLimiter::builder("rate: by hand")
        .rate(1, Duration::from_secs(3600))
        .build()
        .unwrap();
    assert!(limited.try_acquire().is_ok());
    assert!(limited.try_acquire().is_err());
    assert_eq!(number("rate: by hand", "calls"), 2);
    let report = perfkit::report();
    assert!(report.verify().is_ok());
}

#[test]
fn the_handle_shares_the_tokens_of_the_function() {
    static CLOCK: Clock = Clock::manual();

    #[rate_limited("10/s", burst = 2, clock = &CLOCK, name = "rate: handle")]
    fn call() -> Option<()> {
        Some(())
    }

    let handle = call_limiter();
    assert_eq!((handle.available(), handle.name()), (2, "rate: handle"));
    assert!(call().is_some());
    assert_eq!(handle.available(), 1);
    assert_eq!(handle.retry_after(), Duration::ZERO);
    assert!(handle.try_acquire().is_ok());
    assert!(call().is_none());
    assert_eq!(handle.retry_after(), Duration::from_millis(100));
    CLOCK.advance(Duration::from_millis(60));
    assert_eq!(handle.retry_after(), Duration::from_millis(40));
    handle.reset();
    assert_eq!(handle.available(), 2);
    assert!(call().is_some() && call().is_some() && call().is_none());
    assert_eq!(number("rate: handle", "allowed"), 4);
}

#[test]
fn the_handle_knows_the_bucket_of_each_key() {
    static CLOCK: Clock = Clock::manual();

    #[rate_limited("1/s", by = tenant, clock = &CLOCK)]
    fn call(tenant: &str) -> Option<()> {
        (!tenant.is_empty()).then_some(())
    }

    let handle = call_limiter();
    assert!(call("ada").is_some() && call("grace").is_some());
    assert_eq!(handle.available_for("ada"), 0);
    assert_eq!(handle.available_for("edsger"), 1, "nobody has asked for it");
    assert_eq!(handle.retry_after_for("ada"), Duration::from_secs(1));
    assert_eq!(handle.retry_after_for("edsger"), Duration::ZERO);
    handle.reset_for("ada");
    assert!(call("ada").is_some() && call("grace").is_none());
    handle.reset();
    assert!(call("ada").is_some() && call("grace").is_some());
    assert!(handle.try_acquire_for("ada").is_err());
}

mod inside {
    pub(super) struct Mail(pub(super) &'static str);

    impl Mail {
        #[perfkit::rate_limited("1/h")]
        pub(super) fn send(&self) -> Option<&'static str> {
            Some(self.0)
        }
    }
}

#[test]
fn a_method_has_its_handle_beside_it() {
    assert!(inside::Mail("hello").send().is_some());
    assert_eq!(inside::Mail::send_limiter().available(), 0);
    inside::Mail::send_limiter().reset();
    assert!(inside::Mail("hello").send().is_some());
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn no_more_calls_wait_than_may() {
    static CLOCK: Clock = Clock::manual();

    #[rate_limited("10/s", burst = 1, wait, max_waiting = 2, clock = &CLOCK, name = "rate: room")]
    async fn call() -> Result<(), Rejected> {
        Ok(())
    }

    #[rate_limited("10/s", burst = 1, max_wait = "1m", max_waiting = 1, by = key, clock = &CLOCK)]
    async fn by_key(key: u8) -> Result<u8, Rejected> {
        Ok(key)
    }

    assert!(call().await.is_ok());
    let first = tokio::spawn(call());
    tokio::task::yield_now().await;
    let second = tokio::spawn(call());
    tokio::task::yield_now().await;
    let rejected = call().await.unwrap_err();
    assert_eq!(rejected.reason(), Reason::QueueFull);
    assert_eq!(number("rate: room", "waiting"), 2);
    second.abort();
    assert!(second.await.is_err());
    let third = tokio::spawn(call());
    tokio::task::yield_now().await;
    assert_eq!(number("rate: room", "waiting"), 2, "there is room again");
    assert!(first.await.unwrap().is_ok() && third.await.unwrap().is_ok());
    assert_eq!(number("rate: room", "queue_full"), 1);
    assert_eq!(number("rate: room", "rejected"), 1);
    assert_eq!(number("rate: room", "cancelled"), 1);
    assert_eq!(number("rate: room", "calls"), 5);

    assert_eq!(by_key(1).await, Ok(1));
    let waits = tokio::spawn(by_key(1));
    tokio::task::yield_now().await;
    assert_eq!(by_key(1).await.unwrap_err().reason(), Reason::QueueFull);
    assert_eq!(by_key(2).await, Ok(2), "who does not wait needs no room");
    assert_eq!(waits.await.unwrap(), Ok(1));
    assert!(perfkit::report().verify().is_ok());
}
