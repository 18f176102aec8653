//! The promises of `#[timeout]`.
//!
//! Time is paused in a tokio runtime wherever it matters, so every instant below is exact. Where it is not, a limit is
//! reached at once, or not by the slowest machine.

use std::future::{Future, pending, poll_fn, ready};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use perfkit::__private::timeout::{Options, Timeout};
use perfkit::__private::{FromRejected, Meta, Observed, Site, Start};
use perfkit::snapshot::Value;
use perfkit::{Rejected, rejection};

type Answer = Result<&'static str, Rejected>;

#[cfg(feature = "tokio")]
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// A site of one test, made by hand as the attribute makes it.
macro_rules! site {
    ($name:literal, $limit:expr) => {{
        static SITE: Site<Timeout> = Site::new(
            Meta {
                attribute: "timeout",
                name: Some($name),
                part: None,
                place: || "",
                file: file!(),
                line: line!(),
            },
            || Options { limit: $limit },
        );
        &SITE
    }};
}

// After the macro, which they use.
#[cfg(feature = "tracing")]
mod events;
#[cfg(feature = "tokio")]
mod nested;
#[cfg(feature = "tokio")]
mod paused;

async fn call<F: Future>(site: &'static Site<Timeout>, body: F) -> F::Output
where
    F::Output: FromRejected,
{
    site.get()
        .call_async(Start::now(), body, F::Output::from_rejected)
        .await
}

/// The numbers of a site; taken only after they were seen to balance.
#[derive(Debug, PartialEq, Eq, Default, Clone, Copy)]
struct Numbers {
    completed: u64,
    timed_out: u64,
    cancelled: u64,
    panicked: u64,
    inflight: u64,
}

const NONE: Numbers = Numbers {
    completed: 0,
    timed_out: 0,
    cancelled: 0,
    panicked: 0,
    inflight: 0,
};

fn numbers(site: &'static Site<Timeout>) -> Numbers {
    let snapshot = site.snapshot();
    let of = |name| {
        let metric = snapshot.metrics.iter().find(|metric| metric.name == name);
        match metric.map(|metric| &metric.value) {
            Some(Value::Counter(count) | Value::Level(Some(count))) => *count,
            other => panic!("{name} is {other:?}"),
        }
    };
    let numbers = Numbers {
        completed: of("completed"),
        timed_out: of("timed_out"),
        cancelled: of("cancelled"),
        panicked: of("panicked"),
        inflight: of("inflight"),
    };
    assert_eq!(
        of("calls"),
        numbers.completed + numbers.timed_out + numbers.cancelled + numbers.panicked
    );
    numbers
}

fn rejected_by(answer: Answer) -> &'static str {
    answer.expect_err("rejected").op()
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// An executor that is none of tokio's.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => std::thread::park(),
        }
    }
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Pending once, then ready.
async fn wait_a_turn() {
    let mut waited = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Writes down when it is dropped.
struct Dropped(Arc<Mutex<Vec<&'static str>>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.lock().unwrap().push("body dropped");
    }
}

#[test]
fn a_future_that_is_never_polled_is_no_call() {
    let site = site!("never polled", HOUR);
    drop(call(site, async { Answer::Ok("unused") }));
    assert_eq!(numbers(site), NONE);
}

#[test]
fn a_site_that_is_never_used_has_all_its_numbers() {
    assert_eq!(numbers_of_unused(), NONE);
}

fn numbers_of_unused() -> Numbers {
    numbers(site!("unused", HOUR))
}

#[test]
fn a_body_that_is_ready_at_once_needs_no_runtime_and_no_timer() {
    let site = site!("ready", HOUR);
    let body = ready(Answer::Ok("at once"));
    let reject = Answer::from_rejected;
    let mut call = pin!(site.get().call_async(Start::now(), body, reject));
    assert_eq!(poll_once(call.as_mut()), Poll::Ready(Ok("at once")));
    assert_eq!(
        numbers(site),
        Numbers {
            completed: 1,
            ..NONE
        }
    );
    // Against the rules of futures, and still no panic.
    assert_eq!(poll_once(call.as_mut()), Poll::Pending);
}

#[test]
fn a_call_is_in_flight_while_it_runs() {
    let site = site!("in flight", Duration::MAX);
    let seen = block_on(call(site, async {
        wait_a_turn().await;
        Some(numbers(site))
    }));
    assert_eq!(
        seen,
        Some(Numbers {
            inflight: 1,
            ..NONE
        })
    );
    let within_first_poll = block_on(call(site, async { Some(numbers(site).inflight) }));
    assert_eq!(within_first_poll, Some(1));
    assert_eq!(numbers(site).inflight, 0);
}

#[test]
fn a_reset_starts_the_counts_anew_and_keeps_what_runs_in_flight() {
    let site = site!("reset", HOUR);
    block_on(call(site, ready(Some(())))).unwrap();
    let mut running = Box::pin(call(site, pending::<Answer>()));
    assert!(poll_once(running.as_mut()).is_pending());
    Observed::reset(site);
    assert_eq!(
        numbers(site),
        Numbers {
            inflight: 1,
            ..NONE
        }
    );
    drop(running);
    assert_eq!(
        numbers(site),
        Numbers {
            cancelled: 1,
            ..NONE
        }
    );
}

