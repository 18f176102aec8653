//! One breaker for each key.
//!
//! A key is of a type of the user's, and so is the table of them; a function that is generic may have several. They are
//! found by the type of the key, in a list that only grows.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use super::books::Count;
use super::guard::fate_of;
use super::{Core, Fate};
use crate::classify::Class;
use crate::clock::coarse::glance::MARGIN;
use crate::ended::Ended;
use crate::parts::breaker::keys::{KeyCounts, KeyPass, Keys, Refused};
use crate::parts::breaker::{Pass, Phase};
use crate::parts::key::{Key, Lookup};
use crate::rejected::Rejected;

/// The tables of all types.
pub(super) struct AllKeys(OnceLock<Box<Node>>);

struct Node {
    typed: Arc<dyn Any + Send + Sync>,
    /// The same.
    untyped: Arc<dyn Untyped>,
    next: AllKeys,
}

impl Node {
    #[cold]
    fn of<K: Key>(core: &Core) -> Self {
        let keys = Arc::new(Keys::<K>::new(core.rules, core.max_keys));
        Self {
            typed: keys.clone(),
            untyped: keys,
            next: AllKeys::new(),
        }
    }
}

/// What can be asked of a table of any type.
trait Untyped: Send + Sync {
    fn counts(&self) -> KeyCounts;
    fn forget_all(&self);
}

impl<K: Key> Untyped for Keys<K> {
    fn counts(&self) -> KeyCounts {
        self.counts()
    }

    fn forget_all(&self) {
        self.forget_all();
    }
}

impl AllKeys {
    pub(super) const fn new() -> Self {
        Self(OnceLock::new())
    }

    fn each(&self) -> impl Iterator<Item = &dyn Untyped> {
        let nodes = std::iter::successors(self.0.get(), |node| node.next.0.get());
        nodes.map(|node| &*node.untyped)
    }

    /// Of all types together; nothing where there is no table.
    pub(super) fn counts(&self) -> Option<KeyCounts> {
        let counts = self.each().map(Untyped::counts);
        counts.reduce(|sum, counts| KeyCounts {
            keys: sum.keys + counts.keys,
            open: sum.open + counts.open,
        })
    }

    pub(super) fn forget_all(&self) {
        self.each().for_each(Untyped::forget_all);
    }
}

impl Core {
    /// The table of keys of this type.
    #[inline]
    pub(super) fn keys<K: Key>(&self) -> &Keys<K> {
        let mut list = &self.keys;
        loop {
            let node = match list.0.get() {
                Some(node) => node,
                None => list.0.get_or_init(|| Box::new(Node::of::<K>(self))),
            };
            if let Some(keys) = node.typed.downcast_ref() {
                return keys;
            }
            list = &node.next;
        }
    }

    /// Whether a call of this key may run.
    #[inline]
    pub(crate) fn admit_key<K: Key, L: Lookup<K>>(
        &self,
        lookup: L,
        start: u64,
    ) -> Result<KeyedPermit<'_, K, L>, Rejected> {
        let keys = self.keys();
        let well = (self.machine.pass_if_closed(), keys.pass_if_well(&lookup));
        if let (Some(whole), Some(pass)) = well {
            return Ok(KeyedPermit::new(self, keys, (pass, lookup), whole, start));
        }
        let (whole, held) = self.pass_of_some_key(keys, lookup)?;
        Ok(KeyedPermit::new(self, keys, held, whole, start))
    }

    /// Something counts against some key, or against all of them. The key is given back.
    #[cold]
    #[inline(never)]
    fn pass_of_some_key<K: Key, L: Lookup<K>>(
        &self,
        keys: &Keys<K>,
        lookup: L,
    ) -> Result<(Pass, (KeyPass, L)), Rejected> {
        let (whole, pass) = match self.machine.pass_if_closed() {
            Some(whole) => (whole, self.pass_of_key(keys, &lookup, false)?),
            None => self.pass_of_key_unless_closed(keys, &lookup)?,
        };
        Ok((whole, (pass, lookup)))
    }

    /// Somebody has taken the breaker of all keys in their hands.
    #[inline(never)]
    fn pass_of_key_unless_closed<K: Key, L: Lookup<K>>(
        &self,
        keys: &Keys<K>,
        lookup: &L,
    ) -> Result<(Pass, KeyPass), Rejected> {
        let whole = self
            .pass_unless_closed()
            .map_err(|when| self.rejected(when))?;
        let phase = self.machine.phase();
        let pass = if phase == Phase::Disabled {
            Ok(KeyPass::of_a_stranger())
        } else {
            self.pass_of_key(keys, lookup, phase.is_observed())
        };
        match pass {
            Ok(pass) => Ok((whole, pass)),
            Err(rejected) => {
                self.judge_whole(whole, Fate::Neutral);
                Err(rejected)
            }
        }
    }

    /// What became of a call, for all keys together: a probe of theirs has a place. Of other calls each key is judged, and
    /// not all of them together.
    #[inline]
    fn judge_whole(&self, whole: Pass, fate: Fate) {
        if whole.is_probe() && !self.machine.phase().is_observed() {
            self.judge_what_changes(whole, 0, fate);
        }
    }

    #[cold]
    #[inline(never)]
    fn judge_key<K: Key, L: Lookup<K>>(
        &self,
        keys: &Keys<K>,
        (pass, lookup): (KeyPass, L),
        (whole, start): (Pass, u64),
        fate: Fate,
    ) {
        self.judge_whole(whole, fate);
        let (verdict, is_slow) = self.verdict(fate, start);
        let judged = keys.judge(&lookup, pass, verdict, is_slow, || self.time.now());
        if judged.is_crowded {
            self.books.count(Count::KeyWithoutRoom);
        }
        self.note(judged.judged, fate, is_slow, true);
    }

    #[inline]
    fn pass_of_key<K: Key, L: Lookup<K>>(
        &self,
        keys: &Keys<K>,
        lookup: &L,
        is_observed: bool,
    ) -> Result<KeyPass, Rejected> {
        let (glance, now) = (self.time.glance(), || self.time.now());
        let admission = keys.admit_among(lookup, (glance, MARGIN), now);
        if let Some(change) = admission.change {
            self.books.count(Count::Probe);
            self.tell(change, true);
        }
        match admission.pass {
            Ok(pass) => Ok(pass),
            Err(_) if is_observed => {
                self.books.count(Count::WouldReject);
                Ok(KeyPass::of_a_stranger())
            }
            Err(Refused::Until(until)) => Err(self.rejected(self.reject_until(until))),
            Err(Refused::After { nanos, now }) => Err(self.rejected(self.reject_after(nanos, now))),
        }
    }
}

