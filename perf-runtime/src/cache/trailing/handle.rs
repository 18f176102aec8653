//! `save_throttle()` beside `save`: what calls have left, in the hands of a user.

use std::any::type_name;
use std::fmt;
use std::sync::Arc;
use std::task::Waker;

use super::all::AllTrails;
use super::{Trail, Trailing, Trails, When};
use crate::beside::{self, Named};
use crate::kept::Keepable;
use crate::parts::key::{Key, Lookup};
use crate::rt;

/// The calls of a function with `#[throttled(…, trailing)]` that wait for their run: `save_throttle()` beside `save`.
///
/// One call waits at most, or one of each key, the last: its caller has the last answer already. A handle is cheap to clone;
/// that of a generic function is that of one instance of it.
///
/// ```
/// use std::sync::Mutex;
///
/// use perfkit::throttled;
///
/// static DISK: Mutex<String> = Mutex::new(String::new());
///
/// #[throttled("10m", trailing)]
/// async fn save(text: String) {
///     *DISK.lock().unwrap() = text;
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// save("a".to_owned()).await; // runs
/// save("ab".to_owned()).await; // does not
/// save("abc".to_owned()).await; // waits in the place of that
/// assert_eq!(save_throttle().pending(), 1);
///
/// save_throttle().flush(); // the window is about to be closed
/// tokio::task::yield_now().await;
/// assert_eq!(*DISK.lock().unwrap(), "abc");
///
/// save("abcd".to_owned()).await;
/// save_throttle().cancel(); // the document is thrown away
/// assert_eq!(save_throttle().pending(), 0);
/// # }
/// ```
#[derive(Clone)]
pub struct Throttle {
    all: &'static AllTrails,
    /// The name of the instance.
    instance: Arc<str>,
}

impl Throttle {
    /// Runs what waits now. Gives for how many keys something did, and does nothing where nothing does.
    ///
    /// It runs where it would have run in its time, in the background: this does not wait for it. Where another call runs
    /// just now, it runs when that is over. A call that comes before the run has begun takes its place. The time after
    /// which the function runs again begins with this run.
    #[expect(clippy::must_use_candidate, reason = "the number is by the way")]
    pub fn flush(&self) -> usize {
        let all = self.all.named(&self.instance);
        all.iter().map(|waiting| waiting.flush()).sum()
    }

    /// Drops what waits, with its arguments: it does not run. Gives how many calls these were.
    ///
    /// A run that has begun is not stopped. The next call does not run sooner for it.
    #[expect(clippy::must_use_candidate, reason = "the number is by the way")]
    pub fn cancel(&self) -> usize {
        let all = self.all.named(&self.instance);
        all.iter().map(|waiting| waiting.cancel()).sum()
    }

    /// For how many keys a call waits; without `by`, one is all there is.
    #[must_use]
    pub fn pending(&self) -> usize {
        let all = self.all.named(&self.instance);
        all.iter().map(|waiting| waiting.pending()).sum()
    }

    /// The call of one key, where each is throttled apart: the key as `by = …` gives it, a reference or a small number.
    ///
    /// ```
    /// use perfkit::throttled;
    ///
    /// #[throttled("10m", trailing, by = document)]
    /// async fn save(document: &'static str, text: String) {
    ///     println!("{document}: {text}");
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// for document in ["ode", "poem"] {
    ///     save(document, "a".to_owned()).await;
    ///     save(document, "ab".to_owned()).await;
    /// }
    /// assert_eq!(save_throttle().pending(), 2);
    /// assert_eq!(save_throttle().of("ode").cancel(), 1);
    /// assert_eq!(save_throttle().of("poem").flush(), 1);
    /// # }
    /// ```
    #[expect(
        clippy::needless_pass_by_value,
        reason = "keys are handed over as they are to a breaker, too"
    )]
    pub fn of<K: Key, L: Lookup<K>>(&self, key: L) -> ThrottleKey<'_, K> {
        ThrottleKey {
            throttle: self,
            key: key.to_key(),
        }
    }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle")
            .field("name", &self.all.op())
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}

/// The call of one key that waits; see [`Throttle::of`].
pub struct ThrottleKey<'t, K> {
    throttle: &'t Throttle,
    key: K,
}

impl<K: Key> ThrottleKey<'_, K> {
    /// Runs now what waits under the key; see [`Throttle::flush`].
    pub fn flush(&self) -> usize {
        self.waiting().iter().map(|of| of.flush(&self.key)).sum()
    }

    /// Drops what waits under the key; see [`Throttle::cancel`].
    pub fn cancel(&self) -> usize {
        self.waiting().iter().map(|of| of.cancel(&self.key)).sum()
    }

    /// Whether a call of the key waits: 1, else 0.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.waiting().iter().map(|of| of.pending(&self.key)).sum()
    }

    fn waiting(&self) -> Vec<&'static dyn WaitingOf<K>> {
        let Throttle { all, instance } = self.throttle;
        all.named_by_key(instance)
    }
}

