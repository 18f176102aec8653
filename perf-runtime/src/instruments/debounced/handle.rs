//! `search_debounce()` beside `search`: bursts in the hands of a user.

use std::any::{Any, type_name};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::GiveOptions;
use super::core::Core;
use crate::beside::{self, Named};
use crate::parts::key::{Key, Lookup};
use crate::rejected::{FromRejected, Rejected, rejected};

/// The calls of a `#[debounced]` function that wait for their burst to be over: `search_debounce()` beside `search`.
///
/// `A` is what the function answers with. A handle is cheap to clone; that of a generic function is that of one instance of it.
///
/// ```
/// use perfkit::{Reason, Rejected, debounced};
///
/// #[debounced("10m")]
/// async fn save(text: String) -> Result<usize, Rejected> {
///     Ok(text.len()) // writes it to a disk
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let calls = ["a", "ab"].map(|text| tokio::spawn(save(text.to_owned())));
/// tokio::task::yield_now().await;
/// assert_eq!(save_debounce().pending(), 2);
/// save_debounce().flush(); // the window is about to be closed
/// for call in calls {
///     assert_eq!(call.await??, 2);
/// }
///
/// let call = tokio::spawn(save("abc".to_owned()));
/// tokio::task::yield_now().await;
/// save_debounce().cancel(); // the document is thrown away
/// assert_eq!(call.await?.unwrap_err().reason(), Reason::Cancelled);
/// # Ok(())
/// # }
/// ```
pub struct Debounce<A> {
    core: &'static Core,
    /// The name of the instance.
    instance: Arc<str>,
    answer: PhantomData<fn() -> A>,
}

impl<A> Debounce<A> {
    /// Ends the bursts that go on, now: of each, the last of the calls that are still there runs, and the others get its
    /// answer. Gives how many calls waited, and does nothing where none does.
    ///
    /// Bodies run in the tasks of their callers, so this does not wait for them: they are woken. A call that comes before the
    /// run has begun is the last one then. Runs that have begun are left alone. Where there was no room for the key of a call,
    /// it is not reached, and neither by the others here: it waits for itself.
    #[expect(clippy::must_use_candidate, reason = "the number is by the way")]
    pub fn flush(&self) -> usize {
        self.all().iter().map(|bursts| bursts.flush()).sum()
    }

    /// Takes the calls back that wait: none of them runs, and each answers with a [`Rejected`] in the error of the function,
    /// whose reason is [`Reason::Cancelled`](crate::Reason::Cancelled). Gives how many they were.
    ///
    /// The next call begins a new burst. Runs that have begun are not stopped, and who waits for them gets their answer. To
    /// policies further out it is a rejection, which they neither count nor repeat.
    ///
    /// It can only be called where the answer can say it: a `Result` whose error is `From<Rejected>`, or an `Option`.
    ///
    /// ```compile_fail,E0277
    /// #[perfkit::debounced("200ms")]
    /// async fn count(words: Vec<String>) -> usize {
    ///     words.len()
    /// }
    ///
    /// count_debounce().cancel(); // a call of `count` has no answer then
    /// ```
    #[expect(clippy::must_use_candidate, reason = "the number is by the way")]
    pub fn cancel(&self) -> usize
    where
        A: Cancellable,
    {
        let (rejected, make) = (self.rejected(), make::<A>());
        let all = self.all();
        all.iter()
            .map(|bursts| bursts.cancel(rejected, &make))
            .sum()
    }

