//! The site of an attribute that keeps answers: a call of its function looks for the answer in two steps.
//!
//! The first is all of a usual hit, and calls nothing but the answer's `Clone`. All else is in a closure [`apart`]: so
//! the function around both has next to no registers to save and no answers in memory, which was a quarter of a hit.

use crate::cache::{Access, Hooks, Looked};
use crate::kept::Kept;
use crate::parts::key::{Key, Lookup};
use crate::site::{Instrument, Site};

/// An instrument that keeps answers.
pub trait Answers: Instrument {
    /// The way of its calls to its cache.
    fn access(&self) -> &Access;
}

/// `hooks` is a closure inside of the function, by which its instances are told apart; it is called once for each of them.
#[expect(
    clippy::needless_pass_by_value,
    reason = "what is looked for is made for one call, of a few references"
)]
impl<I: Answers> Site<I> {
    /// What is kept under a key, in the usual case, which is that of nearly all hits.
    ///
    /// # Errors
    /// The `hooks` again, where there is more to do than that.
    #[expect(
        clippy::inline_always,
        reason = "there is one place for each function, and a call from there costs as much as the hash"
    )]
    #[inline(always)]
    pub fn find<K, A, L, H>(&'static self, hooks: H, lookup: L) -> Result<A::Answer, H>
    where
        K: Key,
        A: Kept,
        L: Lookup<K>,
        H: FnOnce() -> Hooks<K, A::Value> + 'static,
    {
        match self.peek() {
            Some(built) => built.access().find::<K, A, L, H>(hooks, lookup),
            None => Err(hooks),
        }
    }

    /// The same if the call `looks` at all.
    ///
    /// # Errors
    /// As there, and where it does not.
    #[expect(
        clippy::inline_always,
        reason = "there is one place for each function, and a call from there costs as much as the hash"
    )]
    #[inline(always)]
    pub fn find_if<K, A, L, H>(
        &'static self,
        looks: bool,
        hooks: H,
        lookup: L,
    ) -> Result<A::Answer, H>
    where
        K: Key,
        A: Kept,
        L: Lookup<K>,
        H: FnOnce() -> Hooks<K, A::Value> + 'static,
    {
        if looks {
            self.find::<K, A, L, H>(hooks, lookup)
        } else {
            Err(hooks)
        }
    }

    /// What is kept under a key, or the way to it, where nothing was [found](Self::find).
    pub fn look_further<K, A, L, H>(
        &'static self,
        hooks: H,
        lookup: L,
    ) -> Looked<'static, K, A::Answer, A::Value>
    where
        K: Key,
        A: Kept,
        L: Lookup<K>,
        H: FnOnce() -> Hooks<K, A::Value> + 'static,
    {
        let slot = self.get().access().slot(hooks);
        slot.look_further::<A, L>(&lookup)
    }

    /// What is kept under a key, or the way to it, in one step.
    #[expect(
        clippy::inline_always,
        reason = "there is one place for each function, and a call from there costs as much as the hash"
    )]
    #[inline(always)]
    pub fn look_up<K, A, L, H>(
        &'static self,
        hooks: H,
        lookup: L,
    ) -> Looked<'static, K, A::Answer, A::Value>
    where
        K: Key,
        A: Kept,
        L: Lookup<K>,
        H: FnOnce() -> Hooks<K, A::Value> + 'static,
    {
        let slot = self.get().access().slot(hooks);
        slot.look_up::<A, L>(&lookup)
    }

    /// A call that is not to be looked up.
    #[inline]
    #[must_use]
    pub fn bypass<K: Key, A: Kept>(&'static self) -> Looked<'static, K, A::Answer, A::Value> {
        self.get().access().bypass::<K, A>()
    }
}

/// The first step of a future, in a function of its own. What is left of a poll is so small that it becomes a part of
/// whoever polls, who knows that it is the first time.
#[inline(never)]
pub fn at_once<R>(run: impl FnOnce() -> R) -> R {
    run()
}

/// What a hit does not do.
#[cold]
#[inline(never)]
pub fn apart<R>(run: impl FnOnce() -> R) -> R {
    run()
}
