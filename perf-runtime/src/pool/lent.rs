//! A resource for the time of a call: it cannot be forgotten, nor kept for longer, and who asks for one too many inside is
//! told so instead of waiting for himself.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::Pool;
use crate::parts::pool::frames::Frame;
use crate::rejected::Rejected;

impl<T: Send + 'static> Pool<T> {
    /// Acquires a resource, hands it to `work`, and gives it back when that has ended.
    ///
    /// Cancel safe as [`acquire`](Self::acquire); a `work` that is cancelled gives back what it had.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire); and [`Reason::PoolDeadlock`](crate::Reason::PoolDeadlock) at once, when calls of `with`
    /// around this one have all there may be.
    ///
    /// ```
    /// use perfkit::{Pool, Reason};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// let pool = Pool::builder("lent: one")
    ///     .max_size(1)
    ///     .build(|| async { Ok::<_, std::io::Error>(vec![1, 2]) })?;
    /// let sum: u32 = pool.with(async |numbers| numbers.iter().sum()).await?;
    /// assert_eq!(sum, 3);
    ///
    /// let nested = pool.with(async |_| pool.with(async |_| ()).await).await?;
    /// assert_eq!(nested.unwrap_err().reason(), Reason::PoolDeadlock);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn with<R>(
        &self,
        work: impl AsyncFnOnce(&mut T) -> R,
    ) -> impl Future<Output = Result<R, Rejected>> {
        let acquire = self.acquire();
        async move {
            let mut guard = acquire.await?;
            let pool = self.address();
            let future = work(&mut guard);
            Ok(Within { pool, future }.await)
        }
    }

    /// The same for a thread, which it blocks.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    #[track_caller]
    pub fn with_blocking<R>(&self, work: impl FnOnce(&mut T) -> R) -> Result<R, Rejected> {
        let mut guard = self.acquire_blocking()?;
        let _frame = Frame::enter(self.address());
        Ok(work(&mut guard))
    }

    fn address(&self) -> usize {
        self.handle().address()
    }
}

pin_project! {
    /// A future that has a resource as long as it runs.
    struct Within<F> {
        pool: usize,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _frame = Frame::enter(*this.pool);
        this.future.poll(cx)
    }
}
