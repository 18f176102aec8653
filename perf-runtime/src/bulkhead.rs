//! Limits on how many calls run at once: what `#[bulkhead]` and [`Bulkhead`] have in common.
//!
//! A call takes one of `max` permits ([`parts::bulkhead`](crate::parts::bulkhead)) and gives it back when it is over, however
//! that is. Without a permit it is rejected, or waits in a queue that threads and futures share, in the order of arrival.
//! It leaves the queue when it has waited for too long or is dropped.
//!
//! A permit that is granted to a future nobody polls is taken back after a [`TICK`] or two: while there are grants that
//! nobody has come for, one task looks after them.
//!
//! How many permits and places there are can be changed at any time. Who has one keeps it.
//!
//! A call from within a call, in the same thread or task, passes through without a permit where all permits are held by its
//! own callers: it could wait for ever. Only where it would wait; without a queue it is rejected as any other.

mod builder;
mod by_hand;
mod inside;
mod keyed;
mod report;
mod waiting;

use std::ops::Deref;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{AcqRel, Release},
};
use std::time::Duration;

pub use self::builder::{BulkheadBuilder, BulkheadError};
pub use self::by_hand::{Bulkhead, BulkheadPermit};
pub use self::inside::{Here, Inside};
use self::keyed::AllKeys;
pub(crate) use self::keyed::OfKey;
use self::report::Count;
pub(crate) use self::report::{Book, SECTION, metrics};
use self::waiting::Waiting;
use crate::beside::{Places, Shared};
use crate::clock::Start;
use crate::parts::bulkhead as part;
use crate::parts::bulkhead::{Handover, held};
use crate::parts::key::Key;
use crate::rejected::Rejected;
use crate::rt;

/// Who is granted a permit has this long to come for it, and less than twice.
const TICK: Duration = Duration::from_millis(20);

/// The options of a bulkhead.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How many calls run at once, at least one, to begin with.
    pub max: u64,
    /// How many wait, to begin with.
    pub queue: u64,
    /// How long each of them does; `Duration::MAX` for ever.
    pub wait: Duration,
}

impl Settings {
    /// The defaults of `#[bulkhead]`.
    #[must_use]
    pub const fn new(max: u64) -> Self {
        Self {
            max,
            queue: 0,
            wait: Duration::from_secs(30),
        }
    }
}

/// A bulkhead.
pub struct Core {
    op: &'static str,
    book: &'static Book,
    permits: part::Bulkhead,
    wait: Duration,
    /// A task looks after the grants.
    is_watched: AtomicBool,
    settings: Settings,
    /// Where each key has permits of its own.
    keys: AllKeys,
}

/// A handle to a core, which a task may have as well.
pub trait Handle: Deref<Target = Core> + Clone + Send + Sync + 'static {}

impl<H: Deref<Target = Core> + Clone + Send + Sync + 'static> Handle for H {}

/// A permit, given back when it is dropped; or the right to go on without one.
#[must_use = "the permit is given back when this is dropped"]
pub struct Permit<H: Handle> {
    core: Option<H>,
    has_waited: bool,
}

impl<H: Handle> Permit<H> {
    #[inline]
    fn of(core: H) -> Self {
        Self {
            core: Some(core),
            has_waited: false,
        }
    }

    /// When what stands further in begins: with the call, or now after a wait.
    #[inline]
    #[must_use]
    pub fn begun(&self, start: Start) -> Start {
        if self.has_waited { Start::now() } else { start }
    }

    /// The address by which the bulkhead is known to the calls further in.
    fn address(&self) -> Option<usize> {
        self.core.as_ref().map(|core| core.address())
    }
}

impl<H: Handle> Drop for Permit<H> {
    #[inline]
    fn drop(&mut self) {
        if let Some(core) = &self.core {
            let handover = core.permits.leave();
            if handover.is_due() {
                deliver(core, handover);
            }
        }
    }
}

/// Wakes those who are to be woken, and sees to it that somebody looks after the grants.
#[cold]
fn deliver<H: Handle>(core: &H, handover: Handover) {
    if handover.deliver() && !core.is_watched.swap(true, AcqRel) {
        let watch = Watch {
            core: core.clone(),
            is_over: false,
        };
        rt::spawn(watch.look_after());
    }
}

