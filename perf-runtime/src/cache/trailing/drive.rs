//! The one task of a key that waits, as long as something is left under it.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Instant;

use super::{Left, Next, Trailing, Trails, When, Work};
use crate::cache::landing::Landing;
use crate::kept::Keepable;
use crate::parts::key::Key;
use crate::rt::{self, background};

/// See the module. Dropped before its end only when its runtime has shut down: the next call has another one.
pub(super) struct Driving<K: Key, R: 'static, V: Keepable> {
    trails: &'static Trails<K, R, V>,
    hash: u64,
    key: K,
    hand: Option<Hand<R>>,
    is_over: bool,
}

/// What is about to run; empty when it has begun. It is not begun where another run has brought an answer.
type Hand<R> = Arc<Mutex<Option<Left<R>>>>;

fn take<R>(hand: &Hand<R>) -> Option<Left<R>> {
    hand.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl<K, R, V> Driving<K, R, V>
where
    K: Key + Clone,
    R: Send + 'static,
    V: Keepable,
{
    pub(super) fn new(trails: &'static Trails<K, R, V>, hash: u64, key: K) -> Self {
        Self {
            trails,
            hash,
            key,
            hand: None,
            is_over: false,
        }
    }

    pub(super) async fn drive(mut self) {
        loop {
            match self.trails.next(self.hash, &self.key) {
                Next::Wait(until) => self.wait(until).await,
                Next::Run(left) if matches!(left.work, Work::Async(_)) => self.poll(left).await,
                Next::Run(left) => return self.hand_over(left),
                Next::End => {
                    self.is_over = true;
                    return;
                }
            }
        }
    }

    /// Until then, or until somebody does not want to wait.
    async fn wait(&self, until: Instant) {
        let mut timer = pin!(rt::sleep_until(until));
        poll_fn(|cx| {
            if self.trails.is_called(&self.key, cx.waker()) {
                return Poll::Ready(());
            }
            timer.as_mut().poll(cx)
        })
        .await;
    }

    /// The flight of what was left, and the hand that it is in until then.
    fn landing(&mut self, left: Left<R>) -> (Landing<'static, K, R, V>, Hand<R>) {
        let Trails { slot, way, .. } = self.trails;
        let landing = Landing::new(slot, way(), self.hash, Some(self.key.clone()), None);
        let mut landing = landing.that_refreshes(Arc::default());
        landing.judged_by(left.is_error, left.share);
        if left.when == When::AtOnce {
            landing.force();
        }
        let hand = Arc::new(Mutex::new(Some(left)));
        self.hand = Some(Arc::clone(&hand));
        (landing, hand)
    }

    /// In this task.
    async fn poll(&mut self, left: Left<R>) {
        let (trails, hash, key) = (self.trails, self.hash, self.key.clone());
        let (landing, hand) = self.landing(left);
        let body = async move {
            match trails.begun(&hand) {
                Work::Async(body) => body.await,
                Work::Sync(body) => body(),
            }
        };
        {
            let mut call = pin!(trails.slot.flights.run_async(hash, key, landing, body));
            // Nobody waits for its panic; the hook has told of it.
            poll_fn(|cx| {
                let poll = || call.as_mut().poll(cx).map(drop);
                catch_unwind(AssertUnwindSafe(poll)).unwrap_or(Poll::Ready(()))
            })
            .await;
        }
        self.settle();
    }

    /// To a thread that may be blocked.
    fn hand_over(mut self, left: Left<R>) {
        let (landing, hand) = self.landing(left);
        background::run(move || {
            let (mut this, mut landing) = (self, landing);
            let (trails, key) = (this.trails, this.key.clone());
            let run = || {
                let body = || match trails.begun(&hand) {
                    Work::Sync(body) => body(),
                    Work::Async(body) => background::block_on(body),
                };
                drop(trails.slot.flights.run(this.hash, key, &mut landing, body));
            };
            let _ = catch_unwind(AssertUnwindSafe(run));
            this.settle();
            rt::spawn(this.drive());
        });
    }
}

impl<K: Key, R: 'static, V: Keepable> Driving<K, R, V> {
    /// Nothing is about to run any more.
    fn settle(&mut self) {
        let Some(hand) = self.hand.take() else {
            return;
        };
        match take(&hand) {
            Some(left) => self.trails.put_back(self.hash, &self.key, left),
            None => self.trails.ran(&self.key),
        }
    }
}

impl<K: Key, R, V: Keepable> Trails<K, R, V> {
    /// Whether what was left is to run now, or is gone; else `waker` is woken when it is.
    fn is_called(&self, key: &K, waker: &Waker) -> bool {
        let waker = waker.clone();
        let (is_called, before) = {
            let mut keys = self.lock();
            match keys.get_mut(key) {
                Some(trail) if trail.waits_for_its_time() => (false, trail.waker.replace(waker)),
                _ => (true, Some(waker)),
            }
        };
        drop(before);
        is_called
    }

    fn begun(&self, hand: &Hand<R>) -> Work<R> {
        self.count(Trailing::Ran);
        match take(hand) {
            Some(left) => left.work,
            // Only the body takes it, and runs once.
            None => resume_unwind(Box::new("a body that has run")),
        }
    }
}

impl<K: Key, R: 'static, V: Keepable> Drop for Driving<K, R, V> {
    fn drop(&mut self) {
        self.settle();
        if !self.is_over
            && let Some(trail) = self.trails.lock().get_mut(&self.key)
        {
            trail.is_driven = false;
        }
    }
}