/// One call that the breaker of a key has let through.
#[must_use = "a call that is not judged counts as cancelled"]
pub struct KeyedPermit<'b, K, L> {
    core: &'b Core,
    keys: &'b Keys<K>,
    /// [`Core::judge_key`] of this key. Kept, so that what is no key is complained of where a permit is asked for, and not
    /// once more where it is used.
    judge: Judge<'b, K, L>,
    /// Taken when it is judged. What goes elsewhere then is by value, so that the permit itself need not be in memory.
    held: Option<(KeyPass, L)>,
    /// That of all keys together.
    whole: Pass,
    start: u64,
}

type Judge<'b, K, L> = fn(&'b Core, &'b Keys<K>, (KeyPass, L), (Pass, u64), Fate);

impl<'b, K, L> KeyedPermit<'b, K, L> {
    #[inline]
    const fn new(
        core: &'b Core,
        keys: &'b Keys<K>,
        held: (KeyPass, L),
        whole: Pass,
        start: u64,
    ) -> Self
    where
        K: Key,
        L: Lookup<K>,
    {
        Self {
            core,
            keys,
            judge: Core::judge_key,
            held: Some(held),
            whole,
            start,
        }
    }

    /// Judged by how the call ended, which is given on. Expansions call it.
    #[doc(hidden)]
    #[expect(
        clippy::inline_always,
        reason = "an answer in a function of its own is in memory"
    )]
    #[inline(always)]
    pub fn judge<A>(
        self,
        ended: Ended<A>,
        has_failed: impl FnOnce(&A) -> bool,
        class: impl FnOnce(&A) -> Option<Class>,
    ) -> Ended<A> {
        // As for a breaker without keys.
        match ended {
            Ended::Answered(answer) => {
                if has_failed(&answer) {
                    let lent = (answer,);
                    self.judge_failed(&lent, class);
                    return Ended::Answered(lent.0);
                }
                self.end(Fate::Success);
                Ended::Answered(answer)
            }
            Ended::Rejected(rejected) => {
                let fate = self.core.fate_of_rejection(&rejected);
                self.end(fate);
                Ended::Rejected(rejected)
            }
            Ended::Refused(answer, rejected) => {
                let fate = self.core.fate_of_rejection(&rejected);
                self.end(fate);
                Ended::Refused(answer, rejected)
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn judge_failed<A>(self, (answer,): &(A,), class: impl FnOnce(&A) -> Option<Class>) {
        // A class that panics is a panic of the call.
        let fate = fate_of(class(answer));
        self.end(fate);
    }

    /// As all that is not cold here in the caller: a permit that was handed on would be written and read again at once, in
    /// pieces of another size, for which a processor waits.
    #[expect(clippy::inline_always, reason = "see above")]
    #[inline(always)]
    pub(super) fn end(mut self, fate: Fate) {
        let Some(held) = self.held.take() else {
            return;
        };
        let is_quick = self.core.slow_ticks == u64::MAX && !self.whole.is_probe();
        if fate == Fate::Success && is_quick && self.keys.is_unchanged(&held.0) {
            return;
        }
        (self.judge)(self.core, self.keys, held, (self.whole, self.start), fate);
    }
}

impl<K, L> Drop for KeyedPermit<'_, K, L> {
    #[inline]
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            let call = (self.whole, self.start);
            dropped(self.core, self.keys, self.judge, held, call);
        }
    }
}

#[cold]
#[inline(never)]
fn dropped<'b, K, L>(
    core: &'b Core,
    keys: &'b Keys<K>,
    judge: Judge<'b, K, L>,
    held: (KeyPass, L),
    call: (Pass, u64),
) {
    judge(core, keys, held, call, Fate::of_a_drop());
}
