//! Limits on how often something happens: what `#[rate_limited]` and [`RateLimiter`] have in common.
//!
//! A call takes tokens from a bucket ([`parts::limiter`](crate::parts::limiter)) and goes on, is rejected with the time
//! after which there are enough, or waits for them. Those who wait have taken theirs: each has its own moment, in the
//! order in which they came, and sleeps until then. Who gives up waiting gives its moment back when it was the last one.
//!
//! A call that goes on costs a compare-and-swap and a count, one that is rejected a load and a count. With keys both cost
//! a hash and the lock of one shard of their table, under which there is arithmetic and nothing else.

mod builder;
mod by_hand;
mod report;
mod waiting;

use std::hash::{BuildHasher, Hash};
use std::time::Duration;

use foldhash::quality::SeedableRandomState;

pub use self::builder::{RateLimiterBuilder, RateLimiterError};
pub use self::by_hand::RateLimiter;
use self::report::Count;
pub(crate) use self::report::{Book, SECTION, metrics};
use self::waiting::Waiting;
use crate::beside::{Places, Shared};
use crate::clock::coarse::Clock;
use crate::clock::{self, Start};
use crate::parts::limiter::keyed::{Holder, Keyed};
use crate::parts::limiter::{Decision, Gcra, NEVER, Quota};
use crate::rejected::{Rejected, When};
use crate::rt;

/// How far the clock may go back before it is believed.
const MINUTE: Duration = Duration::from_secs(60);

/// The options of a limit.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How many in how long. The least of both is one; in no time at all there is no limit.
    pub rate: (u64, Duration),
    /// How many at once; as many as the rate names where nothing is said.
    pub burst: Option<u64>,
    /// How long a call waits; zero is not at all, `Duration::MAX` as long as it takes.
    pub max_wait: Duration,
    /// How many calls wait at a time; nothing for as many as there are.
    pub max_waiting: Option<u64>,
    /// How many keys have a bucket of their own.
    pub max_keys: u64,
    /// The time; nothing for the processor's.
    pub clock: Option<&'static Clock>,
}

impl Settings {
    /// The defaults of `#[rate_limited]`.
    #[must_use]
    pub const fn new(rate: (u64, Duration)) -> Self {
        Self {
            rate,
            burst: None,
            max_wait: Duration::ZERO,
            max_waiting: None,
            max_keys: 10_000,
            clock: None,
        }
    }
}

/// The options of `#[rate_limited]`.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What the limit is told.
    pub settings: Settings,
    /// Whether calls have keys.
    pub has_keys: bool,
}

impl Shared for Core {
    type Options = Options;

    fn places() -> &'static Places<Self> {
        static PLACES: Places<Core> = Places::new();
        &PLACES
    }

    fn make(op: &'static str, options: Options) -> &'static Self {
        let book = Box::leak(Box::new(Book::new(op)));
        let core = Core::new(book, options.settings, options.has_keys);
        Box::leak(Box::new(core))
    }
}

/// The key of a call, as the limit knows it: a hash with a seed that nobody else knows, so that keys cannot be chosen to
/// meet. Of 10,000 keys, two share a bucket once in 10^11 programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByKey(u64);

/// A limit.
pub struct Core {
    op: &'static str,
    book: &'static Book,
    settings: Settings,
    quota: Quota,
    /// How long a call waits, in the units of the quota.
    patience: u64,
    bucket: Gcra,
    keyed: Option<Box<Keyed>>,
    seed: SeedableRandomState,
}

/// Why a call does not go on.
#[derive(Clone, Copy)]
enum Refused {
    /// It may come again then.
    TooMany(When),
    /// As many wait as may.
    NoRoom,
}

/// What becomes of a call.
enum Entered<'c> {
    /// It goes on.
    Now,
    /// It goes on after this time.
    After(Duration, Waiting<'c>),
}

impl Core {
    pub(crate) fn new(book: &'static Book, settings: Settings, has_keys: bool) -> Self {
        let (times, per) = settings.rate;
        let units = |duration| match settings.clock {
            Some(_) => clock::coarse::nanoseconds(duration),
            None => clock::ticks_in(duration),
        };
        let burst = settings.burst.unwrap_or(times);
        let burst = u32::try_from(burst).unwrap_or(u32::MAX);
        let max_keys = usize::try_from(settings.max_keys).unwrap_or(usize::MAX);
        Self {
            op: book.op(),
            book,
            settings,
            quota: Quota::new(times, units(per), burst, units(MINUTE)),
            patience: units(settings.max_wait),
            bucket: Gcra::new(),
            keyed: has_keys.then(|| Box::new(Keyed::new(max_keys))),
            seed: SeedableRandomState::random(),
        }
    }