#[test]
fn a_dropped_call_is_cancelled() {
    let site = site!("cancelled", HOUR);
    let log = Arc::default();
    let mut running = Box::pin(call(site, {
        let dropped = Dropped(Arc::clone(&log));
        async move {
            pending::<()>().await;
            drop(dropped);
            Answer::Ok("never")
        }
    }));
    assert!(poll_once(running.as_mut()).is_pending());
    assert_eq!(numbers(site).inflight, 1);
    drop(running);
    assert_eq!(*log.lock().unwrap(), ["body dropped"]);
    assert_eq!(
        numbers(site),
        Numbers {
            cancelled: 1,
            ..NONE
        }
    );
}

#[test]
fn a_panic_passes_through_untouched_and_is_counted() {
    let site = site!("panic", HOUR);
    for waits in [false, true] {
        let panicked = std::panic::catch_unwind(AssertUnwindSafe(|| {
            block_on(call(site, async move {
                if waits {
                    wait_a_turn().await;
                }
                std::panic::resume_unwind(Box::new(4711_u16));
                #[allow(unreachable_code, reason = "gives the block its type")]
                Answer::Ok("never")
            }))
        }));
        assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&4711_u16));
        assert_eq!(perfkit::deadline(), None);
    }
    assert_eq!(
        numbers(site),
        Numbers {
            panicked: 2,
            ..NONE
        }
    );
}

#[test]
fn it_works_on_any_executor() {
    let site = site!("no runtime", Duration::from_millis(5));
    let answer = block_on(call(site, pending::<Answer>()));
    assert_eq!(rejected_by(answer), "no runtime");
    assert_eq!(block_on(call(site, ready(Answer::Ok("ok")))), Ok("ok"));
    assert_eq!(
        numbers(site),
        Numbers {
            completed: 1,
            timed_out: 1,
            ..NONE
        }
    );
}

#[test]
fn a_limit_of_zero_polls_the_body_once() {
    let site = site!("zero", Duration::ZERO);
    assert_eq!(block_on(call(site, ready(Answer::Ok("ok")))), Ok("ok"));
    let polls = AtomicUsize::new(0);
    let body = poll_fn(|cx| {
        polls.fetch_add(1, Relaxed);
        cx.waker().wake_by_ref();
        Poll::<Answer>::Pending
    });
    assert_eq!(rejected_by(block_on(call(site, body))), "zero");
    assert_eq!(polls.load(Relaxed), 1);
}

#[test]
fn a_limit_without_end_never_fires() {
    let site = site!("endless", Duration::MAX);
    block_on(call(site, async {
        assert_eq!(perfkit::deadline(), None);
        assert_eq!(perfkit::remaining(), None);
        wait_a_turn().await;
        Some(())
    }))
    .unwrap();
    assert_eq!(numbers(site).completed, 1);
}

#[test]
fn a_loop_around_a_call_that_is_always_rejected_still_lets_others_run() {
    let site = site!("always rejected", Duration::ZERO);
    let mut turns = 0;
    let mut forever = pin!(async { while call(site, pending::<Answer>()).await.is_err() {} });
    block_on(poll_fn(|cx| {
        assert!(forever.as_mut().poll(cx).is_pending());
        turns += 1;
        if turns == 100 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }));
    assert_eq!(turns, 100);
}

#[test]
fn a_call_moves_between_threads_between_polls() {
    let site = site!("moved", HOUR);
    let mut polls = 0;
    let mut call = Box::pin(call(
        site,
        poll_fn(move |_| {
            polls += 1;
            assert!(perfkit::remaining().is_some());
            if polls == 3 {
                Poll::Ready(Answer::Ok("moved"))
            } else {
                Poll::Pending
            }
        }),
    ));
    for _ in 0..2 {
        let moved = std::thread::spawn(move || {
            assert!(poll_once(call.as_mut()).is_pending());
            assert_eq!(perfkit::deadline(), None);
            call
        });
        call = moved.join().unwrap();
    }
    assert_eq!(poll_once(call.as_mut()), Poll::Ready(Ok("moved")));
    assert_eq!(
        numbers(site),
        Numbers {
            completed: 1,
            ..NONE
        }
    );
}

#[test]
fn a_call_is_send_exactly_when_its_body_is_and_stays_small() {
    fn send<T: Send>(_: &T) {}
    let site = site!("send", HOUR);
    let body = async {
        let kept = [0_u8; 4096];
        wait_a_turn().await;
        Some(kept.len())
    };
    let bare = size_of_val(&body);
    let call = site.get().call_async(Start::now(), body, |_| None);
    send(&call);
    assert!(size_of_val(&call) <= bare + 256, "{}", size_of_val(&call));
    // A body that is not `Send` is none of the attribute's business.
    let not_send = std::rc::Rc::new(());
    let call = site.get().call_async(
        Start::now(),
        async move {
            wait_a_turn().await;
            drop(not_send);
            Some(())
        },
        |_| None,
    );
    block_on(call).unwrap();
}

#[test]
fn every_error_carries_the_rejection() {
    let site = site!("carried", Duration::ZERO);
    let any = block_on(call(site, pending::<anyhow::Result<()>>())).unwrap_err();
    assert_eq!(rejection(&any.context("more")).unwrap().op(), "carried");
    assert_eq!(block_on(call(site, pending::<Option<()>>())), None);
}
