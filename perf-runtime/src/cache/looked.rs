//! What a call has found, and how it goes on from there.

use std::future::Future;
use std::pin::Pin;

use super::future::{Begun, Loading};
use super::hooks::Tags;
use super::landing::{Alone, Landing};
use super::refresh::Refresh;
use crate::kept::{Keepable, Share};
use crate::parts::key::Key;

/// What is kept under a key, or the way to it.
pub enum Looked<'s, K: 'static, R, V: 'static> {
    /// The answer.
    Found(R),
    /// There is none.
    Missing(Missing<'s, K, R, V>),
    /// Nobody looked.
    Bypassed,
}

/// A call that has to run its body, or to wait for another one that does.
pub struct Missing<'s, K: 'static, R, V: 'static> {
    pub(super) key: K,
    pub(super) landing: Landing<'s, K, R, V>,
}

// The bounds are asked for by each method, in the same words as by `look_up`: what does not hold there is complained about
// there, and not once more because there is no such method.
impl<'s, K: 'static, R, V: 'static> Looked<'s, K, R, V> {
    /// The answer: what was found, else that of `body`, which is kept unless it is an error.
    ///
    /// `is_error` is asked of an answer that is to be kept; `share` says how one that is not is that of those who waited
    /// for it. Blocks while another call runs the body. A panic of `body` passes through.
    #[expect(
        clippy::inline_always,
        reason = "an answer in a function of its own is in memory"
    )]
    #[inline(always)]
    pub fn or_load(
        mut self,
        is_error: fn(&R) -> bool,
        share: Option<Share<R>>,
        body: impl FnOnce() -> R,
    ) -> R
    where
        K: Key,
        V: Keepable,
    {
        match self {
            Self::Found(answer) => answer,
            // Left where it is: it is larger than all the rest of a call.
            Self::Missing(Missing {
                key,
                ref mut landing,
            }) => landing.load(key, is_error, share, body),
            Self::Bypassed => body(),
        }
    }

    /// The same for a body that is a future.
    ///
    /// What was found is the answer of the first poll. Cancel safe as the body is: dropped while it runs the body for
    /// others, one of them runs its own.
    #[expect(
        clippy::inline_always,
        reason = "an answer in a function of its own is in memory"
    )]
    #[inline(always)]
    pub fn or_load_async<F: Future<Output = R>>(
        self,
        is_error: fn(&R) -> bool,
        share: Option<Share<R>>,
        body: F,
    ) -> Begun<R, Loading<'s, K, R, V, F>>
    where
        K: Key,
        V: Keepable,
    {
        match self {
            Self::Found(answer) => Begun::Answered(answer),
            Self::Missing(missing) => Begun::Runs(missing.begin(is_error, share, body)),
            Self::Bypassed => Begun::Runs(bypassed(body)),
        }
    }
}

impl<'s, K: Key, R, V: Keepable> Missing<'s, K, R, V> {
    /// The answer of `body`, or of another call that runs it.
    pub(super) fn load(
        mut self,
        is_error: fn(&R) -> bool,
        share: Option<Share<R>>,
        body: impl FnOnce() -> R,
    ) -> R {
        self.landing.load(self.key, is_error, share, body)
    }

    /// Apart from the call that has found nothing, so that what is left of one that has found something is small.
    #[cold]
    #[inline(never)]
    pub(super) fn begin<F: Future<Output = R>>(
        self,
        is_error: fn(&R) -> bool,
        share: Option<Share<R>>,
        body: F,
    ) -> Pin<Box<Loading<'s, K, R, V, F>>> {
        Box::pin(self.load_async(is_error, share, body))
    }

    fn load_async<F: Future<Output = R>>(
        self,
        is_error: fn(&R) -> bool,
        share: Option<Share<R>>,
        body: F,
    ) -> Loading<'s, K, R, V, F> {
        let Self { key, mut landing } = self;
        landing.judged_by(is_error, share);
        let slot = landing.slot();
        if slot.settings.coalesces {
            let hash = landing.hash();
            return Loading::flying(slot.flights.run_async(hash, key, landing, body));
        }
        Loading::alone(Alone::new(key, landing, body))
    }
}

#[cold]
#[inline(never)]
fn bypassed<'s, K: Key, R, V: Keepable, F>(body: F) -> Pin<Box<Loading<'s, K, R, V, F>>> {
    Box::pin(Loading::bypassed(body))
}

/// Asks which tags the answer will carry, of a call that will make one.
#[inline]
pub fn tagged<L: Carries>(mut looked: L, tell: impl FnOnce(&mut Tags)) -> L {
    looked.carry(|| {
        let mut tags = Tags::new();
        tell(&mut tags);
        tags
    });
    looked
}

/// What an answer may come of.
pub trait Carries {
    /// Asks for the tags where one does.
    fn carry(&mut self, tags: impl FnOnce() -> Tags);
}

impl<K: Key, R, V: Keepable> Carries for Looked<'_, K, R, V> {
    #[inline]
    fn carry(&mut self, tags: impl FnOnce() -> Tags) {
        if let Self::Missing(missing) = self {
            missing.landing.carry(tags().into_tags());
        }
    }
}

impl<K: Key, R, V: Keepable> Carries for (Looked<'_, K, R, V>, Option<Refresh<K, R, V>>) {
    #[inline]
    fn carry(&mut self, tags: impl FnOnce() -> Tags) {
        match self {
            (_, Some(refresh)) => refresh.carry(tags().into_tags()),
            (looked, None) => looked.carry(tags),
        }
    }
}
