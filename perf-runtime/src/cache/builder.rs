//! Caches that are made by hand: what they are told, and what of that is wrong.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::by_hand;
use super::handle::Cache;
use super::hooks::{Cause, Expires, Hooks, TtlFrom, Weigh};
use super::settings::Settings;
use super::slot::Slot;
use crate::clock::coarse::Clock;
use crate::kept::Keepable;
use crate::outcome::Outcome;
use crate::parts::key::Key;

/// Makes a [`Cache`] without an attribute; see [`Cache::builder`].
///
/// Nothing is checked before [`build`](Self::build), which says what is wrong and never panics.
#[must_use = "a cache is made by `build`"]
pub struct CacheBuilder<K, V> {
    name: String,
    settings: Settings,
    hooks: Hooks<K, V>,
    of: PhantomData<fn(K, V)>,
}

impl<K: Key, V: Keepable> CacheBuilder<K, V> {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            settings: Settings::new(),
            hooks: Hooks::new(),
            of: PhantomData,
        }
    }

    /// How long a value is kept; `Duration::MAX` is for good. Default: 5 minutes.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.settings.ttl = ttl;
        self
    }

    /// Values do not grow old: the same as a [`ttl`](Self::ttl) of `Duration::MAX`.
    pub fn no_expiry(self) -> Self {
        self.ttl(Duration::MAX)
    }

    /// How long a value is kept that nobody asks for. Default: as long as any.
    pub fn tti(mut self, tti: Duration) -> Self {
        self.settings.tti = Some(tti);
        self
    }

    /// How many entries are kept at most; at least 1. Default: 1000.
    pub fn max_size(mut self, max_size: u64) -> Self {
        self.settings.max_size = Some(max_size);
        self
    }

    /// As many entries are kept as come, unless [`max_bytes`](Self::max_bytes) bounds them.
    pub fn unbounded(mut self) -> Self {
        self.settings.max_size = None;
        self
    }

    /// How many bytes of entries are kept at most, each of which takes what `weigh` says; at least 1 byte. Default: no
    /// bound on bytes. Holds beside [`max_size`](Self::max_size).
    ///
    /// An entry that is heavier than all together can be, or than 4 GiB, is not kept. `weigh` is asked once for each value
    /// that comes, outside of all locks.
    ///
    /// ```
    /// use perfkit::Cache;
    ///
    /// let pages = Cache::<String, String>::builder("builder: pages")
    ///     .unbounded()
    ///     .max_bytes(10_000, |url, page| (url.len() + page.len()) as u64)
    ///     .build()?;
    /// pages.insert("/".to_owned(), "x".repeat(9_999));
    /// assert_eq!(pages.stats().weight, Some(10_000));
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn max_bytes(
        mut self,
        max_bytes: u64,
        weigh: impl Fn(&K, &V) -> u64 + Send + Sync + 'static,
    ) -> Self {
        self.settings.max_bytes = Some(max_bytes);
        self.hooks.weigh = Some(Weigh::By(Box::new(weigh)));
        self
    }

    /// By which share of it a [`ttl`](Self::ttl) is shortened at most, by chance, 0 to 1, so that what came together does
    /// not end together. Default: 0.
    pub fn jitter(mut self, share: f64) -> Self {
        self.settings.jitter = share;
        self
    }

    /// Until when one value is good, where that is its own affair: asked once for each value that comes, outside of all
    /// locks. `None` leaves it at the [`ttl`](Self::ttl), which may be longer or shorter; `Duration::MAX` is for good.
    ///
    /// Such an end is kept to within a hundredth of a second.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use perfkit::{Cache, Clock};
    ///
    /// static CLOCK: Clock = Clock::manual();
    ///
    /// let tokens = Cache::<u64, (String, u64)>::builder("builder: tokens")
    ///     .expire_with(|_, (_, seconds)| Some(Duration::from_secs(*seconds)))
    ///     .clock(&CLOCK)
    ///     .build()?;
    /// tokens.insert(7, ("secret".to_owned(), 60));
    /// CLOCK.advance(Duration::from_secs(60));
    /// assert!(!tokens.contains(7));
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn expire_with(
        mut self,
        expires_in: impl Fn(&K, &V) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.ttl_from = Some(TtlFrom(Box::new(expires_in)));
        self
    }

    /// The same where the value knows it: see [`Expires`].
    pub fn expire_by_value(self) -> Self
    where
        V: Expires,
    {
        self.expire_with(|_, value| value.expires_in())
    }

    /// How long a value is kept that is an error, as [`Outcome`] has it, in a cache of whole answers. Default: as long as
    /// any other value.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use perfkit::{Cache, Clock};
    ///
    /// static CLOCK: Clock = Clock::manual();
    ///
    /// let hosts = Cache::<String, Result<u32, String>>::builder("builder: hosts")
    ///     .errors(Duration::from_secs(10))
    ///     .clock(&CLOCK)
    ///     .build()?;
    /// let resolved = hosts.get_or_load("nowhere", || Err("no such host".to_owned()));
    /// assert!(resolved.is_err() && hosts.contains("nowhere"));
    /// CLOCK.advance(Duration::from_secs(10));
    /// assert!(!hosts.contains("nowhere"));
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn errors(mut self, ttl: Duration) -> Self
    where
        V: Outcome,
    {
        self.settings.errors = Some(ttl);
        self.hooks.is_error = Some(V::is_error);
        self
    }

    /// How long a call waits at most for another one that loads the same, before it loads for itself. Default: 10 seconds.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.settings.wait = wait;
        self
    }

    /// Is told of each entry that leaves, and why: outside of all locks, on the thread that has taken it out, which is one
    /// of ours for what has expired. The cache may be used in it. A panic of it passes through to whoever took the entry
    /// out, after all others have been told of; in our thread it ends there.
    pub fn on_evict(mut self, tell: impl Fn(&K, &V, Cause) + Send + Sync + 'static) -> Self {
        self.hooks.listener = Some(Box::new(tell));
        self
    }

    /// The time the cache keeps: a [manual](Clock::manual) clock in tests. Default: that of the system.
    pub fn clock(mut self, clock: &'static Clock) -> Self {
        self.settings.clock = clock;
        self
    }

    /// Keeps the entries in a file as well, so that a cache of this name and these types knows them after a restart. Default:
    /// in memory only.
    ///
    /// The file is read by [`build`](Self::build) and saved in the background, at most once a minute, when the program ends,
    /// and by [`Cache::save`]; not when the last handle is dropped. Entries that carry tags are not in it. A file that is
    /// of no use, or that another cache has, costs what was in it and fails nothing: the report says so.
    ///
    /// ```
    /// use perfkit::Cache;
    ///
    /// # let folder = std::env::temp_dir().join(format!("perfkit-doc-hosts-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// let open = || Cache::builder("builder: hosts kept").persist(folder.join("hosts.cache")).build();
    ///
    /// let hosts: Cache<String, u32> = open()?;
    /// hosts.insert("localhost".to_owned(), 1);
    /// hosts.save()?;
    /// drop(hosts);
    ///
    /// let hosts: Cache<String, u32> = open()?;
    /// assert_eq!(hosts.get("localhost"), Some(1));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "persist")]
    pub fn persist(mut self, path: impl Into<std::path::PathBuf>) -> Self
    where
        K: super::Storable,
        V: super::Storable,
    {
        self.hooks.persist = Some(super::persisted(path));
        self
    }

    /// Makes the cache.
    ///
    /// A second cache of one name and the same types is another one, with entries of its own; both are one row of the
    /// report, and [`get_cache`](crate::get_cache) gives the one made last. What a name counts stays in the report when
    /// its caches are gone. There is room for 1,000 names, of which the first 256 bytes count; all others share the row
    /// `other`.
    ///
    /// # Errors
    /// A number that cannot be, or a name under which there is a cache of other types now: see [`CacheFault`].
    pub fn build(self) -> Result<Cache<K, V>, CacheError> {
        let Self {
            name,
            settings,
            hooks,
            ..
        } = self;
        let fail = |name: String, fault| Err(CacheError { name, fault });
        if let Some(fault) = fault(&settings) {
            return fail(name, fault);
        }
        // Asked again in the end; before the file is read, which would be set aside as that of other types.
        if by_hand::is_taken::<K, V>(&name) {
            return fail(name, CacheFault::NameTaken);
        }
        let core = by_hand::core_of(&name);
        #[cfg(feature = "persist")]
        let opened = super::persisted::open(core, &name, &name, settings.wait, &hooks);
        let slot = Slot::new(core, settings, hooks);
        #[cfg(feature = "persist")]
        let _opening = opened.and_then(|opened| slot.restore(&name, opened));
        if !by_hand::put(&name, &slot) {
            return fail(name, CacheFault::NameTaken);
        }
        Ok(Cache::shared(slot))
    }
}

