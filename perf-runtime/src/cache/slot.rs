//! The typed part of a cache: the store, the flights, and what the user asked for.

use std::any::Any;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use super::hooks::Hooks;
use super::landing::{Landing, Way};
use super::looked::{Looked, Missing};
use super::refresh::Refresh;
use super::settings::{Settings, Times};
use super::{Core, Count, Refreshed};
use crate::clock::coarse::Swept;
use crate::kept::{Keepable, Kept, Parcel};
use crate::parts::flight::Flights;
use crate::parts::key::{Key, Lookup};
use crate::parts::store::{Absence, Entry, Freshness, Store, Turn};
use crate::parts::tags::Index;

/// A value can have an end of its own, and nobody knows beforehand when. This is how exact it is: a hundredth of it.
const OWN_EXPIRY: Duration = Duration::from_secs(1);

/// See the module.
pub(crate) struct Slot<K, V> {
    pub(super) core: &'static Core,
    pub(super) settings: Settings,
    pub(super) times: Times,
    /// How often something was invalidated: what runs without a flight asks before and after.
    pub(super) invalidations: AtomicU64,
    /// Set when something of it ends: then the clock keeps time for it, and sweeps it.
    ends: OnceLock<()>,
    /// Whether some time of it is too short for a clock that is written now and then.
    is_exact: bool,
    pub(super) store: Store<K, V>,
    pub(super) flights: Flights<K, Parcel>,
    pub(super) hooks: Hooks<K, V>,
    /// Since something was kept or loaded that carries a tag.
    pub(super) tags: OnceLock<Index>,
    pub(super) this: Weak<Self>,
    /// Where it has a file: set before the cache can be found.
    #[cfg(feature = "persist")]
    pub(super) persisted: OnceLock<super::persisted::Persisted>,
}