    /// What the limit knows a key by. Runs the key's `Hash`.
    #[inline]
    pub fn key(&self, key: &(impl Hash + ?Sized)) -> ByKey {
        ByKey(self.seed.hash_one(key))
    }

    /// Takes `cost` tokens for a call that began at `start`, or says after which time there are so many. Waits for them no
    /// longer than the settings say, asleep. Gives when what stands further in begins: the same, or now after a wait.
    ///
    /// # Errors
    /// When there are not enough in time, without having waited.
    #[inline]
    pub fn enter(&self, start: Start, cost: u32, key: Option<ByKey>) -> Result<Start, Rejected> {
        if self.is_there(start, cost, key) {
            return Ok(start);
        }
        self.enter_late(start, cost, key)
            .map_err(|refused| self.rejected(refused))
    }

    /// The same in a future. Cancel safe: whoever is dropped while it waits gives back what it can.
    ///
    /// # Errors
    /// When there are not enough in time, without having waited.
    #[inline]
    pub async fn enter_async(
        &self,
        start: Start,
        cost: u32,
        key: Option<ByKey>,
    ) -> Result<Start, Rejected> {
        if self.is_there(start, cost, key) {
            return Ok(start);
        }
        match self.take(start, cost, key, self.patience) {
            Ok(Entered::Now) => Ok(start),
            Ok(Entered::After(wait, waiting)) => {
                rt::pass(wait).await;
                waiting.end();
                Ok(Start::now())
            }
            Err(refused) => Err(self.rejected(refused)),
        }
    }

    /// Waits for as long as it takes, asleep. What costs more than there is at once costs all there is.
    #[inline]
    pub fn pass(&self, start: Start, cost: u32, key: Option<ByKey>) -> Start {
        if self.is_there(start, cost, key) {
            return start;
        }
        if let Ok(Entered::After(wait, waiting)) = self.take_in_time(start, cost, key) {
            rt::block(wait);
            waiting.end();
            return Start::now();
        }
        start
    }

    /// The same in a future. Cancel safe as [`enter_async`](Self::enter_async).
    #[inline]
    pub async fn pass_async(&self, start: Start, cost: u32, key: Option<ByKey>) -> Start {
        if self.is_there(start, cost, key) {
            return start;
        }
        if let Ok(Entered::After(wait, waiting)) = self.take_in_time(start, cost, key) {
            rt::pass(wait).await;
            waiting.end();
            return Start::now();
        }
        start
    }