impl<K, V> fmt::Debug for CacheBuilder<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What cannot be.
fn fault(settings: &Settings) -> Option<CacheFault> {
    let times = [
        ("ttl", Some(settings.ttl)),
        ("tti", settings.tti),
        ("errors", settings.errors),
        ("wait", Some(settings.wait)),
    ];
    let zero = times
        .into_iter()
        .find(|(_, time)| time.is_some_and(|time| time.is_zero()));
    if let Some((option, _)) = zero {
        return Some(CacheFault::Zero { option });
    }
    if settings.max_size == Some(0) {
        return Some(CacheFault::Zero { option: "max_size" });
    }
    if settings.max_bytes == Some(0) {
        return Some(CacheFault::Zero {
            option: "max_bytes",
        });
    }
    // Not a number is out of range, too.
    (!(0.0..=1.0).contains(&settings.jitter)).then_some(CacheFault::Jitter(settings.jitter))
}

/// A cache that cannot be made.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheError {
    name: String,
    fault: CacheFault,
}

impl CacheError {
    /// The name of the cache.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> CacheFault {
        self.fault
    }
}

/// Why a cache cannot be made.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum CacheFault {
    /// An option is zero that has to be more.
    Zero {
        /// Which one.
        option: &'static str,
    },
    /// A jitter that is no share from 0 to 1.
    Jitter(f64),
    /// There is a cache of this name, and its keys or values are of other types.
    NameTaken,
}

impl fmt::Display for CacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, fault } = self;
        match fault {
            CacheFault::Zero { option } => {
                write!(
                    f,
                    "the cache `{name}` cannot be made: its `{option}` is zero"
                )
            }
            CacheFault::Jitter(jitter) => write!(
                f,
                "the cache `{name}` cannot be made: a jitter is a share from 0 to 1, and this is {jitter}"
            ),
            CacheFault::NameTaken => write!(
                f,
                "the cache `{name}` cannot be made: there is one of this name whose keys or values are of other types; \
                 choose another name"
            ),
        }
    }
}

impl std::error::Error for CacheError {}
