//! A half-open breaker: who is let through, and what they find out.

use super::word::{LEVEL, OUT, PASSED, Word};
use super::{Admission, Change, Judged, Machine, Now, Pass, Verdict, Why};

impl Machine {
    /// A place for a call; nothing when the word has changed.
    pub(super) fn admit_probe(&self, word: Word, now: u64) -> Option<Admission> {
        let payload = word.payload();
        if self.is_room(payload) {
            let next = word.with(OUT.increased(payload));
            return self.swap(word, next).then(|| self.probe(next, now, None));
        }
        let generation = word.generation();
        let lease = self.rules.lease;
        match self.leased.left(generation, now) {
            // Whoever has taken a place has not come to say so yet.
            None => self.leased.begin(generation, now, lease),
            Some(0) => {
                let payload = OUT.set(LEVEL.set(0, LEVEL.get(payload)), 1);
                let next = word.next(word.phase(), payload);
                let change = self.change(word, next, Why::LeaseExpired)?;
                return Some(self.probe(next, now, Some(change)));
            }
            // The clock was set back. What is too far away for it counts as no time at all.
            Some(left)
                if left != u64::MAX && left > lease.saturating_add(super::time::MILLISECOND) =>
            {
                self.leased.begin(generation, now, lease);
            }
            Some(_) => {}
        }
        Some(Admission::rejected(u64::MAX))
    }

    /// Somebody has a place.
    pub(super) fn probe(&self, word: Word, now: u64, change: Option<Change>) -> Admission {
        self.leased.begin(word.generation(), now, self.rules.lease);
        Admission {
            change,
            ..Admission::of(Pass(word))
        }
    }

    pub(super) fn judge_probe(
        &self,
        pass: Pass,
        verdict: Verdict,
        is_slow: bool,
        now: Now<'_>,
    ) -> Judged {
        let too_slow = is_slow && self.rules.slow_share.is_some();
        loop {
            let word = self.word();
            if word.tag() != pass.0.tag() {
                return Judged::Late;
            }
            let payload = word.payload();
            let given_back = OUT.set(payload, OUT.get(payload).saturating_sub(1));
            let again = LEVEL.get(payload).saturating_add(1);
            let changed = match verdict {
                Verdict::Failure => self.open(word, again, Why::ProbeFailed, now()),
                Verdict::Success if too_slow => self.open(word, again, Why::ProbeFailed, now()),
                Verdict::Success => {
                    let payload = PASSED.increased(given_back);
                    if PASSED.get(payload) >= self.rules.successes {
                        self.close(word, Why::ProbesSucceeded)
                    } else if self.swap(word, word.with(payload)) {
                        return Judged::Taken(None);
                    } else {
                        None
                    }
                }
                Verdict::Neutral | Verdict::Cancelled => {
                    if self.swap(word, word.with(given_back)) {
                        return Judged::Taken(None);
                    }
                    None
                }
            };
            if changed.is_some() {
                return Judged::Taken(changed);
            }
        }
    }
}
