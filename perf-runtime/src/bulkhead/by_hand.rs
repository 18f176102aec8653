//! A bulkhead that is made by hand.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::builder::BulkheadBuilder;
use super::{Book, Core, Permit, SECTION, Settings};
use crate::held::Held;
use crate::rejected::Rejected;
use crate::rows::{ByHand, Rows};
use crate::snapshot::{Metric, Section};

static ROWS: Rows<Core> = Rows::new();

impl ByHand for Core {
    type Book = Book;
    const ATTRIBUTE: &'static str = "bulkhead";
    const SECTION: &'static Section = SECTION;

    fn book(op: &'static str) -> Book {
        Book::new(op)
    }

    fn metrics(book: &Book, living: &[Arc<Self>]) -> Vec<Metric> {
        let living: Vec<&Self> = living.iter().map(|core| &**core).collect();
        super::metrics(Some(book), &living)
    }

    fn reset(book: &Book, living: &[Arc<Self>]) {
        book.reset();
        for core in living {
            core.reset_peak();
        }
    }
}

/// A limit on how many do something at once: that of an annotated function (`export_bulkhead()` beside `export`), or one
/// without an attribute.
///
/// So many permits, and a queue of those who wait for one, which threads and futures share: first come, first served. A
/// permit is given back when it is dropped. Clones are handles to the same one; the report has a row for each name.
///
/// ```
/// use perfkit::Bulkhead;
///
/// let exports = Bulkhead::builder("doc: exports", 2).build()?;
///
/// let first = exports.try_acquire()?;
/// let second = exports.try_acquire()?;
/// assert!(exports.try_acquire().is_err());
///
/// drop(first);
/// assert!(exports.try_acquire().is_ok());
/// # drop(second);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Bulkhead(Held<Core>);

/// The right to go on; given back when it is dropped, in any thread.
#[must_use = "the permit is given back when this is dropped"]
pub struct BulkheadPermit(
    #[expect(dead_code, reason = "what counts is that it is dropped")] Permit<Held<Core>>,
);

impl Bulkhead {
    /// Begins a bulkhead of `max` permits; `name` is what the report calls it.
    pub fn builder(name: impl Into<String>, max: u32) -> BulkheadBuilder {
        BulkheadBuilder::new(name.into(), max)
    }

    pub(super) fn new(name: &str, settings: Settings) -> Self {
        let row = ROWS.row(name);
        let core = Arc::new(Core::new(&row.book, settings));
        row.add(&core);
        Self(Held::Shared(core))
    }

    pub(crate) const fn for_good(core: &'static Core) -> Self {
        Self(Held::ForGood(core))
    }

    /// A permit, if there is one and nobody waits for it. Never waits.
    ///
    /// # Errors
    /// When there is none.
    pub fn try_acquire(&self) -> Result<BulkheadPermit, Rejected> {
        Core::try_enter(self.0.clone()).map(BulkheadPermit)
    }

    /// A permit; blocks the thread until there is one, for [`wait`](BulkheadBuilder::wait) at most.
    ///
    /// ```
    /// use perfkit::Bulkhead;
    ///
    /// let printer = Bulkhead::builder("doc: printer", 1).queue(10).build()?;
    /// std::thread::scope(|scope| {
    ///     for page in 1..=3 {
    ///         let printer = &printer;
    ///         scope.spawn(move || {
    ///             let _permit = printer.acquire().expect("ten may wait");
    ///             println!("page {page}");
    ///         });
    ///     }
    /// });
    /// # Ok::<(), perfkit::BulkheadError>(())
    /// ```
    ///
    /// # Errors
    /// When the queue is full, at once; when it has waited for too long.
    pub fn acquire(&self) -> Result<BulkheadPermit, Rejected> {
        Core::enter(self.0.clone()).map(BulkheadPermit)
    }