    fn take_in_time(
        &self,
        start: Start,
        cost: u32,
        key: Option<ByKey>,
    ) -> Result<Entered<'_>, Refused> {
        self.take(start, cost.min(self.quota.burst()), key, u64::MAX)
    }

    /// Takes them if they are there, and never waits.
    fn take_now(&self, cost: u32, key: Option<ByKey>) -> Result<(), Rejected> {
        let start = Start::now();
        if self.is_there(start, cost, key) {
            return Ok(());
        }
        match self.take(start, cost, key, 0) {
            Ok(_) => Ok(()),
            Err(refused) => Err(self.rejected(refused)),
        }
    }

    #[inline(never)]
    fn enter_late(&self, start: Start, cost: u32, key: Option<ByKey>) -> Result<Start, Refused> {
        if key.is_none() && self.patience == 0 {
            // The same as below for who does not wait, in one piece.
            let now = self.at(start);
            return match self.bucket.try_take_or_wait(&self.quota, now, cost) {
                None => {
                    self.book.count(Count::Allowed);
                    Ok(start)
                }
                Some(after) => Err(self.refuse(after, now)),
            };
        }
        if let Entered::After(wait, waiting) = self.take(start, cost, key, self.patience)? {
            rt::block(wait);
            waiting.end();
            return Ok(Start::now());
        }
        Ok(start)
    }

    /// Made where it is used: a rejection takes four registers' room, and copying it costs more than all the rest.
    #[inline]
    fn rejected(&self, refused: Refused) -> Rejected {
        match refused {
            Refused::TooMany(when) => Rejected::rate_limited_until(self.op, when),
            Refused::NoRoom => Rejected::queue_full(self.op),
        }
    }

    /// Takes what a call without a key costs, if nothing stands in its way.
    #[inline]
    fn is_there(&self, start: Start, cost: u32, key: Option<ByKey>) -> bool {
        let is_there = key.is_none() && self.bucket.try_take(&self.quota, self.at(start), cost);
        if is_there {
            self.book.count(Count::Allowed);
        }
        is_there
    }

    fn take(
        &self,
        start: Start,
        cost: u32,
        key: Option<ByKey>,
        patience: u64,
    ) -> Result<Entered<'_>, Refused> {
        let now = self.at(start);
        let (holder, decision) = match (key, &self.keyed) {
            (Some(ByKey(key)), Some(keyed)) => {
                let (holder, decision) = keyed.take(key, &self.quota, now, cost, patience);
                if holder == Holder::Others {
                    self.book.count(Count::Overflowed);
                }
                (Some(holder), decision)
            }
            _ => (None, self.bucket.take(&self.quota, now, cost, patience)),
        };
        match decision {
            Decision::Allowed => {
                self.book.count(Count::Allowed);
                Ok(Entered::Now)
            }
            Decision::Promised(units, promise) => {
                let waiting = Waiting::new(self, holder, promise);
                if !waiting.has_room() {
                    waiting.turn_away(self.when(units, now));
                    return Err(Refused::NoRoom);
                }
                let wait = Duration::from_nanos(self.nanos(units));
                Ok(Entered::After(wait, waiting))
            }
            Decision::Refused(after) => Err(self.refuse(after, now)),
        }
    }

    #[inline]
    fn refuse(&self, after: u64, now: u64) -> Refused {
        let when = self.when(after, now);
        self.book.reject(when);
        Refused::TooMany(when)
    }

    /// So many units from now.
    #[inline]
    fn when(&self, after: u64, now: u64) -> When {
        match self.settings.clock {
            _ if after == NEVER => When::NEVER,
            Some(_) => When::after(after),
            None => When::at(now.saturating_add(after)),
        }
    }

    /// Rounded up: after so long it is there.
    fn nanos(&self, units: u64) -> u64 {
        match self.settings.clock {
            Some(_) => units,
            None => clock::nanos(units, clock::factor()).saturating_add(1),
        }
    }

    /// When a call began, in the units of the quota.
    #[inline]
    fn at(&self, start: Start) -> u64 {
        match self.settings.clock {
            None => start.ticks(),
            Some(clock) => clock.exact(),
        }
    }

    pub(crate) fn book(&self) -> &'static Book {
        self.book
    }

    /// How many tokens there are.
    fn available(&self, key: Option<ByKey>) -> u32 {
        let now = self.at(Start::now());
        self.asked(key, |bucket| bucket.level(&self.quota, now))
            .unwrap_or_else(|| self.quota.burst())
    }

    /// After which time there is one, if nobody else takes it.
    fn retry_after(&self, key: Option<ByKey>) -> Duration {
        let now = self.at(Start::now());
        let after = self.asked(key, |bucket| bucket.after(&self.quota, now));
        after
            .filter(|after| *after > 0)
            .map_or(Duration::ZERO, |after| {
                Duration::from_nanos(self.nanos(after))
            })
    }

    /// Fills the bucket of all calls without a key, or of one key; of those who wait, each keeps its moment.
    fn refill(&self, key: Option<ByKey>) {
        let now = self.at(Start::now());
        self.asked(key, |bucket| bucket.refill(now));
    }

    /// What a bucket says; nothing where it is as good as new.
    fn asked<R>(&self, key: Option<ByKey>, ask: impl FnOnce(&Gcra) -> R) -> Option<R> {
        match (key, &self.keyed) {
            (Some(ByKey(key)), Some(keyed)) => keyed.ask(key, ask),
            _ => Some(ask(&self.bucket)),
        }
    }

    /// Fills all buckets.
    fn refill_all(&self) {
        self.refill(None);
        if let Some(keyed) = &self.keyed {
            let now = self.at(Start::now());
            keyed.refill_all(now);
        }
    }
}

#[cfg(test)]
mod tests;