    /// How many calls wait for their burst to be over, of all keys.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.all().iter().map(|bursts| bursts.waiting()).sum()
    }

    /// The burst of one key, where each has its own: the key as `by = …` gives it, a reference or a small number.
    ///
    /// ```
    /// use perfkit::{Rejected, debounced};
    ///
    /// #[debounced("10m", by = document)]
    /// async fn save(document: &str, text: String) -> Result<usize, Rejected> {
    ///     Ok(document.len() + text.len())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let ode = tokio::spawn(save("ode", "to joy".to_owned()));
    /// let poem = tokio::spawn(save("poem", "of roses".to_owned()));
    /// tokio::task::yield_now().await;
    /// assert_eq!(save_debounce().of("ode").flush(), 1);
    /// assert_eq!(ode.await??, 9);
    /// assert_eq!(save_debounce().of("poem").pending(), 1);
    /// # poem.abort();
    /// # Ok(())
    /// # }
    /// ```
    #[expect(
        clippy::needless_pass_by_value,
        reason = "keys are handed over as they are to a breaker, too"
    )]
    pub fn of<K: Key, L: Lookup<K>>(&self, key: L) -> DebounceKey<'_, A, K> {
        DebounceKey {
            all: self,
            key: key.to_key(),
        }
    }

    fn all(&self) -> Vec<&'static dyn super::core::Bursts> {
        self.core.named(&self.instance)
    }

    fn rejected(&self) -> Rejected {
        Rejected::cancelled(self.core.op)
    }
}

/// An answer that a call can have which was taken back.
///
/// Not for users to implement: implement `From<Rejected>` for the error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot say that a call was taken back",
    label = "a call that is cancelled has no answer of this type",
    note = "let the function return a `Result` whose error implements `From<perfkit::Rejected>`, or an `Option`",
    note = "or drop the calls that wait: who is dropped leaves the burst, and with the last of them nothing runs"
)]
pub trait Cancellable: FromRejected + 'static {}

// Else the compiler would speak of what other policies offer besides.
#[diagnostic::do_not_recommend]
impl<A: FromRejected + 'static> Cancellable for A {}

/// What makes an answer of a rejection.
fn make<A: Cancellable>() -> fn(Rejected) -> A {
    rejected::<A>
}

impl<A> Clone for Debounce<A> {
    fn clone(&self) -> Self {
        Self {
            core: self.core,
            instance: Arc::clone(&self.instance),
            answer: PhantomData,
        }
    }
}

impl<A> fmt::Debug for Debounce<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Debounce")
            .field("name", &self.core.op)
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}

/// The calls of one key; see [`Debounce::of`].
pub struct DebounceKey<'d, A, K> {
    all: &'d Debounce<A>,
    key: K,
}

impl<A, K: Key> DebounceKey<'_, A, K> {
    /// Ends the burst of the key now; see [`Debounce::flush`].
    pub fn flush(&self) -> usize {
        self.bursts().iter().map(|of| of.flush(&self.key)).sum()
    }

    /// Takes the calls of the key back that wait; see [`Debounce::cancel`].
    pub fn cancel(&self) -> usize
    where
        A: Cancellable,
    {
        let (rejected, make) = (self.all.rejected(), make::<A>());
        let cancel = |of: &&'static dyn super::core::BurstsOf<K>| {
            let make: &dyn Any = &make;
            of.cancel(&self.key, rejected, make)
        };
        self.bursts().iter().map(cancel).sum()
    }

    /// How many calls of the key wait for their burst to be over.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.bursts().iter().map(|of| of.waiting(&self.key)).sum()
    }

    fn bursts(&self) -> Vec<&'static dyn super::core::BurstsOf<K>> {
        self.all.core.named_by_key(&self.all.instance)
    }
}

impl<A, K> fmt::Debug for DebounceKey<'_, A, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DebounceKey")
            .field("of", self.all)
            .finish_non_exhaustive()
    }
}

/// The static of a handle.
pub struct Beside(beside::Beside<Core>);

impl Beside {
    /// The handle of `named`.
    #[must_use]
    pub const fn new(named: Named, options: GiveOptions) -> Self {
        Self(beside::Beside::new(named, options))
    }

    /// The bursts of the function's instance that has the name of the handle's instance that `_instance` is a closure of.
    pub fn debounce<A, I: FnOnce() + 'static>(&'static self, _instance: I) -> Debounce<A> {
        Debounce {
            core: self.0.core(),
            instance: self.0.instance(type_name::<I>()).into(),
            answer: PhantomData,
        }
    }
}
