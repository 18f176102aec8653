//! The way of an annotated function to its cache, on every call.

use super::hooks::Hooks;
use super::looked::Looked;
use super::slot::Slot;
use super::{Core, Count, Refreshed, Settings};
use crate::beside::Shared;
use crate::kept::{Keepable, Kept};
use crate::parts::key::{Key, Lookup};
use crate::parts::known::Known;
use crate::snapshot::Meta;

/// See the module.
pub struct Access {
    core: &'static Core,
    /// The slot of the instance that called first, which is the only one of most functions.
    known: Known,
    /// The same where its hits are [plain](Slot::is_plain).
    plain: Known,
}

impl Access {
    pub(crate) fn new(meta: &'static Meta, settings: fn() -> Settings) -> Self {
        Self {
            core: Core::of_function(meta, settings),
            known: Known::new(),
            plain: Known::new(),
        }
    }

    pub(crate) fn core(&self) -> &'static Core {
        self.core
    }

    /// The slot of the function's instance that `hooks` is a closure of.
    #[inline]
    pub(crate) fn slot<K, V, H>(&self, hooks: H) -> &'static Slot<K, V>
    where
        K: Key,
        V: Keepable,
        H: FnOnce() -> Hooks<K, V> + 'static,
    {
        match self.known.get::<H, Slot<K, V>>() {
            Some(slot) => slot,
            None => self.learn(hooks),
        }
    }

    #[cold]
    #[inline(never)]
    fn learn<K, V, H>(&self, hooks: H) -> &'static Slot<K, V>
    where
        K: Key,
        V: Keepable,
        H: FnOnce() -> Hooks<K, V> + 'static,
    {
        let slot = self.core.slots.of(self.core, hooks);
        self.known.set::<H, Slot<K, V>>(slot);
        if slot.is_plain() {
            self.plain.set::<H, Slot<K, V>>(slot);
        }
        slot
    }

    /// What is kept under a key, in the usual case, which is that of nearly all hits; else the `hooks` again. The answer's
    /// clone aside, nothing is called.
    #[expect(
        clippy::inline_always,
        reason = "there is one place for each function, and a call from there costs as much as the hash"
    )]
    #[inline(always)]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "it is made for this one call, of a few references"
    )]
    pub(crate) fn find<K, A, L, H>(&self, hooks: H, lookup: L) -> Result<A::Answer, H>
    where
        K: Key,
        A: Kept,
        L: Lookup<K>,
        H: FnOnce() -> Hooks<K, A::Value> + 'static,
    {
        let plain = self.plain.get::<H, Slot<K, A::Value>>();
        let found = plain.and_then(|slot| slot.find_at_once(&lookup));
        found.map(A::join).ok_or(hooks)
    }

    /// What is kept under a key, or the way to it, and with it the refresh of what was found, if it is time for it and nobody
    /// else has it. An error is not refreshed.
    #[inline]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "it is made for this one call, of a few references"
    )]
    pub(crate) fn look_up_or_refresh<K, A, L, H>(
        &self,
        hooks: H,
        lookup: L,
        is_error: fn(&A::Answer) -> bool,
    ) -> Refreshed<K, A::Answer, A::Value>
    where
        K: Key,
        A: Kept,
        L: Lookup<K>,
        H: FnOnce() -> Hooks<K, A::Value> + 'static,
    {
        self.slot(hooks)
            .look_up_or_refresh::<A, L>(&lookup, is_error)
    }

    /// A call that is not to be looked up.
    #[inline]
    pub(crate) fn bypass<K: Key, A: Kept>(&self) -> Looked<'static, K, A::Answer, A::Value> {
        self.core.count(Count::Bypassed);
        Looked::Bypassed
    }
}
