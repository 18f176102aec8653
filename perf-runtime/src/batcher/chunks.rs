//! `batch_operations`: a list in batches, and one operation for each item.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Runs an operation for each item, `size` of them at once (at least one), and gives what they gave, in the order of the
/// items. The next batch begins when the one before it has ended.
///
/// An operation that fails is an `Err` in its place; the others go on.
///
/// # Cancel safety
/// When the future is dropped, so are the operations that run; those of later batches never begin.
///
/// # Panics
/// When an operation does; the others of its batch are dropped then.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use perfkit::batch_operations;
///
/// let parsed = batch_operations(["1", "two", "3"], 2, |text: &str| async { text.parse::<u8>() }).await;
/// assert_eq!(parsed.iter().flatten().copied().collect::<Vec<_>>(), [1, 3]);
/// assert!(parsed[1].is_err());
/// # });
/// # std::io::Result::Ok(())
/// ```
pub async fn batch_operations<I, F, Fut>(
    items: I,
    size: usize,
    mut operation: F,
) -> Vec<Fut::Output>
where
    I: IntoIterator,
    F: FnMut(I::Item) -> Fut,
    Fut: Future,
{
    let mut items = items.into_iter();
    let mut answers = Vec::with_capacity(items.size_hint().0);
    loop {
        let batch = items.by_ref().take(size.max(1));
        let batch: Vec<_> = batch.map(|item| Running::of(operation(item))).collect();
        if batch.is_empty() {
            return answers;
        }
        ended(batch, &mut answers).await;
    }
}

/// One operation of a batch.
enum Running<F: Future> {
    Runs(Pin<Box<F>>),
    Ended(F::Output),
}

impl<F: Future> Running<F> {
    fn of(future: F) -> Self {
        Self::Runs(Box::pin(future))
    }
}

/// Polls them all until all have ended.
async fn ended<F: Future>(mut batch: Vec<Running<F>>, answers: &mut Vec<F::Output>) {
    poll_fn(|cx| {
        let mut all = true;
        for running in &mut batch {
            if let Running::Runs(future) = running {
                match future.as_mut().poll(cx) {
                    Poll::Ready(answer) => *running = Running::Ended(answer),
                    Poll::Pending => all = false,
                }
            }
        }
        if all { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    answers.extend(batch.into_iter().filter_map(|running| match running {
        Running::Ended(answer) => Some(answer),
        Running::Runs(_) => None,
    }));
}
