//! A circuit breaker: the decision, without sites and without waiting, with the time handed in.
//!
//! All of its state is one word ([`word`]): a phase, the generation of that phase, and what the phase counts. A call is
//! admitted under a generation and judged under it: a verdict on a call of an earlier one finds another word and changes
//! nothing, it is *late*.
//!
//! **Closed.** A success changes nothing in a history without failures, and so it writes nothing: it loads the word before
//! and after the body, and compares. Failures in a row are counted in the word. The last calls are bits in a [`ring`],
//! their sums in the word; the calls of the last while are in [`slots`] of time. Only what counts against it opens a
//! breaker, never a success.
//!
//! **Open.** Until a time, which is in the word. Nobody waits for it: the first call that comes after it makes the breaker
//! half-open, and is the first probe in the same compare-and-swap. Each time it opens without having been closed it stays
//! open twice as long, up to a limit, give or take a tenth, so that those who failed together do not come back together.
//!
//! **Half-open.** As many probes as there are places; a place is taken by compare-and-swap when the call is admitted, and
//! given back by its verdict. One failure opens it again, enough successes close it, and a call that says nothing gives
//! its place back. Where all places are taken for longer than the *lease*, a new generation begins, and those who hold
//! them are late.
//!
//! **By hand** it can be held open, left out, or observed: then it changes as ever, and rejects nobody.
//!
//! Times are nanoseconds of any clock. Where that leaps forwards, the breaker is half-open sooner. Where it leaps back, a
//! breaker is open, or a probe out, for at most as long again as it was meant to be.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::Ordering::{AcqRel, Acquire};

mod by_hand;
mod closed;
mod half_open;
pub(crate) mod keys;
mod ring;
pub(crate) mod rules;
mod said;
mod slots;
mod sync;
#[cfg(test)]
mod tests;
mod time;
mod word;

use self::ring::Ring;
use self::rules::{Failures, Layout, Rules, Window};
pub(crate) use self::said::{Admission, Change, Judged, Pass, Verdict, View, Why};
use self::slots::{Slots, Sums};
use self::sync::AtomicU64;
use self::time::Term;
use self::word::{LEVEL, NEVER, OUT, PASSED, Word};
pub(crate) use self::word::{Phase, is_later};

/// What no word looks like.
const NOTHING: u64 = u64::MAX;

/// Reads the time, for who needs it.
type Now<'n> = &'n dyn Fn() -> u64;

/// See the module.
pub(crate) struct Machine {
    word: AtomicU64,
    /// The payload of a closed breaker that a success leaves as it is.
    clean: u64,
    /// The same where it does not matter how long the call took.
    surely_clean: u64,
    rules: Rules,
    layout: Layout,
    history: History,
    /// For how long the breaker is open, and how often it was opened without a success.
    opened: Term,
    /// Until when a probe has its place.
    leased: Term,
    /// What the jitter depends on, besides the generation.
    seed: u64,
}

/// What a closed breaker knows of the calls in its window.
enum History {
    None,
    Calls(Ring),
    Time(Box<Slots>),
}

impl Machine {
    /// A closed breaker.
    pub(crate) fn new(rules: Rules) -> Self {
        Self::starting(rules, Phase::Closed)
    }

    /// One that begins otherwise: closed or observed, held open, or left out.
    pub(crate) fn starting(rules: Rules, phase: Phase) -> Self {
        Self::seeded(rules, phase, RandomState::new().hash_one(0_u8))
    }

    fn seeded(rules: Rules, phase: Phase, seed: u64) -> Self {
        let rules = rules.possible();
        let layout = Layout::of(&rules);
        let (history, clean) = match rules.window {
            Window::None => (History::None, 0),
            Window::Calls(calls) => (
                History::Calls(Ring::new(calls)),
                layout.filled.set(0, calls),
            ),
            // Successes count, too.
            Window::Time(window) => (History::Time(Box::new(Slots::new(window))), NOTHING),
        };
        Self {
            word: AtomicU64::new(Word::new(phase, 0, 0).0),
            clean,
            surely_clean: if rules.slow_share.is_some() {
                NOTHING
            } else {
                clean
            },
            rules,
            layout,
            history,
            opened: Term::new(),
            leased: Term::new(),
            seed,
        }
    }

    /// Whether a call may run. `now` is asked for unless the breaker is closed.
    #[inline]
    pub(crate) fn admit(&self, now: impl FnOnce() -> u64) -> Admission {
        let word = self.word();
        if word.is_closed() {
            return Admission::of(Pass(word));
        }
        self.admit_unless_closed(now())
    }

