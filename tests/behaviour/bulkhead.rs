//! The promises of `#[bulkhead]`, on every shape of function. What the queue promises is tested where it is.

use std::future::Future;
#[cfg(feature = "tokio")]
use std::io;
use std::pin::{Pin, pin};
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
#[cfg(feature = "tokio")]
use std::time::Duration;

#[cfg(feature = "tokio")]
use perfkit::rejection;
use perfkit::{Reason, Rejected, bulkhead};

fn polled<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Calls that run or wait by now.
fn begun<F: Future, const N: usize>(calls: [F; N]) -> [Pin<Box<F>>; N] {
    calls.map(|call| {
        let mut call = Box::pin(call);
        assert!(polled(call.as_mut()).is_pending());
        call
    })
}

async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut yielded, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// A number of a function's row in the report.
fn number(op: &str, name: &str) -> u64 {
    let report = perfkit::report();
    let row = report
        .section("bulkheads")
        .iter()
        .find(|row| row.op() == op);
    row.and_then(|row| row.count(name)).unwrap_or(u64::MAX)
}

#[test]
fn as_many_calls_run_at_once_as_may_and_no_more() {
    #[bulkhead(2, name = "bulkhead: two")]
    fn call(inside: &Barrier, leave: &Barrier) -> Result<u32, Rejected> {
        inside.wait();
        leave.wait();
        Ok(7)
    }

    let (inside, leave) = (Barrier::new(3), Barrier::new(3));
    std::thread::scope(|scope| {
        let running = [(); 2].map(|()| scope.spawn(|| call(&inside, &leave)));
        inside.wait();
        let rejected = call(&inside, &leave).unwrap_err();
        assert_eq!(rejected.reason(), Reason::BulkheadFull);
        assert_eq!(rejected.op(), "bulkhead: two");
        assert_eq!(rejected.retry_after(), None);
        leave.wait();
        for call in running {
            assert_eq!(call.join().unwrap(), Ok(7));
        }
    });
    assert_eq!(number("bulkhead: two", "peak"), 2);
    assert_eq!(number("bulkhead: two", "in_use"), 0);
    assert_eq!(number("bulkhead: two", "entered"), 2);
}

#[test]
fn a_future_holds_its_place_while_it_waits_and_gives_it_back_when_it_is_dropped() {
    #[bulkhead(1)]
    async fn call() -> Option<u8> {
        yield_once().await;
        Some(1)
    }

    let mut first = Box::pin(call());
    assert!(polled(first.as_mut()).is_pending());
    assert_eq!(polled(pin!(call())), Poll::Ready(None));
    drop(first);
    let mut second = pin!(call());
    assert!(polled(second.as_mut()).is_pending());
    assert_eq!(polled(second.as_mut()), Poll::Ready(Some(1)));
}

#[test]
fn a_panic_gives_its_place_back_and_goes_its_way() {
    #[bulkhead(1)]
    fn call(panics: bool) -> Option<u8> {
        if panics {
            std::panic::resume_unwind(Box::new("mine"));
        }
        Some(1)
    }

    let panic = std::panic::catch_unwind(|| call(true)).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"mine"));
    assert_eq!(call(false), Some(1));
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn who_finds_no_room_waits_in_the_queue_and_not_for_ever() {
    #[bulkhead(1, queue = 1, wait = "10s", name = "bulkhead: queue")]
    async fn call(seconds: u64) -> Result<u64, io::Error> {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        Ok(seconds)
    }

    let start = tokio::time::Instant::now();
    let (first, second, third) = tokio::join!(call(4), call(3), call(2));
    assert_eq!((first.unwrap(), second.unwrap()), (4, 3));
    let full = rejection(&third.unwrap_err()).unwrap();
    assert_eq!(full.reason(), Reason::BulkheadFull);
    assert_eq!(start.elapsed().as_secs(), 7);
    let (first, second) = tokio::join!(call(11), call(1));
    assert!(first.is_ok() && second.is_err());
    assert_eq!(start.elapsed().as_secs(), 18);
    assert_eq!(number("bulkhead: queue", "waited"), 1);
    assert_eq!(number("bulkhead: queue", "rejected"), u64::MAX, "by reason");
}

#[test]
fn a_call_from_within_a_call_does_not_wait_for_itself() {
    #[bulkhead(1, queue = 5, wait = "never", name = "bulkhead: recursion")]
    fn sum(to: u32) -> Option<u32> {
        if to == 0 {
            Some(0)
        } else {
            Some(to + sum(to - 1)?)
        }
    }

    #[bulkhead(1, queue = 5, wait = "never")]
    async fn sum_async(to: u32) -> Option<u32> {
        yield_once().await;
        if to == 0 {
            return Some(0);
        }
        Some(to + Box::pin(sum_async(to - 1)).await?)
    }

    assert_eq!(sum(100), Some(5050));
    assert_eq!(number("bulkhead: recursion", "reentrant"), 100);
    let mut sum = pin!(sum_async(4));
    for _ in 0..5 {
        assert!(polled(sum.as_mut()).is_pending());
    }
    assert_eq!(polled(sum.as_mut()), Poll::Ready(Some(10)));
}

