//! A breaker as one would write it down: lists of calls, and no thought of threads.

use std::collections::VecDeque;

use super::super::rules::{Failures, MILLION, Rules, Window};
use super::super::{Phase, Verdict, Why};

const MILLI: u64 = 1_000_000;

/// See the module.
pub(super) struct Naive {
    rules: Rules,
    state: State,
    /// Counts the states there were.
    generation: u64,
}

enum State {
    Closed(Closed),
    Open {
        until: u64,
        meant: u64,
        level: u32,
    },
    HalfOpen {
        level: u32,
        out: u64,
        passed: u64,
        leased_until: u64,
    },
    ForcedOpen,
    Disabled,
}

#[derive(Default)]
struct Closed {
    in_a_row: u64,
    cancelled: u64,
    /// Whether each failed, and was slow.
    last: VecDeque<(bool, bool)>,
    /// The same, and its slot of time.
    timed: Vec<(u64, bool, bool)>,
}

/// A call that runs.
#[derive(Clone, Copy)]
pub(super) struct Running {
    generation: u64,
    is_judged: bool,
}

#[derive(Debug, PartialEq)]
pub(super) enum Said {
    Taken(Option<(Phase, Why)>),
    Late,
}

impl Naive {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            state: State::Closed(Closed::default()),
            generation: 0,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        match self.state {
            State::Closed(_) => Phase::Closed,
            State::Open { .. } => Phase::Open,
            State::HalfOpen { .. } => Phase::HalfOpen,
            State::ForcedOpen => Phase::ForcedOpen,
            State::Disabled => Phase::Disabled,
        }
    }

    /// What runs, or after how long it is worth asking again; and what has changed.
    pub(super) fn admit(&mut self, now: u64) -> (Result<Running, u64>, Option<(Phase, Why)>) {
        let rules = self.rules;
        let running = |generation| Running {
            generation,
            is_judged: true,
        };
        match &mut self.state {
            State::Closed(_) => (Ok(running(self.generation)), None),
            State::Disabled => {
                let running = Running {
                    generation: self.generation,
                    is_judged: false,
                };
                (Ok(running), None)
            }
            State::ForcedOpen => (Err(u64::MAX), None),
            State::Open {
                until,
                meant,
                level,
            } => {
                if now >= *until {
                    let level = *level;
                    return self.probe(now, level, Why::TimeIsUp);
                }
                // Set back: open for as long again as it was meant to be, and no longer.
                if *until - now > *meant + MILLI {
                    *until = (now + *meant).div_ceil(MILLI) * MILLI;
                }
                (Err(*until - now), None)
            }
            State::HalfOpen {
                level,
                out,
                passed,
                leased_until,
            } => {
                let most = rules.probes.max(rules.successes);
                if *out < rules.probes && *out + *passed < most {
                    *out += 1;
                    *leased_until = (now + rules.lease).div_ceil(MILLI) * MILLI;
                    return (Ok(running(self.generation)), None);
                }
                if now >= *leased_until {
                    let level = *level;
                    return self.probe(now, level, Why::LeaseExpired);
                }
                if *leased_until - now > rules.lease + MILLI {
                    *leased_until = (now + rules.lease).div_ceil(MILLI) * MILLI;
                }
                (Err(u64::MAX), None)
            }
        }
    }

    fn probe(
        &mut self,
        now: u64,
        level: u32,
        why: Why,
    ) -> (Result<Running, u64>, Option<(Phase, Why)>) {
        self.enter(State::HalfOpen {
            level,
            out: 1,
            passed: 0,
            leased_until: (now + self.rules.lease).div_ceil(MILLI) * MILLI,
        });
        let running = Running {
            generation: self.generation,
            is_judged: true,
        };
        (Ok(running), Some((Phase::HalfOpen, why)))
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }

    /// `for_how_long` says for how long the machine is open now, which is by chance.
    pub(super) fn judge(
        &mut self,
        running: Running,
        verdict: Verdict,
        is_slow: bool,
        now: u64,
        for_how_long: impl FnOnce() -> u64,
    ) -> Said {
        if !running.is_judged {
            return Said::Taken(None);
        }
        if running.generation != self.generation {
            return Said::Late;
        }
        let rules = self.rules;
        let is_slow = is_slow && rules.slow_share.is_some();
        let opens = match &mut self.state {
            State::Closed(closed) => {
                let why = closed.ended(&rules, verdict, is_slow, now);
                why.map(|why| (0, why))
            }
            State::HalfOpen {
                level, out, passed, ..
            } => {
                *out -= 1;
                match verdict {
                    Verdict::Neutral | Verdict::Cancelled => None,
                    Verdict::Success if !is_slow => {
                        *passed += 1;
                        if *passed == rules.successes {
                            self.enter(State::Closed(Closed::default()));
                            return Said::Taken(Some((Phase::Closed, Why::ProbesSucceeded)));
                        }
                        None
                    }
                    _ => Some((*level + 1, Why::ProbeFailed)),
                }
            }
            _ => unreachable!("what runs is judged in the state it began in"),
        };
        let Some((level, why)) = opens else {
            return Said::Taken(None);
        };
        self.open(level, now, for_how_long());
        Said::Taken(Some((Phase::Open, why)))
    }

    /// Open until so many nanoseconds from now, give or take the rest of a millisecond.
    fn open(&mut self, level: u32, now: u64, left: u64) {
        let rules = self.rules;
        let doubled = u128::from(rules.reset) << level.min(40);
        let wanted = u64::try_from(doubled.min(u128::from(rules.max_reset))).unwrap();
        let meant = left / MILLI * MILLI;
        if level == 0 || rules.max_reset == rules.reset {
            assert!(left >= wanted && left < wanted + MILLI);
        } else {
            let tenth = wanted / 10;
            assert!(left >= wanted - tenth && left <= wanted + tenth + MILLI);
            assert!(left < rules.max_reset + MILLI);
        }
        self.enter(State::Open {
            until: now + left,
            meant,
            level,
        });
    }

    pub(super) fn put(&mut self, phase: Phase) {
        self.enter(match phase {
            Phase::Closed => State::Closed(Closed::default()),
            Phase::ForcedOpen => State::ForcedOpen,
            _ => State::Disabled,
        });
    }

    pub(super) fn trip(&mut self, now: u64, time: u64) {
        let meant = time.div_ceil(MILLI) * MILLI;
        self.enter(State::Open {
            until: (now + time).div_ceil(MILLI) * MILLI,
            meant,
            level: 0,
        });
    }

    /// The meant time of an open one, as the machine keeps it.
    pub(super) fn means(&mut self, of_the_machine: u64) {
        if let State::Open { meant, .. } = &mut self.state {
            assert!(meant.abs_diff(of_the_machine) <= MILLI);
            *meant = of_the_machine;
        }
    }

    /// Calls in the window, failures and slow ones.
    pub(super) fn sums(&self, now: u64) -> (u64, u64, u64) {
        let State::Closed(closed) = &self.state else {
            return (0, 0, 0);
        };
        let (calls, failures, slow) = closed.sums(&self.rules, now);
        match self.rules.failures {
            Failures::InARow(_) => (calls, closed.in_a_row, slow),
            Failures::Share(_) => (calls, failures, slow),
        }
    }
}