impl<K> fmt::Debug for ThrottleKey<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleKey")
            .field("of", self.throttle)
            .finish_non_exhaustive()
    }
}

/// What waits of one instance, whatever its keys and answers are.
pub(super) trait Waiting: Send + Sync {
    fn flush(&'static self) -> usize;
    fn cancel(&self) -> usize;
    fn pending(&self) -> usize;
}

/// The same of one key.
pub(super) trait WaitingOf<K>: Send + Sync {
    fn flush(&'static self, key: &K) -> usize;
    fn cancel(&self, key: &K) -> usize;
    fn pending(&self, key: &K) -> usize;
}

impl<K, R, V> Waiting for Trails<K, R, V>
where
    K: Key + Clone,
    R: Send + 'static,
    V: Keepable,
{
    fn flush(&'static self) -> usize {
        // What comes after this is not meant, so the keys are asked for once.
        let left = |(key, trail): (&Arc<K>, &Trail<R>)| trail.left.is_some().then(|| key.clone());
        let keys: Vec<Arc<K>> = self.lock().iter().filter_map(left).collect();
        keys.iter().map(|key| self.flush_key(key)).sum()
    }

    fn cancel(&self) -> usize {
        let mut gone = Vec::new();
        for trail in self.lock().values_mut() {
            gone.extend(trail.withdraw());
        }
        self.are_gone(gone)
    }

    fn pending(&self) -> usize {
        let keys = self.lock();
        keys.values().filter(|trail| trail.left.is_some()).count()
    }
}

impl<K, R, V> WaitingOf<K> for Trails<K, R, V>
where
    K: Key + Clone,
    R: Send + 'static,
    V: Keepable,
{
    fn flush(&'static self, key: &K) -> usize {
        self.flush_key(key)
    }

    fn cancel(&self, key: &K) -> usize {
        let gone = self.lock().get_mut(key).and_then(Trail::withdraw);
        self.are_gone(gone.into_iter().collect())
    }

    fn pending(&self, key: &K) -> usize {
        let keys = self.lock();
        usize::from(keys.get(key).is_some_and(|trail| trail.left.is_some()))
    }
}

/// What was left and will not run, and what wakes the task that waits with it.
type Gone<R> = (super::Left<R>, Option<Waker>);

impl<R> Trail<R> {
    /// What was left is to run at once.
    fn call(&mut self) -> Option<(u64, Option<Waker>)> {
        self.left.as_mut()?.when = When::AtOnce;
        Some((self.hash, self.waker.take()))
    }

    fn withdraw(&mut self) -> Option<Gone<R>> {
        Some((self.left.take()?, self.waker.take()))
    }
}

impl<K: Key, R, V: Keepable> Trails<K, R, V> {
    /// The tasks forget the keys.
    fn are_gone(&self, gone: Vec<Gone<R>>) -> usize {
        let count = gone.len();
        let (left, wakers): (Vec<_>, Vec<_>) = gone.into_iter().unzip();
        for _ in &left {
            self.count(Trailing::Cancelled);
        }
        rt::wake_all(wakers.into_iter().flatten());
        // Last, because what a user drops may panic.
        drop(left);
        count
    }
}

impl<K, R, V> Trails<K, R, V>
where
    K: Key + Clone,
    R: Send + 'static,
    V: Keepable,
{
    fn flush_key(&'static self, key: &K) -> usize {
        let called = self.lock().get_mut(key).and_then(Trail::call);
        let Some((hash, waker)) = called else {
            return 0;
        };
        rt::wake_all(waker);
        // Nobody waits with it where its runtime has been shut down, or where another call runs, which it joins.
        self.drive(hash, key);
        1
    }
}

/// The static of a handle.
pub struct Beside(beside::Beside<AllTrails>);

impl Beside {
    /// The handle of `named`.
    #[must_use]
    pub const fn new(named: Named, nothing: fn()) -> Self {
        Self(beside::Beside::new(named, nothing))
    }

    /// The calls that wait of the function's instance that has the name of the handle's instance that `_instance` is a closure
    /// of.
    pub fn throttle<I: FnOnce() + 'static>(&'static self, _instance: I) -> Throttle {
        Throttle {
            all: self.0.core(),
            instance: self.0.instance(type_name::<I>()).into(),
        }
    }
}