#[test]
fn the_error_is_what_reject_says() {
    #[derive(Debug, PartialEq)]
    struct Busy;

    #[bulkhead(1, reject = |_| Busy)]
    fn call(depth: u8) -> Result<u8, Busy> {
        if depth == 0 { Ok(0) } else { call(depth - 1) }
    }

    assert_eq!(call(0), Ok(0));
    assert_eq!(call(1), Err(Busy));
}

trait Loads {
    fn load<'a>(&'a mut self, id: &'a str) -> Result<&'a str, Rejected>;
    fn later(&self, by: impl Into<u32> + Send) -> impl Future<Output = anyhow::Result<u32>>;
}

#[async_trait::async_trait]
trait Boxed {
    async fn save(&self, (id, name): (u64, String)) -> Result<String, String>;
}

struct Store(u32);

impl Loads for Store {
    #[bulkhead(1, queue = 1)]
    fn load<'a>(&'a mut self, id: &'a str) -> Result<&'a str, Rejected> {
        self.0 += 1;
        Ok(id)
    }

    #[bulkhead(1, queue = 1)]
    async fn later(&self, by: impl Into<u32> + Send) -> anyhow::Result<u32> {
        Ok(self.0 + by.into())
    }
}

#[async_trait::async_trait]
impl Boxed for Store {
    #[bulkhead(1)]
    async fn save(&self, (id, name): (u64, String)) -> Result<String, String> {
        Ok(format!("{name} {id}"))
    }
}

#[bulkhead(1, queue = 3)]
fn made<T: Clone>(of: &T) -> impl Future<Output = Result<T, Rejected>> + use<T> {
    let of = of.clone();
    async move { Ok(of) }
}

#[bulkhead(1)]
fn boxed(of: &str) -> Pin<Box<dyn Future<Output = Result<usize, Rejected>> + Send + '_>> {
    Box::pin(async move { Ok(of.len()) })
}

#[test]
fn methods_traits_generics_and_returned_futures_have_their_bulkheads() {
    let mut store = Store(1);
    assert_eq!(store.load("a"), Ok("a"));
    assert_eq!(store.0, 2);
    let Poll::Ready(Ok(sum)) = polled(pin!(store.later(3_u8))) else {
        panic!("it waits");
    };
    assert_eq!(sum, 5);
    let saved = polled(store.save((1, "one".into())).as_mut());
    assert_eq!(saved, Poll::Ready(Ok("one 1".into())));
    assert_eq!(polled(pin!(made(&7))), Poll::Ready(Ok(7)));
    assert_eq!(polled(pin!(boxed("abc"))), Poll::Ready(Ok(3)));
}

#[test]
fn a_future_under_a_queue_is_as_movable_as_it_was() {
    #[bulkhead(1, queue = 1)]
    async fn call() -> Option<()> {
        yield_once().await;
        Some(())
    }

    fn is_send<T: Send>(_: &T) {}
    is_send(&call());
}

#[test]
fn the_books_of_all_bulkheads_balance() {
    let held = perfkit::Bulkhead::builder("bulkhead: books", 1)
        .build()
        .unwrap();
    assert_eq!(held.run(|| held.try_acquire().is_err()), Ok(true));
    assert_eq!(number("bulkhead: books", "calls"), 2);
    assert!(perfkit::report().verify().is_ok());
}

