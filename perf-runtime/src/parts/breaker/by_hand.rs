//! What a hand does to a breaker. Each is a new generation: calls that run now are late.

use super::word::{NEVER, Phase, Word};
use super::{Change, Machine, Why, time};

impl Machine {
    /// Into a phase: closed, observed, held open, or left out.
    pub(crate) fn put(&self, phase: Phase) -> Change {
        self.by_hand(|word| word.next(phase, 0))
    }

    /// Opens it for so many nanoseconds, whatever it is now.
    pub(crate) fn trip(&self, now: u64, time: u64) -> Change {
        let until = time::deadline(now, time);
        let change = self.by_hand(|word| word.next(word.phase().open(), until));
        if until != NEVER {
            self.opened.set(change.generation, 0, time::millis(time));
        }
        change
    }

    fn by_hand(&self, next: impl Fn(Word) -> Word) -> Change {
        loop {
            let word = self.word();
            if let Some(change) = self.change(word, next(word), Why::ByHand) {
                return change;
            }
        }
    }
}
