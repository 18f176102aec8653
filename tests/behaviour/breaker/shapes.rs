//! Every shape of function can have a breaker.

use std::pin::Pin;
use std::sync::{Arc, PoisonError};

use super::*;

#[breaker(threshold = 1)]
fn patterns((a, b): (u32, u32), [c, ..]: [u32; 2], mut d: u32, _: String) -> Answer {
    d += 1;
    Ok(a + b + c + d)
}

#[breaker(threshold = 1)]
fn borrows<'a>(text: &'a str, other: &str) -> Result<&'a str, Failure> {
    if other.is_empty() {
        return Err(Failure::Down);
    }
    Ok(text)
}

#[breaker(threshold = 1)]
fn generic<T, const N: usize>(items: [T; N]) -> Result<T, Failure>
where
    T: Copy + Send,
{
    items.first().copied().ok_or(Failure::Down)
}

#[breaker(threshold = 1)]
fn hands_out(n: u32) -> Result<impl Iterator<Item = u32>, Failure> {
    if n > 9 {
        return Err(Failure::Down);
    }
    Ok(0..n)
}

#[breaker(threshold = 1)]
async fn asynchronous(text: &str) -> Result<usize, Failure> {
    Ok(text.len())
}

#[breaker(threshold = 1)]
fn makes_a_future(n: u32) -> impl Future<Output = Answer> {
    async move { Ok(n) }
}

#[breaker(threshold = 1)]
fn makes_a_boxed_future<'a>(n: &'a u32) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
    Box::pin(async move { Ok(*n) })
}

#[breaker(threshold = 1)]
unsafe fn is_unsafe() -> Answer {
    Ok(1)
}

#[breaker(threshold = 1, slow = "1h", slow_rate = 1.0, window = 10)]
async fn timed(text: String) -> Result<String, Failure> {
    Ok(text)
}

#[breaker(threshold = 1, by = text, slow = "1h", slow_rate = 1.0, window = "10s")]
fn timed_by_key(text: &str) -> Result<String, Failure> {
    Ok(text.to_owned())
}

struct Shop(u32);

#[async_trait::async_trait]
trait Priced {
    fn price(&self) -> Answer;

    #[breaker(threshold = 1)]
    fn default(&self) -> Answer {
        self.price()
    }

    async fn later(&mut self) -> Answer;

    async fn boxed(&self, host: &str) -> Answer;
}

#[async_trait::async_trait]
impl Priced for Shop {
    #[breaker(threshold = 1)]
    fn price(&self) -> Answer {
        Ok(self.0)
    }

    #[breaker(threshold = 1)]
    async fn later(&mut self) -> Answer {
        self.0 += 1;
        Ok(self.0)
    }

    #[breaker(threshold = 1, by = host)]
    async fn boxed(&self, host: &str) -> Answer {
        if host.is_empty() { DOWN } else { Ok(self.0) }
    }
}

impl Shop {
    #[breaker(threshold = 1)]
    pub(crate) fn shared(self: Arc<Self>) -> Answer {
        Ok(self.0)
    }

    #[breaker(threshold = 1)]
    fn taken(self) -> Answer {
        Ok(self.0)
    }

    #[breaker(threshold = 1)]
    async fn changed(&mut self, by: u32) -> Answer {
        self.0 += by;
        Ok(self.0)
    }
}

/// Whose turn it is among those who call the same functions: one opens their breakers.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn each_answers_as_it_would_alone() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(patterns((1, 2), [3, 0], 4, String::new()), Ok(11));
    assert_eq!(borrows("text", "other"), Ok("text"));
    assert_eq!(generic([7, 8]), Ok(7));
    assert_eq!(hands_out(3).unwrap().sum::<u32>(), 3);
    assert_eq!(ready(asynchronous("four")), Ok(4));
    assert_eq!(ready(makes_a_future(5)), Ok(5));
    assert_eq!(ready(makes_a_boxed_future(&6)), Ok(6));
    // SAFETY: it does nothing.
    assert_eq!(unsafe { is_unsafe() }, Ok(1));
    assert_eq!(ready(timed("text".to_owned())), Ok("text".to_owned()));
    assert_eq!(timed_by_key("text"), Ok("text".to_owned()));
    let mut shop = Shop(1);
    assert_eq!((shop.price(), shop.default()), (Ok(1), Ok(1)));
    assert_eq!(ready(shop.later()), Ok(2));
    assert_eq!(ready(shop.boxed("host")), Ok(2));
    assert_eq!(ready(shop.changed(2)), Ok(4));
    assert_eq!(Arc::new(shop).shared(), Ok(4));
    assert_eq!(Shop::shared_breaker().state(), BreakerState::Closed);
    assert_eq!(Shop(5).taken(), Ok(5));
}

#[test]
fn a_future_can_go_to_another_thread() {
    fn can(_: impl Send) {}
    can(asynchronous("text"));
    can(makes_a_future(1));
    can(timed(String::new()));
}

#[test]
fn each_is_rejected_when_it_has_failed() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(borrows("", ""), Err(Failure::Down));
    assert!(is_rejected(&borrows("text", "other")));
    borrows_breaker().reset();
    assert!(hands_out(10).is_err() && hands_out(1).is_err());
    hands_out_breaker().reset();
    let shop = Shop(1);
    assert_eq!(ready(shop.boxed("")), DOWN);
    assert!(is_rejected(&ready(shop.boxed(""))));
    assert_eq!(ready(shop.boxed("host")), Ok(1));
}
