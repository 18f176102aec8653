//! A call of a function that runs once more: its answer, and what it leaves.

use std::future::Future;

use super::{Left, Trails, When, Work};
use crate::cache::future::{Begun, Loading};
use crate::cache::looked::Looked;
use crate::kept::{Keepable, Share};
use crate::parts::key::Key;

/// What a call has found.
pub struct Trailed<K, R, V>
where
    K: Key + Clone,
    R: Send + 'static,
    V: Keepable,
{
    looked: Looked<'static, K, R, V>,
    /// Of a call that has found nothing.
    ticket: Option<Ticket<K, R, V>>,
}

/// The way of a call to leave its work, which is run when the function may run again, unless a later call runs before that.
pub struct Leave<K: Key, R: 'static, V: Keepable> {
    trails: &'static Trails<K, R, V>,
    number: u64,
    hash: u64,
    key: K,
    /// Whether it is known that the call itself does not run.
    is_sure: bool,
}

/// What a call has found, and what it does where it does not run.
pub(crate) type TrailedOrLeft<K, R, V> = (Trailed<K, R, V>, Option<Leave<K, R, V>>);

/// A call that may run itself. Dropped without that, another one ran for it, or it was cancelled.
struct Ticket<K, R, V>
where
    K: Key + Clone,
    R: Send + 'static,
    V: Keepable,
{
    trails: &'static Trails<K, R, V>,
    number: u64,
    hash: u64,
    key: K,
    runs: bool,
}

pub(super) fn begin<K, R, V>(
    trails: &'static Trails<K, R, V>,
    number: u64,
    hash: u64,
    key: K,
    looked: Looked<'static, K, R, V>,
) -> TrailedOrLeft<K, R, V>
where
    K: Key + Clone,
    R: Send + 'static,
    V: Keepable,
{
    let ticket = matches!(looked, Looked::Missing(_)).then(|| Ticket {
        trails,
        number,
        hash,
        key: key.clone(),
        runs: false,
    });
    let leave = Leave {
        trails,
        number,
        hash,
        key,
        is_sure: ticket.is_none(),
    };
    (Trailed { looked, ticket }, Some(leave))
}

impl<K, R, V> Trailed<K, R, V>
where
    K: Key + Clone,
    R: Send + 'static,
    V: Keepable,
{
    /// The answer; see [`Looked::or_load`].
    pub fn or_load(
        self,
        is_error: fn(&R) -> bool,
        share: Option<Share<R>>,
        body: impl FnOnce() -> R,
    ) -> R {
        let Self { looked, ticket } = self;
        looked.or_load(is_error, share, move || {
            runs(ticket);
            body()
        })
    }

    /// The same for a body that is a future.
    pub fn or_load_async<F: Future<Output = R>>(
        self,
        is_error: fn(&R) -> bool,
        share: Option<Share<R>>,
        body: F,
    ) -> Begun<R, Loading<'static, K, R, V, impl Future<Output = R>>> {
        let Self { looked, ticket } = self;
        looked.or_load_async(is_error, share, async move {
            runs(ticket);
            body.await
        })
    }
}

fn runs<K, R, V>(ticket: Option<Ticket<K, R, V>>)
where
    K: Key + Clone,
    R: Send + 'static,
    V: Keepable,
{
    if let Some(mut ticket) = ticket {
        ticket.runs = true;
        ticket.trails.begins(&ticket.key, ticket.number);
    }
}

impl<K, R, V> Drop for Ticket<K, R, V>
where
    K: Key + Clone,
    R: Send + 'static,
    V: Keepable,
{
    fn drop(&mut self) {
        if !self.runs {
            self.trails.drive(self.hash, &self.key);
        }
    }
}

impl<K, R, V> Leave<K, R, V>
where
    K: Key + Clone,
    R: Send + 'static,
    V: Keepable,
{
    /// Leaves a body that may block.
    pub fn start(
        self,
        is_error: fn(&R) -> bool,
        share: Option<Share<R>>,
        body: impl FnOnce() -> R + Send + 'static,
    ) {
        self.leave(is_error, share, Work::Sync(Box::new(body)));
    }

    /// Leaves a body that is polled.
    pub fn start_async<F>(self, is_error: fn(&R) -> bool, share: Option<Share<R>>, body: F)
    where
        F: Future<Output = R> + Send + 'static,
    {
        self.leave(is_error, share, Work::Async(Box::pin(body)));
    }

    fn leave(self, is_error: fn(&R) -> bool, share: Option<Share<R>>, work: Work<R>) {
        let Self {
            trails,
            number,
            hash,
            key,
            is_sure,
        } = self;
        let left = Left {
            number,
            when: When::InTime,
            work,
            is_error,
            share,
        };
        if is_sure {
            trails.leave(hash, key.clone(), left);
            trails.drive(hash, &key);
        } else {
            // Whoever runs for it has not begun, or is not over: the ticket sees to the rest.
            trails.leave(hash, key, left);
        }
    }
}
