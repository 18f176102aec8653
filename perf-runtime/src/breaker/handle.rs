//! A breaker in the hands of a user.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref as _;
use std::sync::Arc;
use std::time::Duration;

use super::books::Count;
use super::builder::BreakerBuilder;
use super::report::ratio;
use super::settings::nanos;
use super::{BreakerPermit, BreakerState, Core, Fate};
use crate::held::Held;
use crate::parts::breaker::Phase;
use crate::parts::key::{Key, Lookup};
use crate::rejected::Rejected;

/// A circuit breaker: that of an annotated function (`charge_breaker()` beside `charge`), or one made by hand.
///
/// A handle is cheap to clone, and all of them are the same breaker.
///
/// ```
/// use perfkit::{Breaker, BreakerState, Rejected};
///
/// #[derive(Debug)]
/// enum PayError {
///     Declined,
///     Busy(Rejected),
/// }
///
/// impl From<Rejected> for PayError {
///     fn from(rejected: Rejected) -> Self {
///         Self::Busy(rejected)
///     }
/// }
///
/// let payments = Breaker::builder("handle: payments").threshold(2).build()?;
/// for _ in 0..2 {
///     let paid: Result<(), _> = payments.execute(|| Err(PayError::Declined));
///     assert!(matches!(paid, Err(PayError::Declined)));
/// }
/// assert_eq!(payments.state(), BreakerState::Open);
/// let paid = payments.execute(|| Ok(()));
/// assert!(matches!(paid, Err(PayError::Busy(_))));
/// # Ok::<(), perfkit::BreakerError>(())
/// ```
#[derive(Clone)]
pub struct Breaker(Held<Core>);

impl Breaker {
    pub(crate) const fn for_good(core: &'static Core) -> Self {
        Self(Held::ForGood(core))
    }

    pub(super) const fn shared(core: Arc<Core>) -> Self {
        Self(Held::Shared(core))
    }

    /// Makes one without a function. It has a row of its own in the report, and is found by
    /// [`get_breaker`](crate::get_breaker) while it is there.
    pub fn builder(name: impl Into<String>) -> BreakerBuilder {
        BreakerBuilder::new(name.into())
    }

