//! A limit that is made by hand.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use super::builder::RateLimiterBuilder;
use super::{Book, ByKey, Core, SECTION};
use crate::clock::Start;
use crate::held::Held;
use crate::rejected::Rejected;
use crate::rows::{ByHand, Rows};
use crate::snapshot::{Metric, Section};

static ROWS: Rows<Core> = Rows::new();

impl ByHand for Core {
    type Book = Book;
    const ATTRIBUTE: &'static str = "rate_limiter";
    const SECTION: &'static Section = SECTION;

    fn book(op: &'static str) -> Book {
        Book::new(op)
    }

    fn metrics(book: &Book, living: &[Arc<Self>]) -> Vec<Metric> {
        let living: Vec<&Self> = living.iter().map(|core| &**core).collect();
        super::metrics(Some(book), &living)
    }

    fn reset(book: &Book, _: &[Arc<Self>]) {
        book.reset();
    }
}

/// A limit on how often something happens: that of an annotated function (`send_limiter()` beside `send`), or one without an
/// attribute.
///
/// A bucket of tokens (the generic cell rate algorithm): `burst` of them at once, and `rate` of them in the long run. Over
/// any length of time no more than `burst + rate × length` are given. Clones are handles to the same limit; the report has
/// a row for each name.
///
/// ```
/// use std::time::Duration;
///
/// use perfkit::{Clock, RateLimiter};
///
/// static CLOCK: Clock = Clock::manual();
///
/// let mails = RateLimiter::builder("doc: mails")
///     .rate(10, Duration::from_secs(1))
///     .burst(2)
///     .clock(&CLOCK) // for tests; leave it out otherwise
///     .build()?;
///
/// assert!(mails.try_acquire().is_ok());
/// assert!(mails.try_acquire().is_ok());
/// let rejected = mails.try_acquire().unwrap_err();
/// assert_eq!(rejected.retry_after(), Some(Duration::from_millis(100)));
///
/// CLOCK.advance(Duration::from_millis(100));
/// assert!(mails.try_acquire().is_ok());
/// # Ok::<(), perfkit::RateLimiterError>(())
/// ```
#[derive(Clone)]
pub struct RateLimiter(Held<Core>);

impl RateLimiter {
    /// Begins a limit; `name` is what the report calls it.
    pub fn builder(name: impl Into<String>) -> RateLimiterBuilder {
        RateLimiterBuilder::new(name.into())
    }

    pub(super) fn new(name: &str, settings: super::Settings) -> Self {
        let row = ROWS.row(name);
        let core = Arc::new(Core::new(&row.book, settings, true));
        row.add(&core);
        Self(Held::Shared(core))
    }

    pub(crate) const fn for_good(core: &'static Core) -> Self {
        Self(Held::ForGood(core))
    }

    /// One token, if there is one. Never waits.
    ///
    /// # Errors
    /// When there is none; [`Rejected::retry_after`] says after which time there is, if nobody else takes it.
    pub fn try_acquire(&self) -> Result<(), Rejected> {
        self.0.take_now(1, None)
    }

    /// So many tokens at once, or none.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire). More than the burst there never are: `retry_after` is then `None`.
    pub fn try_acquire_many(&self, tokens: u32) -> Result<(), Rejected> {
        self.0.take_now(tokens, None)
    }

    /// One token of the bucket of `key`: each key has a rate of its own.
    ///
    /// Only a hash of the key is kept, with a seed that differs in each program. There is room for
    /// [`max_keys`](RateLimiterBuilder::max_keys); keys whose bucket is full again make room, and those that find none
    /// share one bucket.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use perfkit::RateLimiter;
    ///
    /// let logins = RateLimiter::builder("doc: logins")
    ///     .rate(5, Duration::from_secs(60))
    ///     .build()?;
    /// for _ in 0..5 {
    ///     assert!(logins.try_acquire_for("ada").is_ok());
    /// }
    /// assert!(logins.try_acquire_for("ada").is_err());
    /// assert!(logins.try_acquire_for("grace").is_ok());
    /// # Ok::<(), perfkit::RateLimiterError>(())
    /// ```
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_for(&self, key: &(impl Hash + ?Sized)) -> Result<(), Rejected> {
        self.0.take_now(1, Some(self.key(key)))
    }

    /// One token; blocks the thread until it is there, for [`max_wait`](RateLimiterBuilder::max_wait) at most. Those who wait
    /// are served in the order in which they came.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use perfkit::RateLimiter;
    ///
    /// let writes = RateLimiter::builder("doc: writes")
    ///     .rate(1000, Duration::from_secs(1))
    ///     .burst(1)
    ///     .build()?;
    /// for _ in 0..3 {
    ///     writes.acquire()?; // the second and the third a millisecond later each
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When it would take longer, at once.
    pub fn acquire(&self) -> Result<(), Rejected> {
        self.0.enter(Start::now(), 1, None).map(drop)
    }

