//! How many repetitions a function may afford: a share of its calls, and a few whatever it is called.
//!
//! A bucket of tokens. Each first attempt puts in a part of a token (a tenth, say), time puts in the *floor*, and a
//! repetition takes one out or is not made. It holds what the floor gives in ten seconds. When everything fails, the load
//! on who is asked grows by the share and not by the number of attempts (the budgets of Finagle and of gRPC's A6).
//!
//! **A first attempt costs nothing while the bucket is full**, because what it would put in runs over. So first attempts
//! are counted from the moment somebody takes a token until the bucket has filled up again; in between, a call reads one
//! flag. They are counted on stripes and put in together by whoever needs them next, which gives the same sum: between two
//! who take, the bucket only fills.
//!
//! The bucket is one number: when it will be full, if only time goes on.

use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed},
};

use crate::parts::counter::Counters;

#[cfg(test)]
mod tests;

/// How long the floor takes to fill the bucket.
const FILLING_NS: u64 = 10_000_000_000;
/// After how many first attempts of a thread somebody looks whether the bucket is full again.
const LOOK_EVERY: u64 = 256;

/// See the module.
pub(crate) struct Budget {
    /// The time in which the floor gives one token.
    token_ns: u64,
    /// The time in which it gives what a first attempt puts in.
    share_ns: u64,
    /// When the bucket will be full.
    full_at: AtomicU64,
    /// Whether it is not full, as far as anybody has looked.
    is_watching: AtomicBool,
    firsts: Counters<1>,
    /// How many of the first attempts have been put in.
    put_in: AtomicU64,
}

impl Budget {
    /// A full bucket. `share` is of first attempts; what is no number between 0 and 1 is the nearest that is. `floor` is
    /// how many tokens a second gives, at least one.
    pub(crate) fn new(share: f64, floor: u32) -> Self {
        let token_ns = 1_000_000_000 / u64::from(floor.clamp(1, 1_000_000_000));
        Self {
            token_ns,
            share_ns: part(token_ns, share),
            full_at: AtomicU64::new(0),
            is_watching: AtomicBool::new(false),
            firsts: Counters::new(),
            put_in: AtomicU64::new(0),
        }
    }

    /// A first attempt begins. True now and then, when it is time to [look](Budget::look).
    #[inline]
    pub(crate) fn first(&self) -> bool {
        self.is_watching.load(Relaxed) && self.count()
    }

    #[inline(never)]
    fn count(&self) -> bool {
        self.firsts.here().count(0).is_multiple_of(LOOK_EVERY)
    }

    /// Stops counting first attempts when the bucket is full again, which it says. `now` is in nanoseconds since any start.
    pub(crate) fn look(&self, now: u64) -> bool {
        let is_full = self.fill(now, 0);
        if is_full {
            // Who takes a token at this very moment may find its flag taken down; what is put in until the next one
            // takes is lost then.
            self.is_watching.store(false, Relaxed);
        }
        is_full
    }

    /// Takes a token for a repetition; false when there is none.
    ///
    /// A clock that goes back empties the bucket at worst.
    pub(crate) fn take(&self, now: u64) -> bool {
        let granted = self.fill(now, self.token_ns);
        self.is_watching.store(true, Relaxed);
        granted
    }

    /// Puts in what is due and takes out `tokens_ns`; false when that is more than there is, and it is left. With nothing
    /// to take: whether the bucket is full.
    fn fill(&self, now: u64, tokens_ns: u64) -> bool {
        let firsts = self.firsts.ever(0);
        let new = firsts.saturating_sub(self.put_in.fetch_max(firsts, AcqRel));
        let put_in = new.saturating_mul(self.share_ns);
        let empty = now.saturating_add(FILLING_NS);
        let filled = |full_at: u64| full_at.saturating_sub(put_in).clamp(now, empty);
        let after = |full_at: u64| match filled(full_at).saturating_add(tokens_ns) {
            taken if taken <= empty => (taken, true),
            _ => (filled(full_at), false),
        };
        let mut full_at = self.full_at.load(Acquire);
        loop {
            let (new, granted) = after(full_at);
            match self
                .full_at
                .compare_exchange_weak(full_at, new, AcqRel, Acquire)
            {
                Ok(_) if tokens_ns == 0 => return new <= now,
                Ok(_) => return granted,
                Err(other) => full_at = other,
            }
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of at most a second, which need not be exact"
)]
fn part(token_ns: u64, share: f64) -> u64 {
    // A share that is no number is none.
    let share = if share.is_nan() { 0.0 } else { share };
    (token_ns as f64 * share.clamp(0.0, 1.0)).round() as u64
}