#[test]
fn each_key_has_permits_of_its_own_and_leaves_nothing_when_it_is_idle() {
    #[bulkhead(1, by = tenant, name = "bulkhead: by key")]
    async fn call(tenant: &str, wait: bool) -> Result<usize, Rejected> {
        if wait {
            yield_once().await;
        }
        Ok(tenant.len())
    }

    let mut ada = pin!(call("ada", true));
    assert!(polled(ada.as_mut()).is_pending());
    let mut grace = pin!(call("grace", true));
    assert!(polled(grace.as_mut()).is_pending());
    let rejected = polled(pin!(call("ada", false)));
    let Poll::Ready(Err(rejected)) = rejected else {
        panic!("{rejected:?}");
    };
    assert_eq!(rejected.reason(), Reason::BulkheadFull);
    assert_eq!(number("bulkhead: by key", "keys"), 2);
    assert_eq!(number("bulkhead: by key", "in_use"), 2);
    assert_eq!(polled(ada.as_mut()), Poll::Ready(Ok(3)));
    assert_eq!(polled(pin!(call("ada", false))), Poll::Ready(Ok(3)));
    assert_eq!(number("bulkhead: by key", "keys"), 1);
    assert_eq!(polled(grace.as_mut()), Poll::Ready(Ok(5)));
    assert_eq!(number("bulkhead: by key", "keys"), 0);
    assert!(perfkit::report().verify().is_ok());
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn those_who_wait_for_a_permit_of_a_key_get_it_in_turn() {
    #[bulkhead(1, queue = 5, by = tenant, name = "bulkhead: line by key")]
    async fn call(tenant: u8, wait: bool) -> Result<u8, Rejected> {
        if wait {
            yield_once().await;
        }
        Ok(tenant)
    }

    let mut first = pin!(call(1, true));
    assert!(polled(first.as_mut()).is_pending());
    let mut second = Box::pin(call(1, false));
    assert!(polled(second.as_mut()).is_pending());
    let mut third = Box::pin(call(1, false));
    assert!(polled(third.as_mut()).is_pending());
    assert_eq!(number("bulkhead: line by key", "waiting"), 2);
    assert_eq!(polled(pin!(call(2, false))), Poll::Ready(Ok(2)));
    drop(second);
    assert_eq!(polled(first.as_mut()), Poll::Ready(Ok(1)));
    assert_eq!(polled(third.as_mut()), Poll::Ready(Ok(1)));
    drop(third);
    // Who looks after the grants looks once more.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(number("bulkhead: line by key", "keys"), 0);
    assert_eq!(number("bulkhead: line by key", "cancelled"), 1);
}

#[test]
fn keys_come_and_go_in_many_threads_and_none_is_left() {
    #[bulkhead(1, by = key, name = "bulkhead: many threads")]
    fn call(key: usize, inside: &[std::sync::atomic::AtomicU32]) -> Option<()> {
        use std::sync::atomic::Ordering::SeqCst;
        assert_eq!(inside[key].fetch_add(1, SeqCst), 0, "one at a time");
        inside[key].fetch_sub(1, SeqCst);
        Some(())
    }

    let inside: Vec<_> = std::iter::repeat_with(std::sync::atomic::AtomicU32::default)
        .take(4)
        .collect();
    let inside = &inside;
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for n in 0..5_000 {
                    call((n * 7 + thread) % 4, inside);
                }
            });
        }
    });
    assert_eq!(number("bulkhead: many threads", "keys"), 0);
    assert_eq!(number("bulkhead: many threads", "calls"), 20_000);
}

#[test]
fn a_panic_of_a_keyed_call_gives_its_permit_back() {
    #[bulkhead(1, by = key)]
    fn call(key: String, panics: bool) -> Option<usize> {
        assert!(!panics, "the first");
        Some(key.len())
    }

    let first = std::panic::catch_unwind(|| call("a".to_owned(), true));
    assert!(first.is_err());
    assert_eq!(call("a".to_owned(), false), Some(1));
}

#[test]
fn the_handle_shares_the_permits_of_the_function() {
    #[bulkhead(2, queue = 1, name = "bulkhead: handle")]
    async fn call() -> Result<(), Rejected> {
        yield_once().await;
        Ok(())
    }

    let handle = call_bulkhead();
    assert_eq!((handle.max(), handle.name()), (2, "bulkhead: handle"));
    let permit = handle.try_acquire().unwrap();
    let mut first = pin!(call());
    assert!(polled(first.as_mut()).is_pending());
    let mut second = pin!(call());
    assert!(polled(second.as_mut()).is_pending());
    assert_eq!((handle.in_use(), handle.waiting()), (2, 1));
    assert!(matches!(polled(pin!(call())), Poll::Ready(Err(_))));
    drop(permit);
    assert!(polled(second.as_mut()).is_pending(), "it runs now");
    assert_eq!((handle.in_use(), handle.waiting()), (2, 0));
    assert_eq!(number("bulkhead: handle", "in_use"), 2);
}

#[test]
fn a_function_that_is_given_more_places_lets_in_who_waits() {
    #[bulkhead(1, queue = 2, name = "bulkhead: grows")]
    async fn call() -> Result<(), Rejected> {
        yield_once().await;
        Ok(())
    }

    let mut calls = begun([call(), call(), call()]);
    let handle = call_bulkhead();
    assert_eq!((handle.in_use(), handle.waiting()), (1, 2));
    handle.resize(2);
    assert_eq!((handle.in_use(), handle.waiting()), (2, 1));
    let [_, second, third] = &mut calls;
    assert!(polled(third.as_mut()).is_pending(), "it is not its turn");
    assert_eq!(handle.waiting(), 1);
    assert!(polled(second.as_mut()).is_pending(), "it runs");
    assert!(polled(second.as_mut()).is_ready());
    assert!(polled(third.as_mut()).is_pending() && handle.waiting() == 0);
    assert_eq!(number("bulkhead: grows", "max"), 2);
}

#[test]
fn a_function_that_is_given_fewer_places_throws_nobody_out() {
    #[bulkhead(3, name = "bulkhead: shrinks")]
    async fn call() -> Result<(), Rejected> {
        yield_once().await;
        Ok(())
    }

    let mut calls = begun([call(), call(), call()]);
    call_bulkhead().resize(1);
    assert_eq!(number("bulkhead: shrinks", "in_use"), 3);
    assert!(perfkit::report().verify().is_ok());
    let rooms = calls.each_mut().map(|call| {
        assert_eq!(polled(call.as_mut()), Poll::Ready(Ok(())));
        call_bulkhead().try_acquire().is_ok()
    });
    assert_eq!(rooms, [false, false, true]);
}