    /// So many tokens at once; see [`acquire`](Self::acquire).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use perfkit::RateLimiter;
    ///
    /// let bytes = RateLimiter::builder("doc: bytes")
    ///     .rate(1_000_000, Duration::from_secs(1))
    ///     .burst(4_096)
    ///     .build()?;
    /// for _ in 0..3 {
    ///     bytes.acquire_many(4_096)?; // the second and the third some four milliseconds later each
    /// }
    /// let rejected = bytes.acquire_many(5_000).unwrap_err();
    /// assert_eq!(rejected.retry_after(), None, "there never are so many");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When it would take longer, at once. More than the burst there never are.
    pub fn acquire_many(&self, tokens: u32) -> Result<(), Rejected> {
        self.0.enter(Start::now(), tokens, None).map(drop)
    }

    /// One token of the bucket of `key`; see [`acquire`](Self::acquire).
    ///
    /// # Errors
    /// When it would take longer, at once.
    pub fn acquire_for(&self, key: &(impl Hash + ?Sized)) -> Result<(), Rejected> {
        self.0.enter(Start::now(), 1, Some(self.key(key))).map(drop)
    }

    /// One token; waits until it is there, for [`max_wait`](RateLimiterBuilder::max_wait) at most. Takes part when it is
    /// first polled.
    ///
    /// Cancel safe: dropped while it waits, its token is there for others if nobody came after it; else it is lost, and those
    /// after it are served when they would have been.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use perfkit::RateLimiter;
    ///
    /// # async fn crawl(urls: &[&str]) -> Result<(), Box<dyn std::error::Error>> {
    /// let requests = RateLimiter::builder("doc: requests")
    ///     .rate(2, Duration::from_secs(1))
    ///     .build()?;
    /// for url in urls {
    ///     requests.acquire_async().await?;
    ///     println!("fetching {url}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When it would take longer, at once.
    pub async fn acquire_async(&self) -> Result<(), Rejected> {
        self.0.enter_async(Start::now(), 1, None).await.map(drop)
    }

    /// So many tokens at once; see [`acquire_async`](Self::acquire_async).
    ///
    /// # Errors
    /// When it would take longer, at once. More than the burst there never are: `retry_after` is then `None`.
    pub async fn acquire_many_async(&self, tokens: u32) -> Result<(), Rejected> {
        self.0
            .enter_async(Start::now(), tokens, None)
            .await
            .map(drop)
    }

    /// One token of the bucket of `key`; see [`acquire_async`](Self::acquire_async).
    ///
    /// # Errors
    /// When it would take longer, at once.
    pub async fn acquire_async_for(&self, key: &(impl Hash + ?Sized)) -> Result<(), Rejected> {
        let key = self.key(key);
        self.0
            .enter_async(Start::now(), 1, Some(key))
            .await
            .map(drop)
    }

    /// How many tokens there are now, those of keys left out.
    #[must_use]
    pub fn available(&self) -> u32 {
        self.0.available(None)
    }

    /// How many tokens there are now in the bucket of `key`.
    #[must_use]
    pub fn available_for(&self, key: &(impl Hash + ?Sized)) -> u32 {
        self.0.available(Some(self.key(key)))
    }

    /// After which time there is a token, if nobody else takes it; zero where there is one.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use perfkit::{Clock, RateLimiter};
    ///
    /// static CLOCK: Clock = Clock::manual();
    ///
    /// let mails = RateLimiter::builder("doc: retry after")
    ///     .rate(1, Duration::from_secs(1))
    ///     .clock(&CLOCK)
    ///     .build()?;
    /// assert_eq!(mails.retry_after(), Duration::ZERO);
    /// assert!(mails.try_acquire().is_ok());
    /// assert_eq!(mails.retry_after(), Duration::from_secs(1));
    /// mails.reset();
    /// assert!(mails.try_acquire().is_ok());
    /// # Ok::<(), perfkit::RateLimiterError>(())
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        self.0.retry_after(None)
    }

    /// The same of the bucket of `key`.
    #[must_use]
    pub fn retry_after_for(&self, key: &(impl Hash + ?Sized)) -> Duration {
        self.0.retry_after(Some(self.key(key)))
    }

    /// Fills all buckets, as if nothing had happened yet. Those who wait keep their moments. What the report has counted
    /// stays.
    pub fn reset(&self) {
        self.0.refill_all();
    }

    /// Fills the bucket of `key`.
    pub fn reset_for(&self, key: &(impl Hash + ?Sized)) {
        self.0.refill(Some(self.key(key)));
    }

    /// How many there are at most.
    #[must_use]
    pub fn burst(&self) -> u32 {
        self.0.quota.burst()
    }

    /// What it was built with: how many in how long.
    #[must_use]
    pub fn rate(&self) -> (u64, Duration) {
        self.0.settings.rate
    }

    /// What the report calls it; `other` where there were too many names.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.op
    }

    fn key(&self, key: &(impl Hash + ?Sized)) -> ByKey {
        self.0.key(key)
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter")
            .field("name", &self.name())
            .field("rate", &self.rate())
            .field("burst", &self.burst())
            .field("available", &self.available())
            .finish_non_exhaustive()
    }
}
