//! Millions of events, each of them told to the machine and to a naive one, with a clock that leaps.

use super::naive::{Naive, Running, Said};
use super::time::MILLISECOND;
use super::*;

/// So many events with one set of rules.
const ROUND: u64 = 3_000;

#[test]
fn a_breaker_does_what_a_naive_one_does_wherever_the_clock_leaps() {
    let mut chance = Chance::seeded();
    let events = calls(2_000_000);
    let (mut opened, mut early) = (0, 0);
    for round in 0..events.div_ceil(ROUND) {
        let rules = any_rules(&mut chance);
        let mut world = World::new(rules, chance.next());
        for event in 0..ROUND.min(events) {
            world.step(&mut chance);
            world.compare(&format!("round {round}, event {event}, {rules:?}"));
        }
        opened += world.opened;
        early += world.early;
    }
    assert!(opened > events / 500, "it opens: {opened}");
    assert!(early > events / 500, "it rejects at a glance: {early}");
}

struct World {
    machine: Machine,
    naive: Naive,
    running: Vec<(Pass, Running)>,
    now: u64,
    opened: u64,
    early: u64,
}

impl World {
    fn new(rules: Rules, seed: u64) -> Self {
        Self {
            machine: Machine::seeded(rules, Phase::Closed, seed),
            naive: Naive::new(rules.possible()),
            running: Vec::new(),
            now: 1_000 * SECOND,
            opened: 0,
            early: 0,
        }
    }

    fn step(&mut self, chance: &mut Chance) {
        match chance.below(100) {
            0..45 if self.running.len() < 20 => self.admit(chance.below(99 * MILLISECOND)),
            0..85 => self.judge(chance),
            85..97 => self.now += chance.below(SECOND / 2),
            97 => self.leap(chance),
            98 if chance.one_in(8) => self.by_hand(chance),
            _ => self.now += chance.below(2_000),
        }
    }

    /// With a time that is so much behind, and by no more than the margin.
    fn admit(&mut self, behind: u64) {
        let now = self.now;
        let refused = self.machine.refused(now);
        let seen = now.saturating_sub(behind) / MILLISECOND;
        let until = self.machine.refused_until(seen, 100);
        let got = self.machine.admit(|| now);
        let (expected, change) = self.naive.admit(now);
        assert_eq!(
            got.change.map(|change| (change.to, change.why)),
            change,
            "admission at {now}"
        );
        assert!(!got.is_spared);
        match (got.pass, expected) {
            (Ok(pass), Ok(running)) => {
                assert_eq!((refused, until), (None, None));
                self.running.push((pass, running));
            }
            (Err(after), Err(expected)) => {
                assert_eq!(after, expected);
                assert!(refused.is_none_or(|refused| refused == after));
                assert!(until.is_none_or(|until| until - now == after));
                self.early += u64::from(until.is_some());
            }
            (got, expected) => panic!("{got:?}, but {:?}", expected.map(|_| "it runs")),
        }
    }

    fn judge(&mut self, chance: &mut Chance) {
        if self.running.is_empty() {
            return;
        }
        let at = usize::try_from(chance.below(self.running.len() as u64)).unwrap();
        let (pass, running) = self.running.swap_remove(at);
        let verdict = match chance.below(16) {
            0..7 => Verdict::Success,
            7..12 => Verdict::Failure,
            12..14 => Verdict::Neutral,
            _ => Verdict::Cancelled,
        };
        let is_slow = chance.one_in(4);
        let now = self.now;
        let got = self.machine.judge(pass, verdict, is_slow, || now);
        let left = || self.machine.view(now).next_probe.expect("it is open");
        let expected = self.naive.judge(running, verdict, is_slow, now, left);
        let got = match got {
            Judged::Taken(made) => Said::Taken(made.map(|made| (made.to, made.why))),
            Judged::Ignored => Said::Taken(None),
            Judged::Late => Said::Late,
        };
        assert_eq!(got, expected, "{verdict:?} at {now}");
        if matches!(got, Said::Taken(Some((Phase::Open, _)))) {
            self.opened += 1;
            self.tell_what_is_meant();
        }
    }

    /// What the jitter has made of the time, which the naive one cannot know.
    fn tell_what_is_meant(&mut self) {
        let generation = self.machine.word().generation();
        if let Some((_, millis)) = self.machine.opened.of(generation) {
            self.naive.means(millis * 1_000_000);
        }
    }

    fn leap(&mut self, chance: &mut Chance) {
        let far = [1_000, SECOND, 100 * SECOND, 100_000 * SECOND];
        let far = far[usize::try_from(chance.below(4)).unwrap()];
        let by = chance.below(far);
        self.now = if chance.one_in(2) {
            self.now.saturating_sub(by)
        } else {
            self.now + by
        };
    }

    fn by_hand(&mut self, chance: &mut Chance) {
        let phase = match chance.below(8) {
            0 => Phase::ForcedOpen,
            1 => Phase::Disabled,
            2 | 3 => {
                let time = 1 + chance.below(3 * SECOND);
                self.machine.trip(self.now, time);
                self.naive.trip(self.now, time);
                return;
            }
            _ => Phase::Closed,
        };
        self.machine.put(phase);
        self.naive.put(phase);
    }

    fn compare(&self, when: &str) {
        assert_eq!(self.machine.phase(), self.naive.phase(), "{when}");
        let view = self.machine.view(self.now);
        let expected = self.naive.sums(self.now);
        assert_eq!((view.calls, view.failures, view.slow), expected, "{when}");
    }
}

fn any_rules(chance: &mut Chance) -> Rules {
    let reset = 1 + chance.below(2 * SECOND);
    let window = match chance.below(3) {
        0 => Window::None,
        1 => Window::Calls(1 + chance.below(40)),
        _ => Window::Time(1_000 + chance.below(5 * SECOND)),
    };
    let shares = [1, MILLION / 10, MILLION / 3, MILLION / 2, MILLION];
    let mut share = || shares[usize::try_from(chance.below(5)).unwrap()];
    let (failure_share, slow_share) = (share(), share());
    let has_window = window != Window::None;
    Rules {
        failures: if has_window && !chance.one_in(3) {
            Failures::Share(failure_share)
        } else {
            Failures::InARow(1 + chance.below(6))
        },
        window,
        min_calls: 1 + chance.below(12),
        slow_share: (has_window && chance.one_in(2)).then_some(slow_share),
        cancelled: (!chance.one_in(3)).then_some(1 + chance.below(6)),
        reset,
        max_reset: reset * (1 + chance.below(9)),
        probes: 1 + chance.below(4),
        successes: 1 + chance.below(4),
        lease: 1 + chance.below(2 * SECOND),
    }
}
