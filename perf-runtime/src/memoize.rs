//! `memoize`: a pure function that keeps its answers, without an attribute and without a name.
//!
//! A store around a function. It has no site and no row in the report, no expiry and no flight: whoever asks for an
//! answer that is not there makes it, also when another does already, which is right for a pure function and cannot
//! hang, however it recurses. The function runs outside all locks.

use std::fmt;
use std::sync::Arc;

use crate::kept::Keepable;
use crate::parts::key::{Key, Lookup};
use crate::parts::store::{Lifetime, Limits, Store};

/// As many answers are kept unless another number is asked for; the same as `#[memoized]` keeps.
const MAX_SIZE: u64 = 100_000;

/// Nothing expires, so it is always the same time.
const NOW: u64 = 0;

/// Keeps the answers of a pure function.
///
/// The argument is the key; several are a tuple. At most 100,000 answers are kept, and the most useful stay; see
/// [`max_size`](Memoized::max_size) and [`unbounded`](Memoized::unbounded). What is found is cloned: return large
/// answers in an `Arc`.
///
/// Handles can be cloned and shared by threads; finding an answer takes no lock. Two threads that miss the same answer at
/// the same time both compute it. When `f` panics nothing is kept, and the next call runs it again.
///
/// For a function that has a name, `#[memoized]` does the same, and its numbers are in the report.
///
/// ```
/// let area = perfkit::memoize(|(width, height): (u64, u64)| width * height);
/// assert_eq!(area.call((3, 4)), 12);
/// assert_eq!(area.call((3, 4)), 12); // found
/// assert_eq!(area.len(), 1);
/// ```
///
/// Text and slices are looked for as they are; the argument is made of them on a miss alone:
///
/// ```
/// let shout = perfkit::memoize(|text: String| text.to_uppercase());
/// assert_eq!(shout.call_ref("hello"), "HELLO");
/// ```
pub fn memoize<K, V, F>(f: F) -> Memoized<K, V>
where
    K: Key + Clone,
    V: Keepable,
    F: Fn(K) -> V + Send + Sync + 'static,
{
    Memoized::recursive(move |_, argument| f(argument))
}

/// A function that keeps its answers; made by [`memoize()`]. Clones are handles to the same one.
#[must_use = "it runs when it is called"]
pub struct Memoized<K, V> {
    store: Arc<Store<K, V>>,
    function: Arc<Function<K, V>>,
}

type Function<K, V> = dyn Fn(&Memoized<K, V>, K) -> V + Send + Sync;

impl<K: Key + Clone, V: Keepable> Memoized<K, V> {
    /// Keeps the answers of a function that calls itself, through the handle that it is given.
    ///
    /// The depth is that of the plain function, and bounded by the stack.
    ///
    /// ```
    /// let fib = perfkit::Memoized::recursive(|fib, n: u64| match n {
    ///     0 | 1 => n,
    ///     _ => fib.call(n - 1) + fib.call(n - 2),
    /// });
    /// assert_eq!(fib.call(90), 2_880_067_194_370_816_120);
    /// ```
    pub fn recursive<F>(f: F) -> Self
    where
        F: Fn(&Self, K) -> V + Send + Sync + 'static,
    {
        Self {
            store: store(Some(MAX_SIZE)),
            function: Arc::new(f),
        }
    }

    /// Keeps at most so many answers, and at least one. Default: 100,000.
    ///
    /// Begins anew: what was kept before stays with the clones made before.
    pub fn max_size(self, answers: usize) -> Self {
        let answers = u64::try_from(answers).unwrap_or(u64::MAX);
        Self {
            store: store(Some(answers.max(1))),
            ..self
        }
    }

    /// Keeps all answers, as long as there is memory: for arguments that are known to be few. Begins anew, as
    /// [`max_size`](Self::max_size) does.
    pub fn unbounded(self) -> Self {
        Self {
            store: store(None),
            ..self
        }
    }

    /// The answer: a clone of the one that is kept, else what the function gives.
    pub fn call(&self, argument: K) -> V {
        let hash = self.store.hash(&&argument);
        self.found(hash, &&argument)
            .unwrap_or_else(|| self.run(hash, argument))
    }

    /// The same for a borrowed form of the argument: `&str` for a `String`, a slice for a `Vec`, `&K` for any.
    ///
    /// Allocates nothing when the answer is found.
    pub fn call_ref<Q>(&self, argument: &Q) -> V
    where
        Q: ToOwned<Owned = K> + std::hash::Hash + Eq + ?Sized,
    {
        let hash = self.store.hash(&argument);
        self.found(hash, &argument)
            .unwrap_or_else(|| self.run(hash, argument.to_owned()))
    }

    /// How many answers are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.store.entries()).unwrap_or(usize::MAX)
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all answers.
    pub fn clear(&self) {
        drop(self.store.clear(NOW));
    }

    fn found(&self, hash: u64, argument: &impl Lookup<K>) -> Option<V> {
        self.store
            .read(hash, argument, NOW, |entry| entry.value().clone())
    }

    fn run(&self, hash: u64, argument: K) -> V {
        let answer = (self.function)(self, argument.clone());
        let kept = answer.clone();
        drop(
            self.store
                .insert(hash, argument, kept, 0, Lifetime::FOREVER, NOW),
        );
        answer
    }
}

fn store<K: Key, V: Keepable>(entries: Option<u64>) -> Arc<Store<K, V>> {
    let limits = Limits {
        entries,
        weight: None,
    };
    Arc::new(Store::new(limits, None))
}

impl<K, V> Clone for Memoized<K, V> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            function: Arc::clone(&self.function),
        }
    }
}

impl<K: Key + Clone, V: Keepable> fmt::Debug for Memoized<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memoized")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