    /// Its name in the report.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.op()
    }

    /// What it does with calls now. An open one whose time is over says so until the next call comes, which is a probe.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        BreakerState::of(self.0.machine.phase())
    }

    /// What it is now, and what it has counted since the last reset of the report.
    #[must_use]
    pub fn snapshot(&self) -> BreakerSnapshot {
        let now = self.0.time.now();
        let view = self.0.machine.view(now);
        let log = self.0.books.log(now);
        let of = |what| self.0.books.counted(what);
        BreakerSnapshot {
            state: BreakerState::of(view.phase),
            would_be: BreakerState::behind(view.phase),
            since: Duration::from_nanos(log.age(now)),
            next_probe_in: view.next_probe.map(Duration::from_nanos),
            recent_failures: view.failures,
            recent_calls: view.calls,
            failure_rate: ratio(view.failures, view.calls),
            slow_rate: ratio(view.slow, view.calls),
            opens: log.opened.iter().sum(),
            rejected: of(Count::Rejected),
            would_reject: of(Count::WouldReject),
            failures: of(Count::Failure),
            panics: of(Count::Panic),
            cancelled: of(Count::Cancelled),
            neutral: of(Count::Neutral),
            late: of(Count::Late),
            slow: of(Count::Slow),
            last_error: self.0.books.last_error(),
        }
    }

    /// Rejects every call, until [`reset`](Self::reset) or another of these is called.
    pub fn force_open(&self) {
        self.put(Phase::ForcedOpen);
    }

    /// Lets every call run and looks at none, until [`reset`](Self::reset) or another of these is called.
    pub fn disable(&self) {
        self.put(Phase::Disabled);
    }

    /// Rejects nobody from now on, but opens and closes as ever and counts what it would have rejected: the way to try a
    /// breaker out. It begins closed.
    pub fn observe(&self) {
        self.put(Phase::ObservedClosed);
    }

    /// Closes it, whatever it was, with an empty history; from now on it rejects when it is open.
    pub fn close(&self) {
        self.put(Phase::Closed);
        self.0.keys.forget_all();
    }

    /// Makes it what it was in the beginning: closed, unless its `mode` says otherwise, with an empty history. What it has
    /// counted stays.
    pub fn reset(&self) {
        self.put(self.0.mode.phase());
        self.0.keys.forget_all();
    }

    /// Opens it for this time, whatever it is; then it is half-open, as ever. For who knows of an outage before the calls
    /// do. `Duration::MAX` is until somebody says otherwise.
    pub fn trip(&self, time: Duration) {
        let change = self.0.machine.trip(self.0.time.now(), nanos(time));
        self.0.tell(change, false);
    }

    fn put(&self, phase: Phase) {
        let change = self.0.machine.put(phase);
        self.0.tell(change, false);
    }

    /// The right of one call to run, to be judged by hand.
    ///
    /// # Errors
    /// A breaker that is open, or half-open with all its probes out.
    ///
    /// ```
    /// use perfkit::Breaker;
    ///
    /// let payments = Breaker::builder("handle: by hand").build()?;
    /// match payments.admit() {
    ///     Ok(permit) => permit.succeeded(),
    ///     Err(rejected) => println!("{rejected}"),
    /// }
    /// # Ok::<(), perfkit::BreakerError>(())
    /// ```
    #[inline]
    pub fn admit(&self) -> Result<BreakerPermit<'_>, Rejected> {
        self.0.admit(self.0.start())
    }

    /// Calls it, unless the breaker is open. Every error counts as a failure; see [`admit`](Self::admit) for others.
    ///
    /// # Errors
    /// That of the call, and the rejection.
    #[inline]
    pub fn execute<T, E: From<Rejected>>(
        &self,
        call: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let permit = self.admit()?;
        let answer = call();
        match answer {
            Ok(_) => permit.succeeded(),
            Err(_) => permit.failed(),
        }
        answer
    }

    /// The same for a call that awaits. It begins when the future is polled; dropped before it has ended, it was cancelled.
    ///
    /// # Errors
    /// That of the call, and the rejection.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), perfkit::BreakerError> {
    /// let payments = perfkit::Breaker::builder("handle: async").build()?;
    /// let paid = payments.execute_async(async || Ok::<_, std::io::Error>(7)).await;
    /// assert_eq!(paid.ok(), Some(7));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn execute_async<T, E, F>(&self, call: impl FnOnce() -> F) -> Result<T, E>
    where
        E: From<Rejected>,
        F: Future<Output = Result<T, E>>,
    {
        let permit = self.admit()?;
        let answer = call().await;
        match answer {
            Ok(_) => permit.succeeded(),
            Err(_) => permit.failed(),
        }
        answer
    }

    /// The breaker of one key, where there is one for each: the key as `by = …` gives it, a reference or a small number.
    ///
    /// ```
    /// use perfkit::{Breaker, BreakerState};
    ///
    /// let regions = Breaker::builder("handle: regions").threshold(1).build()?;
    /// let _ = regions.of("eu").execute(|| Err::<(), _>(std::io::Error::other("down")));
    /// assert_eq!(regions.of("eu").state(), BreakerState::Open);
    /// assert_eq!(regions.of("us").state(), BreakerState::Closed);
    /// # Ok::<(), perfkit::BreakerError>(())
    /// ```
    pub fn of<K: Key, L: Lookup<K>>(&self, key: L) -> BreakerKey<'_, K, L> {
        BreakerKey {
            core: &self.0,
            lookup: key,
            of: PhantomData,
        }
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.deref().fmt(f)
    }
}