/// What a report asks of a slot.
pub(crate) trait Keeps: Send + Sync {
    /// How many entries.
    fn entries(&self) -> u64;
    /// What they weigh together.
    fn weight(&self) -> u64;
    /// How many entries there can be; nothing for as many as there are.
    fn capacity(&self) -> Option<u64>;
    /// How much they can weigh.
    fn weight_capacity(&self) -> Option<u64>;
    /// What all of it needs, in bytes; an estimate.
    fn memory(&self) -> u64;
    /// How long an answer is fresh.
    fn ttl(&self) -> Duration;
    /// What its file has brought and taken.
    #[cfg(feature = "persist")]
    fn persisted(&self) -> Option<Arc<super::persisted::Numbers>>;
    /// With its type.
    fn whole(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<K: Key, V: Keepable> Keeps for Slot<K, V> {
    fn entries(&self) -> u64 {
        self.store.entries()
    }

    fn weight(&self) -> u64 {
        self.store.weight()
    }

    fn capacity(&self) -> Option<u64> {
        self.settings.max_size
    }

    fn weight_capacity(&self) -> Option<u64> {
        self.settings.max_bytes
    }

    fn memory(&self) -> u64 {
        let tags = self.tags.get().map_or(0, |index| index.lock().memory());
        let own = (self.store.overhead() + size_of::<Self>()).saturating_add(tags);
        self.store.weight().saturating_add(own as u64)
    }

    fn ttl(&self) -> Duration {
        self.settings.ttl
    }

    #[cfg(feature = "persist")]
    fn persisted(&self) -> Option<Arc<super::persisted::Numbers>> {
        let persisted = self.persisted.get();
        persisted.map(super::persisted::Persisted::numbers)
    }

    fn whole(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl<K: Key, V: Keepable> Swept for Slot<K, V> {
    fn sweep(&self, now: u64, places: usize) {
        self.store
            .sweep(now, places, |expired| _ = self.left(&expired));
    }
}

impl<K: Key, V: Keepable> Slot<K, V> {
    pub(super) fn new(core: &'static Core, settings: Settings, hooks: Hooks<K, V>) -> Arc<Self> {
        let own = hooks.ttl_from.is_some().then_some(OWN_EXPIRY);
        let shortest = settings.shortest().into_iter().chain(own).min();
        let slot = Arc::new_cyclic(|this| Self {
            core,
            store: Store::new(settings.limits(), settings.idle()),
            flights: Flights::new(settings.wait),
            invalidations: AtomicU64::new(0),
            ends: OnceLock::new(),
            is_exact: settings.is_short(),
            times: Times::of(&settings),
            settings,
            hooks,
            tags: OnceLock::new(),
            this: this.clone(),
            #[cfg(feature = "persist")]
            persisted: OnceLock::new(),
        });
        if let Some(shortest) = shortest {
            slot.ends_after(shortest);
        }
        slot
    }

    /// Sees to it that the clock keeps time for what ends after `shortest` or later, and that it is swept. The first to say
    /// so decides how often.
    pub(super) fn ends_after(&self, shortest: Duration) {
        self.ends.get_or_init(|| {
            let swept: Weak<Self> = self.this.clone();
            self.settings.clock.register(swept, shortest);
        });
    }

    /// Sees to the same for a value with an end of its own.
    pub(super) fn ends_on_its_own(&self) {
        self.ends_after(OWN_EXPIRY);
    }

    /// See [`Access::look_up`](super::Access::look_up).
    #[expect(
        clippy::inline_always,
        reason = "there is one place for each function, and a call from there costs as much as the hash"
    )]
    #[inline(always)]
    pub(crate) fn look_up<A, L>(&self, lookup: &L) -> Looked<'_, K, A::Answer, V>
    where
        A: Kept<Value = V>,
        L: Lookup<K>,
    {
        let hash = self.store.hash(lookup);
        match self.find(hash, lookup, V::clone) {
            Ok(value) => Looked::Found(A::join(value)),
            Err(absence) => self.miss::<A, L>(hash, lookup, absence),
        }
    }

    /// The same in a function of its own, for who has [looked](Self::find_at_once) where nearly all answers are.
    #[inline(never)]
    pub(crate) fn look_further<A, L>(&self, lookup: &L) -> Looked<'_, K, A::Answer, V>
    where
        A: Kept<Value = V>,
        L: Lookup<K>,
    {
        self.look_up::<A, L>(lookup)
    }

    /// Now, as exact as the shortest time needs it.
    #[inline]
    pub(super) fn now(&self) -> u64 {
        if self.is_exact {
            self.settings.clock.exact()
        } else {
            self.settings.clock.now()
        }
    }

    /// What `read` makes of what is kept under a key; counted when there is something.
    #[expect(
        clippy::inline_always,
        reason = "there is one place for each function, and a call from there costs as much as the hash"
    )]
    #[inline(always)]
    pub(super) fn find<R>(
        &self,
        hash: u64,
        lookup: &impl Lookup<K>,
        read: impl FnOnce(&V) -> R,
    ) -> Result<R, Absence> {
        let now = self.now();
        let read = |entry: &Entry<K, V>| read(entry.value());
        let found = self.store.look_up(hash, lookup, now, read);
        if found.is_ok() {
            self.core.count(Count::Hit);
        }
        found
    }

    /// Whether a hit asks for the coarse time and puts no end off.
    pub(super) fn is_plain(&self) -> bool {
        !self.is_exact && self.settings.tti.is_none()
    }