    /// A permit; waits until there is one, for [`wait`](BulkheadBuilder::wait) at most. Takes part when it is first polled.
    ///
    /// Cancel safe: dropped while it waits, it leaves the queue; what it was granted goes to the next one. A future that is
    /// kept and not polled when its turn comes loses the permit to the next one after some 20 ms, and keeps its turn.
    ///
    /// ```
    /// use perfkit::Bulkhead;
    ///
    /// # async fn run(bulkhead: &Bulkhead) -> Result<(), perfkit::Rejected> {
    /// let permit = bulkhead.acquire_async().await?;
    /// // … what only so many may do at once
    /// drop(permit);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the queue is full, at once; when it has waited for too long.
    pub async fn acquire_async(&self) -> Result<BulkheadPermit, Rejected> {
        Core::enter_async(self.0.clone()).await.map(BulkheadPermit)
    }

    /// Runs `body` with a permit. A call of the same bulkhead from within `body` passes through where it would wait for
    /// permits that its own callers hold.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire); `body` is not run then.
    pub fn run<R>(&self, body: impl FnOnce() -> R) -> Result<R, Rejected> {
        let _permit = Core::enter(self.0.clone())?.here();
        Ok(body())
    }

    /// Awaits `body` with a permit; see [`run`](Self::run).
    ///
    /// # Errors
    /// As [`acquire_async`](Self::acquire_async); `body` is not polled then.
    pub async fn run_async<F: Future>(&self, body: F) -> Result<F::Output, Rejected> {
        let permit = Core::enter_async(self.0.clone()).await?;
        Ok(permit.around(body).await)
    }

    /// How many permits are in use.
    #[must_use]
    pub fn in_use(&self) -> u64 {
        self.0.permits.in_use()
    }

    /// How many wait for one.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.permits.waiting()
    }

    /// How many there are; see [`resize`](Self::resize).
    #[must_use]
    pub fn max(&self) -> u32 {
        self.0.permits.max()
    }

    /// How many may wait for one.
    #[must_use]
    pub fn queue(&self) -> usize {
        self.0.permits.places()
    }

    /// Changes how many permits there are: at least one, which zero is taken for, and 2,147,483,647 at most.
    ///
    /// New ones go at once to those who have waited longest. Of fewer than before none is taken from who has it: nobody gets in
    /// until so many have ended. [`in_use`](Self::in_use) is above `max` for so long. Who waits goes on waiting, for
    /// [`wait`](BulkheadBuilder::wait) in all. A call within a call goes through without a permit, as ever, where all
    /// that are left are held by its own callers. Of the bulkhead of a function it holds for the calls of the function.
    ///
    /// ```
    /// use perfkit::{Bulkhead, Rejected, bulkhead};
    ///
    /// let exports = Bulkhead::builder("doc: resized", 1).build()?;
    /// let first = exports.try_acquire()?;
    /// assert!(exports.try_acquire().is_err());
    /// exports.resize(2);
    /// let second = exports.try_acquire()?;
    ///
    /// exports.resize(1);
    /// drop(first);
    /// assert!(exports.try_acquire().is_err(), "one is in use, and one there is");
    /// drop(second);
    /// assert!(exports.try_acquire().is_ok());
    ///
    /// #[bulkhead(20)]
    /// fn export(month: u32) -> Result<u32, Rejected> {
    ///     Ok(month)
    /// }
    ///
    /// export_bulkhead().resize(5); // the machine behind it has lost a disk
    /// assert_eq!(export_bulkhead().max(), 5);
    /// # assert_eq!(export(1)?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resize(&self, max: u32) {
        Core::resize(&self.0, max);
    }

    /// Changes how many may wait for a permit. Those who wait already stay, also where they are more.
    ///
    /// The calls of a function whose attribute names no `queue` do not wait, whatever is said here: those who
    /// [acquire](Self::acquire) a permit of it by hand do.
    pub fn resize_queue(&self, places: u64) {
        let places = usize::try_from(places).unwrap_or(usize::MAX);
        self.0.permits.resize_queue(places);
    }

    /// What the report calls it; `other` where there were too many names.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.op
    }
}

impl fmt::Debug for Bulkhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulkhead")
            .field("name", &self.name())
            .field("max", &self.max())
            .field("in_use", &self.in_use())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for BulkheadPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkheadPermit").finish_non_exhaustive()
    }
}