/// The breaker of one key; see [`Breaker::of`].
///
/// Each method that takes it by value asks for one call or one change.
pub struct BreakerKey<'b, K, L> {
    core: &'b Core,
    lookup: L,
    of: PhantomData<fn(K)>,
}

impl<K: Key, L: Lookup<K>> BreakerKey<'_, K, L> {
    /// What it does with calls of this key now.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        let whole = BreakerState::of(self.core.machine.phase());
        if whole != BreakerState::Closed {
            return whole;
        }
        let keys = self.core.keys::<K>();
        let view = keys.view(&self.lookup, self.core.time.now());
        view.map_or(whole, |view| BreakerState::of(view.phase))
    }

    /// Forgets what counts against the key: its calls run.
    pub fn reset(&self) {
        if let Some(change) = self.core.keys::<K>().forget(&self.lookup) {
            self.core.tell(change, true);
        }
    }

    /// Opens it for this time; false when as many keys are open as there may be.
    pub fn trip(&self, time: Duration) -> bool {
        let (keys, now) = (self.core.keys::<K>(), self.core.time.now());
        let change = keys.trip(&self.lookup, now, nanos(time));
        if let Some(change) = change {
            self.core.tell(change, true);
        }
        change.is_some()
    }

    /// Calls it, unless the breaker of the key is open. Every error counts as a failure.
    ///
    /// # Errors
    /// That of the call, and the rejection.
    pub fn execute<T, E: From<Rejected>>(
        self,
        call: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let permit = self.core.admit_key(self.lookup, self.core.start())?;
        let answer = call();
        permit.end(fate(&answer));
        answer
    }

    /// The same for a call that awaits.
    ///
    /// # Errors
    /// That of the call, and the rejection.
    pub async fn execute_async<T, E, F>(self, call: impl FnOnce() -> F) -> Result<T, E>
    where
        E: From<Rejected>,
        F: Future<Output = Result<T, E>>,
    {
        let permit = self.core.admit_key(self.lookup, self.core.start())?;
        let answer = call().await;
        permit.end(fate(&answer));
        answer
    }
}

const fn fate<T, E>(answer: &Result<T, E>) -> Fate {
    match answer {
        Ok(_) => Fate::Success,
        Err(_) => Fate::Failure,
    }
}

impl<K, L> fmt::Debug for BreakerKey<'_, K, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerKey")
            .field("of", self.core)
            .finish_non_exhaustive()
    }
}

/// What a breaker is at one time; see [`Breaker::snapshot`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BreakerSnapshot {
    /// What it does with calls.
    pub state: BreakerState,
    /// What it would do if it were not observed; else the state.
    pub would_be: BreakerState,
    /// How long it has been that.
    pub since: Duration,
    /// Until an open breaker lets a call through. Nothing where that is not known.
    pub next_probe_in: Option<Duration>,
    /// Failures in a row, or in its window.
    pub recent_failures: u64,
    /// Calls in its window; 0 where it has none.
    pub recent_calls: u64,
    /// Share of failures in its window, 0 to 1.
    pub failure_rate: Option<f64>,
    /// Share of slow calls in its window, 0 to 1.
    pub slow_rate: Option<f64>,
    /// How often it was opened, its keys included.
    pub opens: u64,
    /// Calls that were rejected.
    pub rejected: u64,
    /// Calls that would have been, while it was observed.
    pub would_reject: u64,
    /// Calls whose answer was a failure.
    pub failures: u64,
    /// Calls that panicked.
    pub panics: u64,
    /// Calls that were cancelled.
    pub cancelled: u64,
    /// Calls that said nothing.
    pub neutral: u64,
    /// Calls that ended in another state than they began in, and changed nothing.
    pub late: u64,
    /// Slow calls.
    pub slow: u64,
    /// What the last failure said, up to some 240 bytes: of a function with the option `last_error`, of a permit that
    /// [`failed_with`](BreakerPermit::failed_with) something, or of a timeout further in. Nothing where there was none since
    /// the last reset of the report.
    pub last_error: Option<String>,
}