    /// A clone of what is kept under a key, in the usual case; counted when there is one.
    ///
    /// The clone aside, nothing is called.
    #[expect(
        clippy::inline_always,
        reason = "there is one place for each function, and a call from there costs as much as the hash"
    )]
    #[inline(always)]
    pub(super) fn find_at_once(&self, lookup: &impl Lookup<K>) -> Option<V> {
        let found = self.store.find_at_once(self.store.hash(lookup), lookup)?;
        let entry = found.entry();
        if !entry.is_before_end(self.settings.clock.now()) {
            return None;
        }
        let counters = self.core.counters.own()?;
        // Not by the mark that was read before: then the compiler makes one branch of two.
        entry.meet_without_idle();
        let value = entry.value().clone();
        drop(found);
        counters.add_one(Count::Hit as usize);
        Some(value)
    }

    /// See [`Access::look_up_or_refresh`](super::Access::look_up_or_refresh).
    #[inline]
    pub(super) fn look_up_or_refresh<A, L>(
        &'static self,
        lookup: &L,
        is_error: fn(&A::Answer) -> bool,
    ) -> Refreshed<K, A::Answer, V>
    where
        A: Kept<Value = V>,
        L: Lookup<K>,
    {
        let (hash, settings) = (self.store.hash(lookup), &self.settings);
        let now = self.now();
        let found = self.store.look_up(hash, lookup, now, |entry| {
            let is_due = settings.is_due(entry.lifetime(), now);
            let is_stale = entry.freshness(now) == Freshness::Stale;
            (entry.value().clone(), is_stale, is_due)
        });
        let (value, is_stale, is_due) = match found {
            Ok(found) => found,
            Err(absence) => return (self.miss::<A, L>(hash, lookup, absence), None),
        };
        self.core.count(Count::Hit);
        let answer = A::join(value);
        if !is_due {
            return (Looked::Found(answer), None);
        }
        if is_stale {
            self.core.count(Count::Stale);
        }
        let refresh = (is_stale || !is_error(&answer))
            .then(|| self.claim::<A, L>(hash, lookup))
            .flatten();
        (Looked::Found(answer), refresh)
    }

    /// The refresh of what is kept under a key, unless another call has it.
    #[cold]
    fn claim<A, L>(&'static self, hash: u64, lookup: &L) -> Option<Refresh<K, A::Answer, V>>
    where
        A: Kept<Value = V>,
        L: Lookup<K>,
    {
        let now = self.now();
        let is = |key: &K| lookup.is(key);
        let claimed = self.store.peek(hash, is, now, Entry::claim_refresh);
        claimed
            .unwrap_or(false)
            .then(|| Refresh::claimed::<A, L>(self, hash, lookup))
    }

    /// Lets another call have the refresh.
    pub(super) fn release(&self, hash: u64, is: impl Fn(&K) -> bool) {
        let now = self.now();
        self.store.peek(hash, is, now, Entry::release_refresh);
    }

    /// What is kept under a key and needs no refresh.
    pub(super) fn peek_fresh<R>(
        &self,
        hash: u64,
        is: impl Fn(&K) -> bool,
        read: impl FnOnce(&V) -> R,
    ) -> Option<R> {
        let (settings, now) = (&self.settings, self.now());
        let read = |entry: &Entry<K, V>| {
            let is_due = settings.is_due(entry.lifetime(), now);
            (!is_due).then(|| read(entry.value()))
        };
        self.store.peek(hash, is, now, read).flatten()
    }

    #[inline(never)]
    fn miss<A, L>(&self, hash: u64, lookup: &L, absence: Absence) -> Looked<'_, K, A::Answer, V>
    where
        A: Kept<Value = V>,
        L: Lookup<K>,
    {
        self.store.expect(hash);
        // Before the key is asked for its clone, which may do anything. What has expired is to be looked for again.
        let moment = (absence == Absence::Unknown).then(Turn::now);
        self.core.count(Count::Miss);
        Looked::Missing(self.missing_since::<A, L>(hash, lookup, moment))
    }

    /// A call that is to run its body, or to wait for another one.
    pub(super) fn missing<A, L>(&self, hash: u64, lookup: &L) -> Missing<'_, K, A::Answer, V>
    where
        A: Kept<Value = V>,
        L: Lookup<K>,
    {
        self.missing_since::<A, L>(hash, lookup, None)
    }

    /// One that has found nothing at that moment, if it is known.
    #[inline]
    fn missing_since<A, L>(
        &self,
        hash: u64,
        lookup: &L,
        missed: Option<Turn>,
    ) -> Missing<'_, K, A::Answer, V>
    where
        A: Kept<Value = V>,
        L: Lookup<K>,
    {
        let again = self.settings.coalesces.then(|| lookup.to_key());
        Missing {
            key: lookup.to_key(),
            landing: Landing::new(self, Way::of::<A>(), hash, again, missed),
        }
    }

    /// What is kept under a key; nobody hears that it was asked for.
    pub(super) fn peek<R>(
        &self,
        hash: u64,
        is: impl Fn(&K) -> bool,
        read: impl FnOnce(&V) -> R,
    ) -> Option<R> {
        let now = self.now();
        self.store.peek(hash, is, now, |entry| read(entry.value()))
    }

    /// Whether anything is kept under a hash whose key `is` it, even where its time is over.
    pub(super) fn is_there(&self, hash: u64, is: impl Fn(&K) -> bool) -> bool {
        const ALWAYS: u64 = 0;
        let is = |key: &K| is(key) && self.store.hash_of(key) == hash;
        self.store.peek(hash, is, ALWAYS, |_| ()).is_some()
    }
}