impl Closed {
    fn ended(&mut self, rules: &Rules, verdict: Verdict, is_slow: bool, now: u64) -> Option<Why> {
        match verdict {
            Verdict::Neutral => return None,
            Verdict::Cancelled => {
                let most = rules.cancelled?;
                self.cancelled += 1;
                return (self.cancelled >= most).then_some(Why::CancelledInARow);
            }
            Verdict::Success | Verdict::Failure => {}
        }
        let failure = verdict == Verdict::Failure;
        self.cancelled = 0;
        self.in_a_row = if failure { self.in_a_row + 1 } else { 0 };
        match rules.window {
            Window::None => {}
            Window::Calls(calls) => {
                self.last.push_back((failure, is_slow));
                if self.last.len() as u64 > calls {
                    self.last.pop_front();
                }
            }
            Window::Time(time) => {
                let slot = now / (time / 10).max(1);
                // Ten slots, each of one time.
                self.timed
                    .retain(|(other, ..)| *other == slot || *other % 10 != slot % 10);
                self.timed.push((slot, failure, is_slow));
            }
        }
        let (calls, failures, slow_ones) = self.sums(rules, now);
        let is_much = |share: u64, of: u64| {
            calls >= rules.min_calls && of * MILLION >= share * calls && of > 0
        };
        match rules.failures {
            Failures::InARow(most) if failure && self.in_a_row >= most => {
                return Some(Why::FailuresInARow);
            }
            Failures::Share(share) if failure && is_much(share, failures) => {
                return Some(Why::FailureRate);
            }
            _ => {}
        }
        let share = rules.slow_share?;
        (is_slow && is_much(share, slow_ones)).then_some(Why::SlowRate)
    }

    fn sums(&self, rules: &Rules, now: u64) -> (u64, u64, u64) {
        let calls: Vec<(bool, bool)> = match rules.window {
            Window::None => Vec::new(),
            Window::Calls(_) => self.last.iter().copied().collect(),
            Window::Time(time) => {
                let slot = now / (time / 10).max(1);
                let recent = slot.saturating_sub(9)..=slot;
                let timed = self.timed.iter();
                timed
                    .filter(|(slot, ..)| recent.contains(slot))
                    .map(|(_, failure, slow)| (*failure, *slow))
                    .collect()
            }
        };
        let count = |of: &dyn Fn(&(bool, bool)) -> bool| calls.iter().filter(|c| of(c)).count();
        (
            calls.len() as u64,
            count(&|(failure, _)| *failure) as u64,
            count(&|(_, slow)| *slow) as u64,
        )
    }
}
