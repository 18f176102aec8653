//! A closed breaker: what a verdict adds to its history, and when that is too much.

use super::ring::Mark;
use super::rules::{Failures, Rules};
use super::slots::Sums;
use super::{Change, History, Judged, Machine, Now, Pass, Verdict, Why};

/// What a verdict makes of the word.
enum Next {
    Counts(u64),
    Opens(Why),
}

impl Machine {
    pub(super) fn judge_call(
        &self,
        pass: Pass,
        verdict: Verdict,
        is_slow: bool,
        now: Now<'_>,
    ) -> Judged {
        let mark = Mark {
            failure: verdict == Verdict::Failure,
            slow: is_slow && self.rules.slow_share.is_some(),
        };
        match verdict {
            Verdict::Neutral => self.unless_late(pass),
            Verdict::Cancelled => self.count(pass, now, |payload| self.cancelled(payload)),
            Verdict::Success | Verdict::Failure => self.ended(pass, mark, now),
        }
    }

    fn unless_late(&self, pass: Pass) -> Judged {
        if self.word().tag() == pass.0.tag() {
            Judged::Taken(None)
        } else {
            Judged::Late
        }
    }

    /// A call that ended.
    fn ended(&self, pass: Pass, mark: Mark, now: Now<'_>) -> Judged {
        if self.word().tag() != pass.0.tag() {
            return Judged::Late;
        }
        let generation = pass.0.generation();
        let Rules { failures, .. } = self.rules;
        let in_a_row = matches!(failures, Failures::InARow(_));
        // Failures in a row are not in the window, which has the slow calls alone then.
        let counted = Mark {
            failure: mark.failure && !in_a_row,
            ..mark
        };
        match &self.history {
            History::None => self.count(pass, now, |payload| {
                let payload = self.in_a_row(payload, mark.failure);
                self.next(payload, mark, Sums::default())
            }),
            History::Calls(ring) => {
                let Some(change) = ring.push(generation, counted) else {
                    return Judged::Late;
                };
                self.count(pass, now, |payload| {
                    let layout = &self.layout;
                    let mut payload = layout.slow.moved(payload, change.slow);
                    payload = if in_a_row {
                        self.in_a_row(payload, mark.failure)
                    } else {
                        layout
                            .cancelled
                            .set(layout.failures.moved(payload, change.failures), 0)
                    };
                    let filled = layout.filled.get(payload);
                    if filled < self.window() {
                        payload = layout.filled.set(payload, filled + 1);
                    }
                    let sums = Sums {
                        calls: layout.filled.get(payload),
                        failures: layout.failures.get(payload),
                        slow: layout.slow.get(payload),
                    };
                    self.next(payload, mark, sums)
                })
            }
            History::Time(slots) => {
                let now = now();
                slots.push(generation, now, counted);
                let matters = mark.slow || counted.failure;
                let sums = if matters {
                    slots.sums(generation, now)
                } else {
                    Sums::default()
                };
                self.count(pass, &|| now, |payload| {
                    let payload = if in_a_row {
                        self.in_a_row(payload, mark.failure)
                    } else {
                        self.layout.cancelled.set(payload, 0)
                    };
                    self.next(payload, mark, sums)
                })
            }
        }
    }

    fn window(&self) -> u64 {
        match self.rules.window {
            super::Window::Calls(calls) => calls,
            _ => 0,
        }
    }

    /// One more failure in a row, or none any more; and nobody has given up since.
    fn in_a_row(&self, payload: u64, failure: bool) -> u64 {
        let Self { layout, .. } = self;
        let payload = layout.cancelled.set(payload, 0);
        if failure {
            layout.failures.increased(payload)
        } else {
            layout.failures.set(payload, 0)
        }
    }

    /// Whether what the verdict has been added to is too much. A success is never what opens a breaker.
    fn next(&self, payload: u64, mark: Mark, sums: Sums) -> Next {
        let Rules {
            failures,
            min_calls,
            slow_share,
            ..
        } = self.rules;
        let enough = sums.calls >= min_calls;
        match failures {
            Failures::InARow(most) => {
                if mark.failure && self.layout.failures.get(payload) >= most {
                    return Next::Opens(Why::FailuresInARow);
                }
            }
            Failures::Share(share) => {
                let much = Rules::is_too_much(share, sums.failures, sums.calls);
                if mark.failure && enough && much {
                    return Next::Opens(Why::FailureRate);
                }
            }
        }
        if let Some(share) = slow_share
            && mark.slow
            && enough
            && Rules::is_too_much(share, sums.slow, sums.calls)
        {
            return Next::Opens(Why::SlowRate);
        }
        Next::Counts(payload)
    }

    fn cancelled(&self, payload: u64) -> Next {
        let Some(most) = self.rules.cancelled else {
            return Next::Counts(payload);
        };
        let payload = self.layout.cancelled.increased(payload);
        if self.layout.cancelled.get(payload) >= most {
            Next::Opens(Why::CancelledInARow)
        } else {
            Next::Counts(payload)
        }
    }

    /// Brings what a verdict makes of it into the word.
    fn count(&self, pass: Pass, now: Now<'_>, next: impl Fn(u64) -> Next) -> Judged {
        loop {
            let word = self.word();
            if word.tag() != pass.0.tag() {
                return Judged::Late;
            }
            let done: Option<Option<Change>> = match next(word.payload()) {
                Next::Counts(payload) => {
                    let same = word.payload() == payload;
                    (same || self.swap(word, word.with(payload))).then_some(None)
                }
                Next::Opens(why) => self.open(word, 0, why, now()).map(Some),
            };
            if let Some(change) = done {
                return Judged::Taken(change);
            }
        }
    }
}
