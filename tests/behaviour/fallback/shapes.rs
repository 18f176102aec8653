//! Every function a user has.

use std::future::Future;
use std::pin::Pin;

use super::*;

#[derive(Clone)]
struct Shop {
    stock: u32,
}

impl Shop {
    fn empty(&self, id: u32, (): ()) -> Option<u32> {
        Some(self.stock + id)
    }

    fn change(&mut self, id: u32, _: Failure) -> Result<u32, Failure> {
        self.stock += id;
        Ok(self.stock)
    }

    fn close(self, _: Failure) -> Result<u32, Failure> {
        Ok(self.stock)
    }

    #[fallback(Self::empty)]
    fn by_reference(&self, id: u32) -> Option<u32> {
        None
    }

    #[fallback(Self::change)]
    fn by_mutable_reference(&mut self, id: u32) -> Result<u32, Failure> {
        self.stock *= 2;
        Err(Failure::Wrong)
    }

    #[fallback(Self::close)]
    fn by_value(self) -> Result<u32, Failure> {
        let Self { stock } = self;
        Err(Failure::Lost(stock))
    }

    #[fallback(value = Ok(self.stock))]
    fn value_of_self(&mut self) -> Result<u32, Failure> {
        self.stock += 100;
        Err(Failure::Wrong)
    }

    #[fallback(Self::empty)]
    async fn async_method(&self, id: u32) -> Option<u32> {
        None
    }

    #[fallback(value = None.or(Some(9)))]
    async fn async_mutable(&mut self) -> Option<u32> {
        self.stock += 1;
        None
    }
}

#[test]
fn methods() {
    let mut shop = Shop { stock: 10 };
    assert_eq!(shop.by_reference(1), Some(11));
    assert_eq!(shop.by_mutable_reference(1), Ok(21));
    assert_eq!(shop.value_of_self(), Ok(121));
    assert_eq!(shop.by_value(), Ok(121));
}

#[tokio::test]
async fn async_methods() {
    let mut shop = Shop { stock: 10 };
    assert_eq!(shop.async_method(1).await, Some(11));
    assert_eq!(shop.async_mutable().await, Some(9));
    assert_eq!(shop.stock, 11);
}

#[async_trait::async_trait]
trait Remote: Sync {
    async fn fetch(&self, key: String) -> Result<String, Failure>;
}

#[async_trait::async_trait]
impl Remote for Shop {
    #[fallback(|_| Ok(key))]
    async fn fetch(&self, key: String) -> Result<String, Failure> {
        drop(key);
        Err(Failure::Wrong)
    }
}

#[fallback(value = Ok((text, N)))]
fn generic<'a, const N: usize>(
    text: &'a str,
    (a, b): (u8, u8),
    other: impl Into<u32>,
) -> Result<(&'a str, usize), u32> {
    Err(u32::from(a) + u32::from(b) + other.into())
}

#[fallback(value = Some(text))]
fn future(text: String) -> impl Future<Output = Option<String>> + Send {
    drop(text);
    async { None }
}

#[fallback(value = Some(text.len()))]
fn boxed(text: &str) -> Pin<Box<dyn Future<Output = Option<usize>> + Send + '_>> {
    Box::pin(async move { text.parse().ok() })
}

#[tokio::test]
async fn others() {
    let shop = Shop { stock: 1 };
    assert_eq!(shop.fetch("k".into()).await.as_deref(), Ok("k"));
    assert_eq!(generic::<3>("t", (1, 2), 3_u8), Ok(("t", 3)));
    assert_eq!(future("text".into()).await.as_deref(), Some("text"));
    assert_eq!(boxed("four").await, Some(4));
}

#[test]
fn an_error_that_is_not_send_does_not_make_a_future_so() {
    async fn later(_: std::rc::Rc<()>) -> Result<(), std::rc::Rc<()>> {
        std::future::ready(Ok(())).await
    }

    #[fallback(value = Ok(()))]
    async fn load() -> Result<(), std::rc::Rc<()>> {
        Err(std::rc::Rc::new(()))
    }

    #[fallback(later)]
    async fn by_function() -> Result<(), std::rc::Rc<()>> {
        Err(std::rc::Rc::new(()))
    }

    fn is_send(_: &impl Send) {}
    is_send(&load());
    // Its own fallback keeps the error while it waits.
    drop(by_function());
}