    /// The pass of a closed breaker.
    #[inline]
    pub(crate) fn pass_if_closed(&self) -> Option<Pass> {
        let word = self.word();
        word.is_closed().then_some(Pass(word))
    }

    /// After how many nanoseconds it is worth asking again, where there is nothing to decide: it is open, and the time it is
    /// open until has not come.
    #[inline]
    pub(crate) fn refused(&self, now: u64) -> Option<u64> {
        let word = self.word();
        let (generation, meant) = self.opened.last();
        if !word.is_open_in(generation) || word.payload() == NEVER {
            return None;
        }
        // One comparison for both: what is over is far more than it was meant to be.
        let left = time::until(word.payload()).wrapping_sub(now);
        (left.wrapping_sub(1) < time::most_left(meant)).then_some(left)
    }

    /// Until when it is open, in nanoseconds, where that is further away than a `margin` from a time that is not later than
    /// now, both in milliseconds. A time that is anything else says nothing.
    #[inline]
    pub(crate) fn refused_until(&self, at_least: u64, margin: u64) -> Option<u64> {
        let word = self.word();
        let (generation, meant) = self.opened.last();
        if !word.is_open_in(generation) {
            return None;
        }
        // As above. What never ends is further away than anything can be meant to.
        let beyond = word.payload().wrapping_sub(at_least.wrapping_add(margin));
        let most = (meant + 1).saturating_sub(margin);
        (beyond.wrapping_sub(1) < most).then(|| time::until(word.payload()))
    }

    #[inline(never)]
    pub(crate) fn admit_unless_closed(&self, now: u64) -> Admission {
        loop {
            let word = self.word();
            let phase = word.phase();
            let admission = match phase {
                Phase::Closed | Phase::ObservedClosed | Phase::Disabled => {
                    Some(Admission::of(Pass(word)))
                }
                Phase::ForcedOpen => Some(Admission::rejected(u64::MAX)),
                Phase::Open | Phase::ObservedOpen => self.admit_while_open(word, now),
                Phase::HalfOpen | Phase::ObservedHalfOpen => self.admit_probe(word, now),
            };
            if let Some(admission) = admission {
                return if phase.is_observed() {
                    admission.observed(word)
                } else {
                    admission
                };
            }
        }
    }

    /// Nothing when the word has changed.
    fn admit_while_open(&self, word: Word, now: u64) -> Option<Admission> {
        let until = word.payload();
        if until == NEVER {
            return Some(Admission::rejected(u64::MAX));
        }
        let left = time::until(until).saturating_sub(now);
        let (level, meant) = self.opened.of(word.generation()).unwrap_or((0, u64::MAX));
        if left == 0 {
            let payload = OUT.set(LEVEL.set(0, level), 1);
            let next = word.next(word.phase().half_open(), payload);
            let change = self.change(word, next, Why::TimeIsUp)?;
            return Some(self.probe(next, now, Some(change)));
        }
        if left > time::most_left(meant) {
            // The clock was set back.
            let until = time::deadline(now, meant.saturating_mul(time::MILLISECOND));
            self.swap(word, word.with(until));
            return None;
        }
        Some(Admission::rejected(left))
    }

    /// What became of a call. `now` is asked for where that depends on it.
    #[inline]
    pub(crate) fn judge(
        &self,
        pass: Pass,
        verdict: Verdict,
        is_slow: bool,
        now: impl Fn() -> u64,
    ) -> Judged {
        if verdict == Verdict::Success && !is_slow && self.is_unchanged(pass) {
            return Judged::Taken(None);
        }
        self.judge_what_changes(pass, verdict, is_slow, &now)
    }

    /// Whether a success of a call that was quick enough leaves everything as it is.
    ///
    /// What is half-open never looks like it: in its word there is a place of the call.
    #[inline]
    pub(crate) fn is_unchanged(&self, pass: Pass) -> bool {
        self.word.load(Acquire) == pass.0.tag() | self.clean
    }

    /// The same of a success of which it is not known how long it took.
    #[inline]
    pub(crate) fn is_surely_unchanged(&self, pass: Pass) -> bool {
        self.word.load(Acquire) == pass.0.tag() | self.surely_clean
    }

