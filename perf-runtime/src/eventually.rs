//! An answer, or a future of one: what a function gives that stands in for an async one.
//!
//! Found by autoref: `Eventually::new(value).eventually().await` is the output of a future, and the value itself of
//! everything else.

use std::cell::Cell;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

/// See the module.
pub struct Eventually<T>(Cell<Option<T>>);

impl<T> Eventually<T> {
    /// Of what a function has given.
    #[inline]
    pub const fn new(value: T) -> Self {
        Self(Cell::new(Some(value)))
    }
}

/// Found first: the value is a future.
pub trait ByFuture {
    /// What it gives in the end.
    type Future: Future;
    /// The future.
    fn eventually(self) -> Self::Future;
}

impl<F: Future> ByFuture for Eventually<F> {
    type Future = Held<F>;

    #[inline]
    fn eventually(self) -> Held<F> {
        Held {
            future: self.0.into_inner(),
        }
    }
}

/// Found second: the value is what is wanted.
pub trait ByValue {
    /// What is wanted.
    type Value;
    /// A future that is ready.
    fn eventually(&self) -> ReadyOrNever<Self::Value>;
}

impl<T> ByValue for Eventually<T> {
    type Value = T;

    #[inline]
    fn eventually(&self) -> ReadyOrNever<T> {
        ReadyOrNever(self.0.take().map(ready))
    }
}

pin_project! {
    /// The future itself, which is always there.
    pub struct Held<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future> Future for Held<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().future.as_pin_mut() {
            Some(future) => future.poll(cx),
            None => Poll::Pending,
        }
    }
}

/// The value at the first poll; it is there, because nobody asks twice.
pub struct ReadyOrNever<T>(Option<Ready<T>>);

impl<T> Future for ReadyOrNever<T> {
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match &mut self.0 {
            Some(value) => Pin::new(value).poll(cx),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_value_and_a_future_of_it_give_the_same() {
        let value = Eventually::new(7).eventually().await;
        let later = Eventually::new(async { 7 }).eventually().await;
        assert_eq!((value, later), (7, 7));
    }
}
