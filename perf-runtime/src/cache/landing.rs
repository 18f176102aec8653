//! One call that runs its body: what becomes of the answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Relaxed, SeqCst},
};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::Count;
use super::load::Load;
use super::prepared::Prepared;
use super::slot::Slot;
use super::taken::Gone;
use crate::kept::{Keepable, Kept, Parcel, Share};
use crate::parts::flight::{self, Ending, Event};
use crate::parts::key::Key;
use crate::parts::store::{Cause, Entry, Turn};
use crate::parts::tags::{Index, Tag};
use crate::parts::totals;

/// See the module. A load that is dropped before its end was cancelled, or panicked.
pub(crate) struct Landing<'s, K: 'static, R, V: 'static> {
    slot: &'s Slot<K, V>,
    way: Way<R, V>,
    hash: u64,
    /// The key once more, for what is asked of it outside of the lock: whether another call has kept its answer in the
    /// meantime, and what it weighs.
    again: Option<K>,
    is_error: fn(&R) -> bool,
    share: Option<Share<R>>,
    load: Option<Load>,
    /// Whether the answer is an error, once there is one.
    has_failed: bool,
    /// Whether its answer replaces one that is kept, however fresh that is.
    is_forced: bool,
    /// How many there had been when it began, where it has no flight.
    invalidations: u64,
    /// When nothing was found, if that is why it runs.
    missed: Option<Turn>,
    /// What most calls have nothing of.
    more: Option<Box<More<'s>>>,
}

#[derive(Default)]
struct More<'s> {
    /// For a run whose answer is to replace one that is kept: whether it has.
    refreshes: Option<Arc<AtomicBool>>,
    tags: Option<Carried<'s>>,
}

/// The tags of an answer, which the index knows from before its body begins until after it has landed.
struct Carried<'s> {
    index: &'s Index,
    hash: u64,
    tags: Vec<Tag>,
    is_loading: bool,
}

impl Carried<'_> {
    fn begin(&mut self) {
        if !std::mem::replace(&mut self.is_loading, true) {
            self.index.lock().begin(self.hash, &self.tags);
        }
    }
}

impl Drop for Carried<'_> {
    fn drop(&mut self) {
        if self.is_loading {
            self.index.lock().end(self.hash, &self.tags);
        }
    }
}

/// From answers to what is kept of them, and back.
pub(crate) struct Way<R, V> {
    split: fn(&R) -> Option<V>,
    join: fn(V) -> R,
}

impl<R, V> Way<R, V> {
    pub(super) fn of<A: Kept<Answer = R, Value = V>>() -> Self {
        Self {
            split: A::split,
            join: A::join,
        }
    }
}

impl<'s, K: Key, R, V: Keepable> Landing<'s, K, R, V> {
    /// One that has found nothing at that moment, if it is known.
    #[inline]
    pub(super) fn new(
        slot: &'s Slot<K, V>,
        way: Way<R, V>,
        hash: u64,
        again: Option<K>,
        missed: Option<Turn>,
    ) -> Self {
        Self {
            slot,
            way,
            hash,
            again,
            is_error: |_| false,
            share: None,
            load: None,
            has_failed: false,
            is_forced: false,
            invalidations: 0,
            missed,
            more: None,
        }
    }

    /// A run whose answer is to replace one that is kept, and says so when it has.
    pub(super) fn that_refreshes(mut self, replaced: Arc<AtomicBool>) -> Self {
        self.more().refreshes = Some(replaced);
        self
    }

