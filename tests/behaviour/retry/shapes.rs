//! Every function a user has.

use std::future::Future;
use std::pin::Pin;

use super::*;

static CLOCK: Clock = Clock::manual();

struct Counter {
    runs: u32,
    shared: AtomicU32,
}

impl Counter {
    const fn new() -> Self {
        Self {
            runs: 0,
            shared: AtomicU32::new(0),
        }
    }

    #[retry(clock = &CLOCK, budget = false)]
    fn by_reference(&self, step: String) -> Result<String, u32> {
        match self.shared.fetch_add(1, Relaxed) {
            run @ 0..2 => Err(run),
            _ => Ok(step),
        }
    }

    #[retry(clock = &CLOCK, budget = false)]
    fn by_mutable_reference(&mut self, log: &mut Vec<u32>) -> Result<u32, u32> {
        self.runs += 1;
        log.push(self.runs);
        if self.runs < 3 {
            return Err(self.runs);
        }
        Ok(self.runs)
    }

    #[retry(clock = &CLOCK, budget = false)]
    async fn async_method(&self, step: String) -> Result<String, u32> {
        match self.shared.fetch_add(1, Relaxed) {
            run @ 0..2 => Err(run),
            _ => Ok(step),
        }
    }

    #[cfg(feature = "measure")]
    #[retry(clock = &CLOCK, budget = false)]
    #[perfkit::measured(name = "attempts of a method")]
    fn measured_below(&mut self) -> Result<u32, u32> {
        self.runs += 1;
        if self.runs < 3 {
            Err(self.runs)
        } else {
            Ok(self.runs)
        }
    }
}

#[test]
fn methods_run_again_with_the_same_receiver() {
    let mut counter = Counter::new();
    assert_eq!(counter.by_reference("a".into()), Ok("a".into()));
    let mut log = Vec::new();
    assert_eq!(counter.by_mutable_reference(&mut log), Ok(3));
    assert_eq!(log, [1, 2, 3]);
}

#[cfg(feature = "measure")]
#[test]
fn what_stands_below_sees_each_attempt() {
    let mut counter = Counter::new();
    assert_eq!(counter.measured_below(), Ok(3));
    let report = report();
    let row = report.operation("attempts of a method").expect("a row");
    assert_eq!(row.count("calls"), Some(3));
}

#[tokio::test]
async fn async_methods_too() {
    assert_eq!(
        Counter::new().async_method("a".into()).await,
        Ok("a".into())
    );
}

trait Source {
    fn load(&self, range: (u32, u32)) -> Result<u32, u32>;

    #[retry(clock = &CLOCK, budget = false)]
    fn twice(&self, mut n: u32) -> Result<u32, u32> {
        n *= 2;
        self.load((n, n))
    }
}

impl Source for Counter {
    #[retry(clock = &CLOCK, budget = false)]
    fn load(&self, (low, high): (u32, u32)) -> Result<u32, u32> {
        let run = self.shared.fetch_add(1, Relaxed);
        if run < 2 { Err(run) } else { Ok(low + high) }
    }
}

#[test]
fn methods_of_traits_and_patterns() {
    assert_eq!(Counter::new().twice(2), Ok(8));
}

#[async_trait::async_trait]
trait Remote: Sync {
    async fn fetch(&self, key: String) -> Result<String, u32>;
}

#[async_trait::async_trait]
impl Remote for Counter {
    #[retry(clock = &CLOCK, budget = false)]
    async fn fetch(&self, key: String) -> Result<String, u32> {
        let run = self.shared.fetch_add(1, Relaxed);
        if run < 2 { Err(run) } else { Ok(key) }
    }
}

#[tokio::test]
async fn boxed_by_async_trait() {
    let call = Counter::new();
    let fetch: Pin<Box<dyn Future<Output = _> + Send + '_>> = call.fetch("k".into());
    assert_eq!(fetch.await, Ok("k".into()));
}

#[retry(clock = &CLOCK, budget = false)]
fn generic<'a, T: Default + Clone + Into<u64>, const N: usize>(
    runs: &'a AtomicU32,
    numbers: [T; N],
    extra: impl Clone + Into<u64>,
) -> Result<(&'a AtomicU32, u64), T> {
    if runs.fetch_add(1, Relaxed) < 2 {
        return Err(T::default());
    }
    let sum: u64 = numbers.into_iter().map(Into::into).sum();
    Ok((runs, sum + extra.into()))
}

#[test]
fn generic_functions_that_borrow() {
    let runs = AtomicU32::new(0);
    let (same, sum) = generic(&runs, [1_u32, 2, 3], 4_u8).expect("the third attempt");
    assert_eq!((same.load(Relaxed), sum), (3, 10));
}

#[retry(clock = &CLOCK, budget = false)]
fn future(runs: &AtomicU32, text: String) -> impl Future<Output = Result<String, u32>> + Send + '_ {
    let run = runs.fetch_add(1, Relaxed);
    async move {
        tokio::task::yield_now().await;
        if run < 2 { Err(run) } else { Ok(text) }
    }
}

#[retry(clock = &CLOCK, budget = false)]
fn boxed(runs: &AtomicU32) -> Pin<Box<dyn Future<Output = Result<u32, u32>> + Send + '_>> {
    Box::pin(async move {
        let run = runs.fetch_add(1, Relaxed);
        if run < 2 { Err(run) } else { Ok(run) }
    })
}

#[tokio::test]
async fn functions_that_make_a_future() {
    let runs = AtomicU32::new(0);
    assert_eq!(future(&runs, "text".into()).await, Ok("text".into()));
    runs.store(0, Relaxed);
    assert_eq!(boxed(&runs).await, Ok(2));
}

#[test]
fn errors_that_are_not_send_do_not_make_a_future_so() {
    #[retry(clock = &CLOCK)]
    async fn load() -> Result<(), std::rc::Rc<()>> {
        Err(std::rc::Rc::new(()))
    }

    fn is_send(_: &impl Send) {}
    is_send(&load());
}