    #[inline(never)]
    pub(crate) fn judge_what_changes(
        &self,
        pass: Pass,
        verdict: Verdict,
        is_slow: bool,
        now: Now<'_>,
    ) -> Judged {
        let phase = pass.0.phase();
        if phase.is_closed() {
            self.judge_call(pass, verdict, is_slow, now)
        } else if phase.is_half_open() {
            self.judge_probe(pass, verdict, is_slow, now)
        } else {
            Judged::Ignored
        }
    }

    /// What it is at `now`.
    pub(crate) fn view(&self, now: u64) -> View {
        let word = self.word();
        let (phase, payload) = (word.phase(), word.payload());
        let mut view = View {
            phase,
            generation: word.generation(),
            next_probe: None,
            calls: 0,
            failures: 0,
            slow: 0,
            probes: 0,
        };
        match phase {
            Phase::Closed | Phase::ObservedClosed => {
                let sums = self.sums(word, now);
                (view.calls, view.failures, view.slow) = (sums.calls, sums.failures, sums.slow);
            }
            Phase::Open | Phase::ObservedOpen => {
                let left = time::until(payload).saturating_sub(now);
                view.next_probe = (payload != NEVER).then_some(left);
            }
            Phase::HalfOpen | Phase::ObservedHalfOpen => view.probes = OUT.get(payload),
            Phase::ForcedOpen | Phase::Disabled => {}
        }
        view
    }

    /// What is in the window of a closed breaker.
    fn sums(&self, word: Word, now: u64) -> Sums {
        let payload = word.payload();
        let counted = Sums {
            calls: self.layout.filled.get(payload),
            failures: self.layout.failures.get(payload),
            slow: self.layout.slow.get(payload),
        };
        let History::Time(slots) = &self.history else {
            return counted;
        };
        let mut sums = slots.sums(word.generation(), now);
        if let Failures::InARow(_) = self.rules.failures {
            sums.failures = counted.failures;
        }
        sums
    }

    /// Whether it has ever been anything but closed, or was made new by hand.
    fn has_been_open(&self) -> bool {
        self.word().generation() != 0
    }

    /// Whether a call that was admitted so is not late.
    fn is_of(&self, pass: Pass) -> bool {
        self.word().tag() == pass.0.tag()
    }

    pub(crate) fn phase(&self) -> Phase {
        self.word().phase()
    }

    /// Whether it is closed, with nothing that counts against it. What is open, or left out, is not.
    pub(crate) fn is_idle(&self, now: u64) -> bool {
        let word = self.word();
        let sums = self.sums(word, now);
        let cancelled = self.layout.cancelled.get(word.payload());
        word.phase().is_closed() && sums.failures == 0 && sums.slow == 0 && cancelled == 0
    }

    #[inline]
    fn word(&self) -> Word {
        Word(self.word.load(Acquire))
    }

    /// Whether the word was `from`, and is now `to`.
    fn swap(&self, from: Word, to: Word) -> bool {
        let swapped = self.word.compare_exchange(from.0, to.0, AcqRel, Acquire);
        swapped.is_ok()
    }

    /// Begins a phase; nothing when the word has changed.
    fn change(&self, from: Word, to: Word, why: Why) -> Option<Change> {
        self.swap(from, to).then(|| Change {
            from: from.phase(),
            to: to.phase(),
            why,
            generation: to.generation(),
        })
    }

    /// Opens it; nothing when the word has changed. `level` says how often that was without a success in between.
    fn open(&self, from: Word, level: u64, why: Why, now: u64) -> Option<Change> {
        let generation = from.generation().wrapping_add(1);
        let rules = &self.rules;
        let open = time::grown(rules.reset, rules.max_reset, level, self.seed ^ generation);
        self.open_for(from, open, level, why, now)
    }

    fn open_for(&self, from: Word, open: u64, level: u64, why: Why, now: u64) -> Option<Change> {
        let next = from.next(from.phase().open(), time::deadline(now, open));
        let change = self.change(from, next, why)?;
        self.opened
            .set(next.generation(), level, time::millis(open));
        Some(change)
    }

    fn close(&self, from: Word, why: Why) -> Option<Change> {
        self.change(from, from.next(from.phase().closed(), 0), why)
    }

    /// How many successes close it, and how many may be out or have succeeded until then.
    fn is_room(&self, payload: u64) -> bool {
        let (out, passed) = (OUT.get(payload), PASSED.get(payload));
        let most = self.rules.probes.max(self.rules.successes);
        out < self.rules.probes && out + passed < most
    }
}