    fn more(&mut self) -> &mut More<'s> {
        self.more.get_or_insert_default()
    }

    fn refreshes(&self) -> Option<&AtomicBool> {
        self.more.as_ref()?.refreshes.as_deref()
    }

    pub(super) fn judged_by(&mut self, is_error: fn(&R) -> bool, share: Option<Share<R>>) {
        self.is_error = is_error;
        self.share = share;
    }

    /// The answer will carry these.
    pub(super) fn carry(&mut self, tags: Vec<Tag>) {
        let carried = (!tags.is_empty()).then(|| Carried {
            index: self.slot.index(),
            hash: self.hash,
            tags,
            is_loading: false,
        });
        if carried.is_some() || self.more.is_some() {
            self.more().tags = carried;
        }
    }

    /// An answer that is kept is not one for this call.
    pub(super) fn force(&mut self) {
        self.is_forced = true;
    }

    pub(super) fn slot(&self) -> &'s Slot<K, V> {
        self.slot
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    fn tags(&self) -> &[Tag] {
        let carried = self.more.as_ref().and_then(|more| more.tags.as_ref());
        carried.map_or(&[][..], |carried| &carried.tags)
    }

    /// The answer of `body`, or of another call that runs it.
    #[inline(never)]
    pub(super) fn load(
        &mut self,
        key: K,
        is_error: fn(&R) -> bool,
        share: Option<Share<R>>,
        body: impl FnOnce() -> R,
    ) -> R {
        self.judged_by(is_error, share);
        let (slot, hash) = (self.slot, self.hash);
        if slot.settings.coalesces {
            return slot.flights.run(hash, key, self, body);
        }
        self.began_alone();
        let answer = body();
        self.keep(key, &answer);
        answer
    }

    /// The same as `began`, of a load that has no flight.
    fn began_alone(&mut self) {
        use flight::Landing as _;
        self.began();
        self.invalidations = self.slot.invalidations.load(SeqCst);
    }

    /// The answer that is kept by now, if it is one for this call.
    #[cold]
    #[inline(never)]
    fn look_again(&self) -> Option<R> {
        let again = self.again.as_ref().filter(|_| !self.is_forced)?;
        let is = |key: &K| key == again;
        let value = if self.refreshes().is_some() {
            self.slot.peek_fresh(self.hash, is, Clone::clone)?
        } else {
            self.slot.peek(self.hash, is, Clone::clone)?
        };
        Some((self.way.join)(value))
    }

    /// The end of a load that nobody waits for.
    ///
    /// It has no flight that an invalidation could mark. So it is not kept when there was one: whatever an invalidation
    /// takes out, it takes out after it has said so.
    pub(super) fn keep(&mut self, key: K, answer: &R) {
        use flight::Landing as _;
        self.ended(Ending::Answered(answer));
        self.again = Some(key);
        let (slot, hash, invalidations) = (self.slot, self.hash, self.invalidations);
        let is_wanted = |_: &K| slot.invalidations.load(SeqCst) == invalidations;
        let mut gone = slot.gone();
        if let Some(prepared) = self.prepare(answer) {
            drop(slot.keep(hash, prepared, self.tags(), is_wanted, &mut gone));
        }
    }
}

impl<'s, K: Key, R, V: Keepable> flight::Landing for Landing<'s, K, R, V> {
    type Key = K;
    type Answer = R;
    type Shared = Parcel;
    type Prepared = Prepared<K, V>;
    type Displaced = Gone<'s, K, V>;

    #[inline]
    fn found(&mut self) -> Option<R> {
        let (store, hash) = (&self.slot.store, self.hash);
        if self.missed.is_some_and(|at| store.is_as_at(hash, at)) {
            return None;
        }
        self.look_again()
    }

    #[inline]
    fn began(&mut self) {
        if let Some(more) = &mut self.more
            && let Some(tags) = &mut more.tags
        {
            tags.begin();
        }
        let load = Load::begin(self.slot.core, self.slot.settings.clock);
        // There was none.
        std::mem::forget(self.load.replace(load));
    }

    #[inline]
    fn ended(&mut self, ending: Ending<'_, R>) {
        let ending = match ending {
            Ending::Answered(answer) => {
                self.has_failed = (self.is_error)(answer);
                if self.has_failed {
                    totals::Ending::Error
                } else {
                    totals::Ending::Ok
                }
            }
            Ending::Panicked => totals::Ending::Panic,
            Ending::Cancelled => totals::Ending::Cancelled,
        };
        if let Some(load) = self.load.take() {
            load.end(ending);
        }
    }

