//! Many items of a function that blocks.
//!
//! Calls of such a function come one after the other on a thread, and each would be a batch of its own. So the rest of the
//! items ride along with the first: its call, which has a body and a place in line, hands all of them in, and leaves the
//! answers of the others behind. That is the same as a call for each where nothing else stands around the function; where
//! something does, nobody takes the riders, and there is a call for each.

use std::any::Any;
use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::Arc;

use super::handle::Boxed;
use super::sync::thread_local;
use super::{Call, Core};

thread_local! {
    /// Those of the call that this thread makes.
    static WAITING: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// Items of one caller behind the first, and later their answers.
pub(crate) struct Riders<K, I, A> {
    core: &'static Core,
    key: K,
    pub(crate) items: Vec<I>,
    pub(crate) answers: Vec<A>,
}

fn replace(riders: Option<Box<dyn Any>>) -> Option<Box<dyn Any>> {
    let replaced = WAITING.try_with(|waiting| waiting.replace(riders));
    replaced.ok().flatten()
}

impl<K, I, A> Riders<K, I, A>
where
    K: Eq + 'static,
    I: 'static,
    A: 'static,
{
    /// Those of a call, if it has any: to be [seated](Self::sit) again.
    pub(crate) fn take(core: &Core, key: &K) -> Option<Box<Self>> {
        match replace(None)?.downcast::<Self>() {
            Ok(riders) if std::ptr::eq(riders.core, core) && riders.key == *key => Some(riders),
            Ok(others) => {
                others.sit();
                None
            }
            Err(others) => {
                replace(Some(others));
                None
            }
        }
    }

    pub(crate) fn sit(self: Box<Self>) {
        drop(replace(Some(self)));
    }
}

/// What waited before, until this is dropped.
struct Before(Option<Box<dyn Any>>);

impl Drop for Before {
    fn drop(&mut self) {
        let before = self.0.take();
        drop(replace(before));
    }
}

/// The answers to `items`, in their order.
pub(super) async fn many<K, I, A>(
    core: &'static Core,
    call: Arc<Call<I, A, K>>,
    key: K,
    items: Vec<I>,
) -> Vec<A>
where
    K: Eq + Clone + 'static,
    I: 'static,
    A: 'static,
{
    let mut answers = Vec::with_capacity(items.len());
    let mut items = items.into_iter();
    while let Some(first) = items.next() {
        let of_first = call(key.clone(), first);
        let riders = Box::new(Riders {
            core,
            key: key.clone(),
            items: items.collect(),
            answers: Vec::new(),
        });
        let (answer, riders) = answered(of_first, riders).await;
        answers.push(answer);
        let Some(riders) = riders else {
            return answers;
        };
        answers.extend(riders.answers);
        items = riders.items.into_iter();
    }
    answers
}

/// The answer of a call, and what has become of those that could ride along.
async fn answered<K, I, A>(
    mut call: Boxed<A>,
    riders: Box<Riders<K, I, A>>,
) -> (A, Option<Box<Riders<K, I, A>>>)
where
    K: 'static,
    I: 'static,
    A: 'static,
{
    let mut riders = Some(riders);
    poll_fn(|cx| {
        let before = Before(replace(riders.take().map(|riders| riders as Box<dyn Any>)));
        let polled = call.as_mut().poll(cx);
        riders = replace(None).and_then(|riders| riders.downcast().ok());
        drop(before);
        polled.map(|answer| (answer, riders.take()))
    })
    .await
}