/// The task that looks after grants, as long as there are any.
struct Watch<H: Handle> {
    core: H,
    is_over: bool,
}

impl<H: Handle> Watch<H> {
    async fn look_after(mut self) {
        loop {
            rt::pass(TICK).await;
            if self.core.permits.look_after().deliver() {
                continue;
            }
            self.core.is_watched.store(false, Release);
            // A grant that was made before that was seen by nobody; one that is made after it has a watch of its own.
            if !self.core.permits.has_grants() || self.core.is_watched.swap(true, AcqRel) {
                self.is_over = true;
                return;
            }
        }
    }
}

/// Before its end only when its runtime has shut down; the next grant starts another one.
impl<H: Handle> Drop for Watch<H> {
    fn drop(&mut self) {
        if !self.is_over {
            self.core.is_watched.store(false, Release);
        }
    }
}

impl Shared for Core {
    type Options = Settings;

    fn places() -> &'static Places<Self> {
        static PLACES: Places<Core> = Places::new();
        &PLACES
    }

    fn make(op: &'static str, settings: Settings) -> &'static Self {
        let book = Box::leak(Box::new(Book::new(op)));
        Box::leak(Box::new(Self::new(book, settings)))
    }
}

impl Core {
    pub(crate) fn new(book: &'static Book, settings: Settings) -> Self {
        let max = u32::try_from(settings.max).unwrap_or(u32::MAX);
        let places = usize::try_from(settings.queue).unwrap_or(usize::MAX);
        Self {
            op: book.op(),
            book,
            permits: part::Bulkhead::new(max, places),
            wait: settings.wait,
            is_watched: AtomicBool::new(false),
            settings,
            keys: AllKeys::new(),
        }
    }

    pub(crate) fn book(&self) -> &'static Book {
        self.book
    }

    /// The bulkhead of one key.
    pub(crate) fn of<K: Key>(&self, key: K) -> OfKey<K> {
        self.keys.of::<K>(self.book, self.settings).core(key)
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// A permit for who does not wait.
    #[inline]
    pub(crate) fn try_enter<H: Handle>(this: H) -> Result<Permit<H>, Rejected> {
        if this.permits.try_enter() {
            this.book.count(Count::Entered);
            return Ok(Permit::of(this));
        }
        this.book.reject(Count::Full);
        Err(this.rejected())
    }

    /// Made where it is used: copying it costs more than all the rest.
    #[inline]
    fn rejected(&self) -> Rejected {
        Rejected::bulkhead_full(self.op)
    }

    /// A permit; waits for it as the settings say, asleep.
    #[inline]
    pub(crate) fn enter<H: Handle>(this: H) -> Result<Permit<H>, Rejected> {
        if this.permits.try_enter() {
            this.book.count(Count::Entered);
            return Ok(Permit::of(this));
        }
        waiting::blocked(this)
    }

    /// The same in a future. Cancel safe: who is dropped while it waits leaves the queue, and hands on what it was granted.
    #[inline]
    pub(crate) async fn enter_async<H: Handle>(this: H) -> Result<Permit<H>, Rejected> {
        if this.permits.try_enter() {
            this.book.count(Count::Entered);
            return Ok(Permit::of(this));
        }
        Waiting::new(this).await
    }

    /// Changes how many permits there are.
    pub(crate) fn resize<H: Handle>(this: &H, max: u32) {
        let handover = this.permits.resize(max);
        deliver(this, handover);
    }

    /// Starts the peak anew.
    pub(crate) fn reset_peak(&self) {
        self.permits.reset_peak();
        for core in self.keys.each().unwrap_or_default() {
            core.permits.reset_peak();
        }
    }

    /// Whether all permits are held by the callers above this one.
    fn is_above_all(&self) -> bool {
        let max = usize::try_from(self.permits.max()).unwrap_or(usize::MAX);
        held::above(self.address()) >= max
    }
}

#[cfg(test)]
mod tests;