    #[expect(
        clippy::inline_always,
        reason = "what is to be kept is made where it is handed on"
    )]
    #[inline(always)]
    fn prepare(&mut self, answer: &R) -> Option<Prepared<K, V>> {
        let (slot, is_error) = (self.slot, self.has_failed);
        // An error takes no answer's place, but where the last answer is what the last run gave.
        let replaces = || self.refreshes().is_some() && !slot.settings.edge.is_trailing();
        if is_error && (slot.settings.errors.is_none() || replaces()) {
            return None;
        }
        let value = (self.way.split)(answer)?;
        // One of several that were loaded together is judged by whether it is there.
        let is_error = is_error || slot.hooks.is_error(&value);
        let key = self.again.take()?;
        let now = slot.now();
        let lifetime = slot.lifetime(&key, &value, is_error, self.hash, now);
        let weight = slot.weigh(&key, &value);
        Some(Prepared {
            entry: Entry::new(key, value, lifetime),
            weight,
            at: (now, self.missed),
        })
    }

    #[inline]
    fn displaced(&self) -> Gone<'s, K, V> {
        self.slot.gone()
    }

    #[expect(
        clippy::inline_always,
        reason = "what is to be kept is made where it is handed on"
    )]
    #[inline(always)]
    fn commit(
        &mut self,
        prepared: Prepared<K, V>,
        is_wanted: impl Fn() -> bool,
        displaced: &mut Gone<'s, K, V>,
    ) -> Result<(), Prepared<K, V>> {
        self.slot
            .keep(self.hash, prepared, self.tags(), |_| is_wanted(), displaced)?;
        if let Some(replaced) = self.refreshes() {
            replaced.store(true, Relaxed);
        }
        Ok(())
    }

    fn has_room(&self, gone: &Gone<'s, K, V>) -> bool {
        let mut causes = gone.displaced.iter().map(|(_, _, cause)| cause);
        causes.all(|cause| cause != Cause::TooHeavy)
    }

    fn share(&mut self, answer: &R) -> Option<Parcel> {
        let share = self.share?;
        Some(share.pack(answer, self.slot.core.op))
    }

    fn accept(&mut self, shared: Parcel) -> Option<R> {
        self.share?.unpack(shared)
    }

    fn happened(&mut self, event: Event) {
        self.slot.core.count(match event {
            // It is not the run of a call.
            Event::Coalesced if self.refreshes().is_some() => return,
            Event::Coalesced => Count::Coalesced,
            Event::Cycle => Count::Cycle,
            Event::WaitExpired => Count::WaitExpired,
            Event::Deserted => Count::Deserted,
        });
    }
}

pin_project! {
    /// A body that runs without anybody waiting for it.
    pub(crate) struct Alone<'s, K: 'static, R, V: 'static, F> {
        rest: Option<(K, Landing<'s, K, R, V>)>,
        has_begun: bool,
        #[pin]
        body: F,
    }
}

impl<'s, K: Key, R, V: Keepable, F> Alone<'s, K, R, V, F> {
    pub(super) fn new(key: K, landing: Landing<'s, K, R, V>, body: F) -> Self {
        Self {
            rest: Some((key, landing)),
            has_begun: false,
            body,
        }
    }
}

impl<K: Key, R, V: Keepable, F: Future<Output = R>> Future for Alone<'_, K, R, V, F> {
    type Output = R;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        let this = self.project();
        if let Some((_, landing)) = this.rest
            && !std::mem::replace(this.has_begun, true)
        {
            landing.began_alone();
        }
        let answer = ready!(this.body.poll(cx));
        if let Some((key, mut landing)) = this.rest.take() {
            landing.keep(key, &answer);
        }
        Poll::Ready(answer)
    }
}
